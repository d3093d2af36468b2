package twin_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/sensor"
	"github.com/twinrig/twinrig/twin/twintest"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/onewire"
	"tinygo.org/x/drivers/bme280"
	"tinygo.org/x/drivers/ds18b20"
	"tinygo.org/x/drivers/sht3x"
	"tinygo.org/x/drivers/tmp102"
)

// The drivers of TinyGo run here as they are: what the models answer must be what the chips answer.

// onI2C runs firmware with a driver on the bus i2c0 of a device.
func onI2C(t *testing.T, sensors []twin.SensorSpec, firmware func(hw *twin.Hardware, bus i2c.Bus) error, test func(b *twintest.Bench)) {
	t.Helper()
	cfg := twin.Config{Sensors: sensors, Firmware: func(hw *twin.Hardware) error {
		bus, err := hw.I2C("i2c0")
		if err != nil {
			return err
		}
		return firmware(hw, bus)
	}}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		test(b)
	})
}

func weather(address uint64) []twin.SensorSpec {
	mount := func(measures string) *sensor.Mount {
		return &sensor.Mount{Part: "bme280", Bus: "i2c0", Address: address, Measures: measures}
	}
	return []twin.SensorSpec{
		{Name: "temperature", Unit: "°C", Mount: mount("temperature")},
		{Name: "humidity", Unit: "%", Initial: 50, Mount: mount("humidity")},
		{Name: "pressure", Unit: "hPa", Initial: 1013.25, Mount: mount("pressure")},
	}
}

func TestBME280Driver(t *testing.T) {
	for _, mode := range []bme280.Mode{bme280.ModeForced, bme280.ModeNormal} {
		var celsius, percent, hectopascal float64
		firmware := func(hw *twin.Hardware, bus i2c.Bus) error {
			d := bme280.New(bus)
			require.True(t, d.Connected())
			d.ConfigureWithSettings(bme280.Config{Mode: mode, Period: bme280.Period10ms, Temperature: bme280.Sampling16X, Humidity: bme280.Sampling1X, Pressure: bme280.Sampling16X})
			for hw.Sleep(500*time.Millisecond) == nil {
				milli, err := d.ReadTemperature()
				require.NoError(t, err)
				hundredths, err := d.ReadHumidity()
				require.NoError(t, err)
				millipascal, err := d.ReadPressure()
				require.NoError(t, err)
				celsius, percent, hectopascal = float64(milli)/1000, float64(hundredths)/100, float64(millipascal)/1e5
			}
			return nil
		}
		onI2C(t, weather(0x76), firmware, func(b *twintest.Bench) {
			for _, want := range [][3]float64{{21.5, 40, 1013.25}, {-40, 0, 300}, {85, 100, 1100}, {0, 55.5, 987.65}, {-12.34, 80, 1050}, {36.6, 12.5, 890}} {
				b.Sense("temperature", want[0])
				b.Sense("humidity", want[1])
				b.Sense("pressure", want[2])
				b.Wait(2 * time.Second)
				require.InDelta(t, want[0], celsius, 0.01)
				require.InDelta(t, want[1], percent, 0.02)
				require.InDelta(t, want[2], hectopascal, 0.011)
			}
		})
	}
}

func TestTMP102Driver(t *testing.T) {
	var celsius float64
	firmware := func(hw *twin.Hardware, bus i2c.Bus) error {
		d := tmp102.New(bus)
		d.Configure(tmp102.Config{Address: 0x49})
		require.True(t, d.Connected())
		for hw.Sleep(500*time.Millisecond) == nil {
			milli, err := d.ReadTemperature()
			require.NoError(t, err)
			celsius = float64(milli) / 1000
		}
		return nil
	}
	sensors := []twin.SensorSpec{{Name: "board", Unit: "°C", Mount: &sensor.Mount{Part: "tmp102", Bus: "i2c0", Address: 0x49}}}
	onI2C(t, sensors, firmware, func(b *twintest.Bench) {
		for _, want := range []float64{0, 25, -0.0625, -40, 127.9375, 21.53} {
			b.Sense("board", want)
			b.Wait(2 * time.Second)
			require.InDelta(t, want, celsius, 0.0625/2+0.001)
		}
	})
}

