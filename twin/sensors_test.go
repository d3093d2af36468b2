package twin_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/sensor"
	"github.com/twinrig/twinrig/twin/twintest"
)

// reading is what firmware got of a sensor, and when.
type reading struct {
	at    time.Duration
	value float64
	err   error
}

// reader reads a sensor once a second.
func reader(name string, got *[]reading) twin.Firmware {
	return func(hw *twin.Hardware) error {
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for {
			v, err := hw.Sensor(name)
			if hw.Context().Err() != nil {
				return nil
			}
			*got = append(*got, reading{time.Since(start), v, err})
			if err := hw.Sleep(time.Second); err != nil {
				return err
			}
		}
	}
}

func values(got []reading) []float64 {
	var all []float64
	for _, r := range got {
		all = append(all, r.value)
	}
	return all
}

func TestSignalsAreReadWhenTheyAreAsked(t *testing.T) {
	var got []reading
	cfg := twin.Config{Name: "d", Firmware: reader("x", &got), Sensors: []twin.SensorSpec{{Name: "x", Unit: "V", Max: 10}}}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(500 * time.Millisecond)
		b.Do(func(d *twin.Twin) {
			require.NoError(t, d.SenseSignal("x", sensor.Ramp{From: 0, To: 4, Over: 4 * time.Second}))
		})
		b.Wait(3 * time.Second)
		require.Len(t, got, 4) // at 0.1, 1.1, 2.1 and 3.1 s, of a ramp from 0.5 s on
		require.InDeltaSlice(t, []float64{0, 0.6, 1.6, 2.6}, values(got), 1e-9)
		var told []reading
		for _, e := range b.Of(twintest.Is(trace.Sensor)) {
			told = append(told, reading{at: e.At, value: e.Value})
		}
		require.Equal(t, []reading{{at: 500 * time.Millisecond}, {at: 1500 * time.Millisecond, value: 1}, {at: 2500 * time.Millisecond, value: 2}, {at: 3500 * time.Millisecond, value: 3}}, told)
		// Another value ends the signal and what it would have told.
		b.Sense("x", 7)
		b.Wait(10 * time.Second)
		require.Len(t, b.Of(twintest.Is(trace.Sensor)), 5)
		v, err := b.Twin.Sensed("x")
		require.NoError(t, err)
		require.InDelta(t, 7, v, 0)
		// So does another signal; one that does not change tells of itself once.
		for range 2 {
			b.Do(func(d *twin.Twin) {
				require.NoError(t, d.SenseSignal("x", sensor.Ramp{From: 0, To: 4, Over: 4 * time.Second}))
			})
		}
		b.Wait(10 * time.Second)
		require.Len(t, b.Of(twintest.Is(trace.Sensor)), 5+1+1+4)
		b.Do(func(d *twin.Twin) {
			require.NoError(t, d.SenseSignal("x", sensor.Ramp{From: 4, To: 4, Over: 4 * time.Second}))
		})
		b.Wait(10 * time.Second)
		require.Len(t, b.Of(twintest.Is(trace.Sensor)), 5+1+1+4+1)
	})
}

func TestSignalsStayInTheRange(t *testing.T) {
	var got []reading
	cfg := twin.Config{Firmware: reader("x", &got), Sensors: []twin.SensorSpec{{Name: "x", Unit: "V", Min: -1, Max: 2}}}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.Do(func(d *twin.Twin) {
			require.ErrorContains(t, d.SenseSignal("x", sensor.Ramp{From: 3, To: 0, Over: time.Second}), "cannot be 3 V")
			require.ErrorContains(t, d.SenseSignal("y", sensor.Constant(1)), `no sensor "y"`)
			require.ErrorContains(t, d.SenseNoise("x", -1), "noise of -1")
			require.ErrorContains(t, d.SenseNoise("x", math.NaN()), "noise of NaN")
			require.NoError(t, d.SenseSignal("x", sensor.Ramp{From: 0, To: 9, Over: 3 * time.Second}))
		})
		b.Wait(10 * time.Second)
		v, err := b.Twin.Sensed("x")
		require.NoError(t, err)
		require.InDelta(t, 2, v, 0)
	})
}

// Noise depends on seed, sensor and instant, not on how often anything is read.
func TestNoise(t *testing.T) {
	run := func(s seed.Seed, name string, deviation float64) []float64 {
		var got []reading
		cfg := twin.Config{Name: "d", Seed: s, Firmware: reader(name, &got), Sensors: []twin.SensorSpec{{Name: "a", Unit: "V", Noise: deviation}, {Name: "b", Unit: "V"}}}
		twintest.Run(t, cfg, func(b *twintest.Bench) {
			b.PowerOn()
			b.Do(func(d *twin.Twin) { require.NoError(t, d.SenseNoise("b", deviation)) })
			b.Wait(1000 * time.Second)
		})
		return values(got)
	}
	a := run(1, "a", 0.5)
	require.Equal(t, a, run(1, "a", 0.5))
	require.NotEqual(t, a, run(2, "a", 0.5))
	require.NotEqual(t, a, run(1, "b", 0.5))
	require.InDeltaSlice(t, make([]float64, 1000), run(1, "a", 0), 0)
	var sum, squares float64
	for _, v := range a {
		sum += v
		squares += v * v
	}
	require.InDelta(t, 0, sum/1000, 0.05)
	require.InDelta(t, 0.5, math.Sqrt(squares/1000), 0.03)
}

