package scenarios_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"tinygo.org/x/drivers/bme280"

	"github.com/twinrig/twinrig/scenarios"
	"github.com/twinrig/twinrig/twin"
)

// A CSV file drives a BME280, and the driver of TinyGo, as it is, reads at every instant what the file has
// there, to the step of the data sheet: 0.01 °C; 0.008 %, of which the driver cuts off 0.01; and pressure to 2 Pa,
// of which the driver cuts off 1 and rounds the temperature by which it compensates.
func TestDriverReadsARecording(t *testing.T) {
	const conversion = 68 * time.Millisecond // section 9.1 of the data sheet, with these settings
	var worst [3]float64
	reads := 0
	firmware := func(hw *twin.Hardware) error {
		bus, err := hw.I2C("i2c0")
		if err != nil {
			return err
		}
		d := bme280.New(bus)
		d.ConfigureWithSettings(bme280.Config{Mode: bme280.ModeForced, Temperature: bme280.Sampling16X, Humidity: bme280.Sampling1X, Pressure: bme280.Sampling16X})
		for {
			for i, read := range []func() (int32, error){d.ReadTemperature, d.ReadHumidity, d.ReadPressure} {
				at := time.Since(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) + conversion
				value, err := read()
				if err != nil {
					return err
				}
				if i == 0 {
					fmt.Fprintf(hw.Console(), "T %.3f\n", float64(value)/1000)
				}
				if at < time.Hour { // then the scenario goes on
					reads++
					worst[i] = max(worst[i], math.Abs(float64(value)/[]float64{1000, 100, 1e5}[i]-sensed(at)[i]))
				}
			}
			if err := hw.Sleep(time.Second); err != nil {
				return err
			}
		}
	}
	scenarios.Run(t, "testdata/sensors/driver.yaml", scenarios.Firmware("driver", firmware))
	require.Greater(t, reads, 8000)
	require.LessOrEqual(t, worst[0], 0.01, "°C")
	require.LessOrEqual(t, worst[1], 0.008+0.01, "%")
	require.LessOrEqual(t, worst[2], 0.02, "hPa")
}

// sensed is what testdata/sensors/driver.yaml has at a time: °C, %, hPa.
func sensed(at time.Duration) [3]float64 {
	share := at.Seconds() / time.Hour.Seconds()
	return [3]float64{recorded(at), 20 + 60*share, 1000 - 50*math.Cos(2*math.Pi*3*share)}
}

// recorded is what testdata/sensors/office.csv has at a time.
func recorded(at time.Duration) float64 {
	points := []struct {
		at    time.Duration
		value float64
	}{{0, 20}, {10 * time.Minute, 24.37}, {25 * time.Minute, -3.5}, {40 * time.Minute, 60}, {time.Hour, 20}}
	for i := 1; i < len(points); i++ {
		if a, b := points[i-1], points[i]; at < b.at {
			return a.value + (b.value-a.value)*float64(at-a.at)/float64(b.at-a.at)
		}
	}
	return points[len(points)-1].value
}

// The five parts of the station, with everything that sense can do, are the same byte for byte.
func TestStationIsRepeatable(t *testing.T) {
	run := func(seed uint64) []byte {
		var trace bytes.Buffer
		for _, name := range []string{"sense", "environment"} {
			scenarios.Run(t, "../docs/examples/language/"+name+".yaml", scenarios.Seed(seed), scenarios.Trace(&trace))
		}
		return trace.Bytes()
	}
	first := run(1)
	require.Equal(t, first, run(1))
	require.NotEqual(t, first, run(2))
}