func TestSHT3xDriver(t *testing.T) {
	var celsius, percent float64
	firmware := func(hw *twin.Hardware, bus i2c.Bus) error {
		d := sht3x.New(bus)
		d.Address = sht3x.AddressB
		for hw.Sleep(500*time.Millisecond) == nil {
			milli, hundredths, err := d.ReadTemperatureHumidity()
			if err != nil {
				return err
			}
			celsius, percent = float64(milli)/1000, float64(hundredths)/100
		}
		return nil
	}
	mount := func(measures string) *sensor.Mount {
		return &sensor.Mount{Part: "sht3x", Bus: "i2c0", Address: 0x45, Measures: measures}
	}
	sensors := []twin.SensorSpec{{Name: "t", Unit: "°C", Mount: mount("temperature")}, {Name: "h", Unit: "%", Mount: mount("humidity")}}
	onI2C(t, sensors, firmware, func(b *twintest.Bench) {
		// The driver multiplies 35000 by the raw value in 32 bits, which overflows above 118.8 °C.
		for _, want := range [][2]float64{{0, 0}, {21.5, 40}, {-45, 100}, {100, 99}, {60.25, 3.5}} {
			b.Sense("t", want[0])
			b.Sense("h", want[1])
			b.Wait(2 * time.Second)
			require.InDelta(t, want[0], celsius, 0.0041) // half a step and the driver's own rounding
			require.InDelta(t, want[1], percent, 0.0116)
		}
	})
}

// masterOf gives the DS18B20 driver the bus functions it asks for, over a periph bus.
type masterOf struct {
	bus     onewire.Bus
	written []byte
	read    []byte
}

func (m *masterOf) Select(rom []uint8) error {
	m.written, m.read = append([]byte{0x55}, rom...), nil
	return nil
}

func (m *masterOf) Write(b uint8) {
	m.written = append(m.written, b)
	if b == ds18b20.CONVERT_TEMPERATURE && len(m.written) == 10 {
		m.bus.Tx(m.written, nil, onewire.WeakPullup)
	}
}

func (m *masterOf) Read() uint8 {
	if m.read == nil {
		m.read = make([]byte, 9)
		m.bus.Tx(m.written, m.read, onewire.WeakPullup)
	}
	b := m.read[0]
	m.read = m.read[1:]
	return b
}

func (m *masterOf) Сrc8(b []uint8) uint8 {
	if onewire.CheckCRC(b) {
		return 0
	}
	return 1
}

func TestDS18B20Driver(t *testing.T) {
	var celsius []float64
	sensors := []twin.SensorSpec{
		{Name: "inside", Unit: "°C", Initial: 20, Mount: &sensor.Mount{Part: "ds18b20", Bus: "w1", Address: 7}},
		{Name: "outside", Unit: "°C", Initial: -10.125, Mount: &sensor.Mount{Part: "ds18b20", Bus: "w1", Address: 0x123456789ABC}},
	}
	firmware := func(hw *twin.Hardware) error {
		bus, err := hw.OneWire("w1")
		if err != nil {
			return err
		}
		found, err := bus.Search(false)
		if err != nil {
			return err
		}
		for _, address := range found {
			rom := binary.LittleEndian.AppendUint64(nil, uint64(address))
			d := ds18b20.New(&masterOf{bus: bus})
			for _, wait := range []time.Duration{749 * time.Millisecond, 750 * time.Millisecond} {
				d.RequestTemperature(rom)
				if err := hw.Sleep(wait); err != nil {
					return err
				}
				milli, err := d.ReadTemperature(rom)
				if err != nil {
					return err
				}
				celsius = append(celsius, float64(milli)/1000)
				if err := hw.Sleep(time.Second); err != nil {
					return err
				}
			}
		}
		return nil
	}
	twintest.Run(t, twin.Config{Sensors: sensors, Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Minute)
		// The search takes zeros first. A millisecond too early, a chip shows the value of power-on.
		require.Equal(t, []float64{85, -10.125, 85, 20}, celsius)
		require.Empty(t, b.Of(twintest.Is(trace.Fault)))
	})
}
