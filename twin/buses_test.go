package twin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/sensor"
	"github.com/twinrig/twinrig/twin/twintest"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/onewire"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// everyBus is a device with a chip or two on each kind of bus.
func everyBus() []twin.SensorSpec {
	on := func(name, part, bus string, address uint64, measures string) twin.SensorSpec {
		return twin.SensorSpec{Name: name, Mount: &sensor.Mount{Part: part, Bus: bus, Address: address, Measures: measures}}
	}
	return []twin.SensorSpec{
		on("air", "sht3x", "i2c0", 0x44, "temperature"), on("humidity", "sht3x", "i2c0", 0x44, "humidity"), on("board", "tmp102", "i2c0", 0x48, ""),
		on("inside", "ds18b20", "w1", 1, ""), on("outside", "ds18b20", "w1", 2, ""),
		on("light", "mcp3008", "spi0", 0, "ch0"), on("tank", "mcp3008", "spi0", 1, "ch2"),
	}
}

func TestBusesHaveTheChipsOfTheKind(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		_, err := hw.I2C("i2c1")
		require.ErrorContains(t, err, `no I²C bus "i2c1", only ["i2c0"]`)
		_, err = hw.OneWire("i2c0")
		require.ErrorContains(t, err, `no 1-Wire bus`)
		_, err = hw.SPI("spi0.x")
		require.ErrorContains(t, err, "no chip select")
		bus, err := hw.I2C("i2c0")
		require.NoError(t, err)
		require.Equal(t, "i2c0", bus.String())
		require.NoError(t, bus.SetSpeed(400*physic.KiloHertz))
		require.Error(t, bus.SetSpeed(0))
		require.ErrorIs(t, bus.Tx(0x77, []byte{0}, nil), sensor.ErrNACK)
		require.NoError(t, bus.Tx(0x48, []byte{0}, nil))
		wire, err := hw.OneWire("w1")
		require.NoError(t, err)
		found, err := wire.Search(false)
		require.NoError(t, err)
		require.Len(t, found, 2)
		alarmed, err := wire.Search(true)
		require.NoError(t, err)
		require.Empty(t, alarmed)
		_, err = wire.(onewire.BusSearcher).SearchTriplet(2)
		require.Error(t, err)
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Sensors: everyBus()}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		require.Empty(t, b.Console())
	})
}

func TestOneWireAlarmSearch(t *testing.T) {
	var alarmed []onewire.Address
	firmware := func(hw *twin.Hardware) error {
		wire, err := hw.OneWire("w1")
		if err != nil {
			return err
		}
		if err := wire.Tx([]byte{0xCC, 0x44}, nil, onewire.StrongPullup); err != nil {
			return err
		}
		if err := hw.Sleep(time.Second); err != nil {
			return err
		}
		alarmed, err = wire.Search(true)
		return err
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Sensors: everyBus()}, func(b *twintest.Bench) {
		b.Sense("inside", 72)
		b.Sense("outside", 90)
		b.PowerOn()
		b.Wait(2 * time.Second)
		require.Len(t, alarmed, 1)
		require.Equal(t, uint64(2), uint64(alarmed[0])>>8&0xFFFFFFFFFFFF)
	})
}

func TestBusesEndWithTheBoot(t *testing.T) {
	for _, test := range []struct {
		end  func(*twintest.Bench)
		want error
	}{{(*twintest.Bench).Cut, twin.ErrPowerLost}, {(*twintest.Bench).Reset, twin.ErrReset}} {
		var errs []error
		firmware := func(hw *twin.Hardware) error {
			if hw.ResetCause() == twin.CausePin {
				return idle(hw)
			}
			bus, err := hw.I2C("i2c0")
			require.NoError(t, err)
			wire, err := hw.OneWire("w1")
			require.NoError(t, err)
			port, err := hw.SPI("spi0")
			require.NoError(t, err)
			adc, err := port.Connect(0, spi.Mode0, 8)
			require.NoError(t, err)
			<-hw.Context().Done()
			_, search := wire.Search(false)
			_, connect := port.Connect(0, spi.Mode0, 8)
			_, again := hw.I2C("i2c0")
			errs = append(errs, bus.Tx(0x48, []byte{0}, nil), bus.SetSpeed(1), wire.Tx([]byte{0xCC}, nil, onewire.WeakPullup), search, connect, adc.Tx([]byte{1}, nil), again)
			return nil
		}
		twintest.Run(t, twin.Config{Firmware: firmware, Sensors: everyBus()}, func(b *twintest.Bench) {
			b.PowerOn()
			b.Wait(time.Second)
			test.end(b)
			b.Wait(time.Second)
			require.Len(t, errs, 7)
			for _, err := range errs {
				require.Equal(t, test.want, err)
			}
		})
	}
}

