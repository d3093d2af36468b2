package twin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/sensor"
	"github.com/twinrig/twinrig/twin/twintest"
	"periph.io/x/conn/v3/i2c"
	"tinygo.org/x/drivers/bme280"
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