func TestSensorFaults(t *testing.T) {
	var got []reading
	cfg := twin.Config{Name: "d", Firmware: reader("x", &got), Sensors: []twin.SensorSpec{{Name: "x", Unit: "V", Min: -5, Max: 5, Initial: 1}}}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		fault := func(f twin.SensorFault) {
			b.Do(func(d *twin.Twin) { require.NoError(t, d.SenseFault("x", f)) })
		}
		last := func() reading { b.Wait(time.Second); return got[len(got)-1] }
		require.InDelta(t, 1, last().value, 0)
		fault(twin.SensorStuck)
		b.Sense("x", 2)
		require.InDelta(t, 1, last().value, 0)
		require.Equal(t, 1, b.Twin.SenseFaultReads("x"))
		require.InDelta(t, 1, last().value, 0)
		require.Equal(t, 2, b.Twin.SenseFaultReads("x"))
		fault(twin.SensorWorks)
		require.Equal(t, 0, b.Twin.SenseFaultReads("x"))
		require.InDelta(t, 2, last().value, 0)
		fault(twin.SensorSilent)
		require.ErrorIs(t, last().err, twin.ErrNoAnswer)
		fault(twin.SensorNaN)
		require.True(t, math.IsNaN(last().value))
		fault(twin.SensorHigh)
		require.InDelta(t, 5, last().value, 0)
		fault(twin.SensorLow)
		require.InDelta(t, -5, last().value, 0)
		b.Do(func(d *twin.Twin) {
			require.NoError(t, d.SenseStuck("x", true))
			require.NoError(t, d.SenseDropout("x", false))
		})
		require.InDelta(t, 2, last().value, 0)
		var texts []string
		for _, e := range b.Of(twintest.Is(trace.Sensor)) {
			texts = append(texts, e.Text)
		}
		require.Equal(t, []string{"stuck", "", "ok", "dropout", "nan", "high", "low", "stuck", "ok"}, texts)
	})
}

func TestSensorWithAPart(t *testing.T) {
	var got []reading
	mount := &sensor.Mount{Part: "tmp102", Bus: "i2c0", Address: 0x48}
	cfg := twin.Config{Firmware: reader("x", &got), Sensors: []twin.SensorSpec{{Name: "x", Unit: "°C", Initial: 20.03, Mount: mount}}}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		b.Do(func(d *twin.Twin) { require.NoError(t, d.SenseFault("x", twin.SensorHigh)) })
		b.Wait(time.Second)
	})
	require.InDeltaSlice(t, []float64{20, 150}, values(got), 0)
}

// A dropout of one quantity silences the chip.
func TestSensorOnASilentChip(t *testing.T) {
	var got []reading
	cfg := twin.Config{Firmware: reader("humidity", &got), Sensors: everyBus()}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		b.Do(func(d *twin.Twin) { require.NoError(t, d.SenseDropout("air", true)) })
		b.Wait(time.Second)
		require.NoError(t, got[0].err)
		require.ErrorIs(t, got[1].err, twin.ErrNoAnswer)
		require.Equal(t, 1, b.Twin.SenseFaultReads("air"))
	})
}

func TestFaultyMounts(t *testing.T) {
	at := func(part, bus string, address uint64, measures string) *sensor.Mount {
		return &sensor.Mount{Part: part, Bus: bus, Address: address, Measures: measures}
	}
	for want, mounts := range map[string][]*sensor.Mount{
		`no part "x"`:                          {at("x", "b", 0, "")},
		"cannot have the address 0x75":         {at("bme280", "b", 0x75, "")},
		"needs a bus":                          {at("bme280", "", 0x76, "")},
		`measures temperature for "a" already`: {at("bme280", "b", 0x76, ""), at("bme280", "b", 0x76, "temperature")},
		"b is both I²C and SPI":                {at("bme280", "b", 0x76, ""), at("mcp3008", "b", 0, "")},
	} {
		cfg := twin.Config{Name: "d", Firmware: idle, Emit: func(trace.Event) {}, Source: vtime.NewLoop(nil).Source()}
		for i, m := range mounts {
			cfg.Sensors = append(cfg.Sensors, twin.SensorSpec{Name: string(rune('a' + i)), Mount: m})
		}
		_, err := twin.New(cfg)
		require.ErrorContains(t, err, want)
	}
}