// A chip that stretches the clock holds the call as long as its conversion takes, or until the boot ends.
func TestClockStretching(t *testing.T) {
	var took []time.Duration
	var last error
	firmware := func(hw *twin.Hardware) error {
		bus, err := hw.I2C("i2c0")
		if err != nil {
			return err
		}
		for {
			began := time.Now()
			var raw [6]byte
			last = bus.Tx(0x44, []byte{0x2C, 0x06}, raw[:])
			took = append(took, time.Since(began))
			if last != nil {
				return last
			}
			if err := hw.Sleep(time.Second); err != nil {
				return err
			}
		}
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Sensors: everyBus()}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(twin.BootTime + time.Second + 15*time.Millisecond) // 2.5 ms into the second one
		b.Cut()
		b.Wait(time.Second)
		require.Equal(t, []time.Duration{12500 * time.Microsecond, 2500 * time.Microsecond}, took)
		require.Equal(t, twin.ErrPowerLost, last)
	})
}

func TestChipsKeepTheirRegistersOverAReset(t *testing.T) {
	var limits []int
	firmware := func(hw *twin.Hardware) error {
		bus, err := hw.I2C("i2c0")
		if err != nil {
			return err
		}
		d := i2c.Dev{Bus: bus, Addr: 0x48}
		var high [2]byte
		if err := d.Tx([]byte{3}, high[:]); err != nil {
			return err
		}
		limits = append(limits, int(high[0]))
		if err := d.Tx([]byte{3, 0x30, 0}, nil); err != nil {
			return err
		}
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Sensors: everyBus()}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		b.Reset()
		b.Wait(time.Second)
		b.Cut()
		b.Wait(time.Second)
		b.PowerOn()
		b.Wait(time.Second)
		require.Equal(t, []int{0x50, 0x30, 0x50}, limits)
	})
}

// What was measured before a change of the environment stays so, however late it is read.
func TestConversionsBelongToTheirTime(t *testing.T) {
	var celsius []float64
	firmware := func(hw *twin.Hardware) error {
		bus, err := hw.I2C("i2c0")
		if err != nil {
			return err
		}
		d := i2c.Dev{Bus: bus, Addr: 0x48}
		if err := d.Tx([]byte{1, 0x60, 0x20}, nil); err != nil { // a conversion every four seconds
			return err
		}
		for {
			var raw [2]byte
			if err := d.Tx([]byte{0}, raw[:]); err != nil {
				return err
			}
			celsius = append(celsius, float64(int16(uint16(raw[0])<<8|uint16(raw[1]))>>4)/16)
			if err := hw.Sleep(2 * time.Second); err != nil {
				return err
			}
		}
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Sensors: everyBus()}, func(b *twintest.Bench) {
		b.Sense("board", 10)
		b.PowerOn()
		b.Wait(time.Second)
		b.Sense("board", 20)
		b.Wait(6 * time.Second)
		// Conversions end 26 ms after the boot and then every four seconds; the reads are at 0, 2, 4 and 6 s.
		require.Equal(t, []float64{10, 10, 10, 20}, celsius)
	})
}

