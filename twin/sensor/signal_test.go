package sensor

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSignals(t *testing.T) {
	points := []Sample{{0, 20}, {time.Hour, 22}, {2 * time.Hour, 18}}
	late := []Sample{{time.Minute, 5}}
	for _, test := range []struct {
		name   string
		signal Signal
		want   map[time.Duration]float64
	}{
		{"constant", Constant(3), map[time.Duration]float64{0: 3, time.Hour: 3}},
		{"ramp", Ramp{20, 35, 10 * time.Minute}, map[time.Duration]float64{0: 20, 2 * time.Minute: 23, 10 * time.Minute: 35, time.Hour: 35}},
		{"ramp down", Ramp{1, -1, time.Second}, map[time.Duration]float64{0: 1, 500 * time.Millisecond: 0, time.Second: -1}},
		{"sine", Wave{Low: 18, High: 22, Period: time.Hour}, map[time.Duration]float64{0: 18, 15 * time.Minute: 20, 30 * time.Minute: 22, 45 * time.Minute: 20, time.Hour: 18, 90 * time.Minute: 22}},
		{"square", Wave{0, 1, time.Hour, Square}, map[time.Duration]float64{0: 0, 30*time.Minute - 1: 0, 30 * time.Minute: 1, time.Hour - 1: 1, time.Hour: 0}},
		{"triangle", Wave{0, 1, time.Hour, Triangle}, map[time.Duration]float64{0: 0, 15 * time.Minute: 0.5, 30 * time.Minute: 1, 45 * time.Minute: 0.5, time.Hour: 0}},
		{"samples", Samples{Points: points}, map[time.Duration]float64{0: 20, 30 * time.Minute: 21, time.Hour: 22, 90 * time.Minute: 20, 5 * time.Hour: 18}},
		{"steps", Samples{Points: points, Steps: true}, map[time.Duration]float64{0: 20, time.Hour - 1: 20, time.Hour: 22, 2 * time.Hour: 18}},
		{"again", Samples{Points: points, Repeat: true}, map[time.Duration]float64{2*time.Hour - 1: 18, 2 * time.Hour: 20, 150 * time.Minute: 21, 4 * time.Hour: 20}},
		{"late", Samples{Points: late}, map[time.Duration]float64{0: 5, time.Hour: 5}},
		{"shifted", Shifted{Constant(20), -2}, map[time.Duration]float64{0: 18}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for at, want := range test.want {
				require.InDelta(t, want, test.signal.At(at), 1e-6, "%s", at)
			}
		})
	}
}

func TestSignalsTellOfThemselves(t *testing.T) {
	instants := func(s Signal, until time.Duration) (all []time.Duration) {
		at, ok := s.Next(0)
		for ; ok && at <= until; at, ok = s.Next(at) {
			all = append(all, at)
		}
		return all
	}
	require.Empty(t, instants(Constant(1), time.Hour))
	require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 2500 * time.Millisecond}, instants(Ramp{0, 1, 2500 * time.Millisecond}, time.Hour))
	require.Len(t, instants(Ramp{0, 1, time.Hour}, 2*time.Hour), 100)
	require.Len(t, instants(Wave{Low: 0, High: 1, Period: time.Hour}, 2*time.Hour), 200)
	require.Equal(t, []time.Duration{30 * time.Minute, time.Hour, 90 * time.Minute}, instants(Wave{0, 1, time.Hour, Square}, 100*time.Minute))
	require.Equal(t, []time.Duration{50 * time.Millisecond, 100 * time.Millisecond}, instants(Wave{Low: 0, High: 1, Period: 100 * time.Millisecond}, 149*time.Millisecond))
	points := []Sample{{10 * time.Second, 1}, {12 * time.Second, 2}, {15 * time.Second, 3}}
	require.Equal(t, []time.Duration{10 * time.Second, 12 * time.Second, 15 * time.Second}, instants(Samples{Points: points, Steps: true}, time.Hour))
	require.Equal(t, []time.Duration{10 * time.Second, 11 * time.Second, 12 * time.Second, 13 * time.Second, 14 * time.Second, 15 * time.Second}, instants(Samples{Points: points}, time.Hour))
	require.Equal(t, []time.Duration{10 * time.Second, 12 * time.Second, 15 * time.Second, 25 * time.Second, 27 * time.Second, 30 * time.Second},
		instants(Samples{Points: points, Steps: true, Repeat: true}, 35*time.Second))
}

// What holds for every signal: it goes on in time, at a bounded rate, and stays between its ends.
func TestSignalProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := time.Duration(rapid.Int64Range(1e8, 1e15).Draw(t, "length"))
		low, high := rapid.Float64Range(-100, 0).Draw(t, "low"), rapid.Float64Range(0, 100).Draw(t, "high")
		mid := time.Duration(rapid.Int64Range(1, int64(length)-1).Draw(t, "mid"))
		s := rapid.SampledFrom([]Signal{
			Ramp{low, high, length}, Wave{low, high, length, Sine}, Wave{low, high, length, Square}, Wave{low, high, length, Triangle},
			Samples{Points: []Sample{{0, low}, {mid, high}, {length, low}}}, Samples{Points: []Sample{{mid, high}, {length, low}}, Steps: true, Repeat: true},
		}).Draw(t, "signal")
		from := time.Duration(rapid.Int64Range(0, 1e16).Draw(t, "from"))
		at, n := from, 0
		for at < from+length {
			require.True(t, s.At(at) >= low-1e-9 && s.At(at) <= high+1e-9 && !math.IsNaN(s.At(at)))
			next, ok := s.Next(at)
			if !ok {
				break
			}
			require.Greater(t, next, at)
			at = next
			n++
		}
		require.LessOrEqual(t, n, 205)
	})
}