func TestDropoutsOnBuses(t *testing.T) {
	var errs []error
	var raw [3]byte
	var once func() error
	firmware := func(hw *twin.Hardware) error {
		bus, err := hw.I2C("i2c0")
		require.NoError(t, err)
		wire, err := hw.OneWire("w1")
		require.NoError(t, err)
		port, err := hw.SPI("spi0.1")
		require.NoError(t, err)
		require.Equal(t, "spi0.1", port.String())
		adc, err := port.Connect(physic.MegaHertz, spi.Mode3, 8)
		require.NoError(t, err)
		once = func() error {
			raw = [3]byte{9, 9, 9}
			errs = []error{bus.Tx(0x44, []byte{0xF3, 0x2D}, nil), bus.Tx(0x48, []byte{0}, nil), wire.Tx([]byte{0xCC}, nil, onewire.WeakPullup), adc.Tx([]byte{1, 0xA0, 0}, raw[:])}
			return nil
		}
		for hw.Sleep(time.Second) == nil {
			once()
		}
		return nil
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Sensors: everyBus()}, func(b *twintest.Bench) {
		dropout := func(on bool, names ...string) {
			b.Do(func(d *twin.Twin) {
				for _, name := range names {
					require.NoError(t, d.SenseDropout(name, on))
				}
			})
			b.Wait(time.Second)
		}
		b.Sense("tank", 1.65)
		b.PowerOn()
		b.Wait(1500 * time.Millisecond)
		require.Equal(t, []error{nil, nil, nil, nil}, errs)
		require.Equal(t, [3]byte{0, 2, 0}, raw)
		dropout(true, "humidity", "inside", "tank")
		require.ErrorIs(t, errs[0], sensor.ErrNACK, "the whole chip is silent")
		require.NoError(t, errs[1])
		require.NoError(t, errs[2], "another chip on the wire answers")
		require.Equal(t, [3]byte{}, raw)
		require.Equal(t, 1, b.Twin.SenseFaultReads("humidity"))
		dropout(true, "outside")
		var none onewire.NoDevicesError
		require.True(t, errors.As(errs[2], &none) && none.NoDevices())
		dropout(false, "humidity", "inside", "outside", "tank")
		require.Equal(t, []error{nil, nil, nil, nil}, errs)
	})
}

func TestSPIConnections(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		port, err := hw.SPI("spi0")
		require.NoError(t, err)
		for want, connect := range map[string]func() (spi.Conn, error){
			"does not talk in mode 1": func() (spi.Conn, error) { return port.Connect(0, spi.Mode1, 8) },
			"9 bits":                  func() (spi.Conn, error) { return port.Connect(0, spi.Mode0, 9) },
			"HalfDuplex":              func() (spi.Conn, error) { return port.Connect(0, spi.HalfDuplex, 8) },
			"a speed of":              func() (spi.Conn, error) { return port.Connect(-1, spi.Mode0, 8) },
		} {
			_, err := connect()
			require.ErrorContains(t, err, want)
		}
		c, err := port.Connect(physic.MegaHertz, spi.Mode0, 8)
		require.NoError(t, err)
		require.ErrorContains(t, c.Tx([]byte{1, 2}, make([]byte, 1)), "as many go both ways")
		require.ErrorContains(t, c.TxPackets([]spi.Packet{{BitsPerWord: 9}}), "9 bits")
		// One conversation in three packets.
		var high, low [1]byte
		require.NoError(t, c.TxPackets([]spi.Packet{{W: []byte{1}, KeepCS: true}, {W: []byte{0x80}, R: high[:], KeepCS: true}, {R: low[:]}}))
		require.Equal(t, 515, int(high[0]&3)<<8|int(low[0]))
		// The chip select ends a conversation.
		require.NoError(t, c.TxPackets([]spi.Packet{{W: []byte{1}}, {W: []byte{0x80}, R: high[:]}, {R: low[:]}}))
		require.Zero(t, low[0])
		nobody, err := hw.SPI("spi0.7")
		require.NoError(t, err)
		c, err = nobody.Connect(0, spi.Mode0, 8)
		require.NoError(t, err)
		require.NoError(t, c.Tx([]byte{1}, high[:]))
		require.Zero(t, high[0])
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Sensors: everyBus()}, func(b *twintest.Bench) {
		b.Sense("light", 1.66)
		b.PowerOn()
		b.Wait(time.Second)
		require.Empty(t, b.Console())
	})
}
