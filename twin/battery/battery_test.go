package battery_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/twin/battery"
)

func figures() battery.Figures {
	return battery.Figures{Capacity: 2600 * battery.MilliampereHour, Sleep: 12 * battery.Microampere, Active: 6 * battery.Milliampere,
		Radio: 110 * battery.Milliampere, Listen: 20 * battery.Milliampere, Rate: 300_000, Tail: 10 * time.Second}
}

func TestValidate(t *testing.T) {
	for name, f := range map[string]battery.Figures{
		"a capacity of 0mAh":           {},
		"a capacity of -1":             {Capacity: -battery.MilliampereHour},
		"sleep: a current of -1 nA":    {Capacity: 1, Sleep: -1},
		"listen: a current of -1 nA":   {Capacity: 1, Listen: -1},
		"a rate of -1 bits per second": {Capacity: 1, Rate: -1},
		"a tail of -1s":                {Capacity: 1, Tail: -time.Second},
		"a wake-up of -1s":             {Capacity: 1, Wake: -time.Second},
		"active: a current of -2 nA":   {Capacity: 1, Active: -2},
	} {
		_, err := battery.New(f, 1)
		require.ErrorContains(t, err, name)
	}
	for _, share := range []float64{-0.1, 0, 1.1} {
		_, err := battery.New(figures(), share)
		require.ErrorContains(t, err, "of its capacity")
	}
}

// step is something that happens to a device.
type step struct {
	after time.Duration
	do    func(b *battery.Battery, now time.Duration)
}

// steps draws what happens to a device.
func steps(r *rand.Rand) []step {
	list := []step{{do: func(b *battery.Battery, now time.Duration) { b.Power(now, true) }}}
	working := 0
	for range 5 + r.IntN(40) {
		s := step{after: time.Duration(r.Int64N(int64(time.Minute)) >> r.IntN(30))}
		bytes, d := r.Int64N(5000), time.Duration(r.Int64N(int64(time.Second)))
		switch r.IntN(8) {
		case 0, 1:
			s.do = func(b *battery.Battery, now time.Duration) { b.Wake(now, d) }
		case 2, 3, 4:
			s.do = func(b *battery.Battery, now time.Duration) { b.Radio(now, bytes) }
		case 5:
			working++
			s.do = func(b *battery.Battery, now time.Duration) { b.Work(now) }
		case 6:
			s.do = func(b *battery.Battery, now time.Duration) { b.Rest(now) }
		case 7:
			on := r.IntN(4) > 0
			s.do = func(b *battery.Battery, now time.Duration) { b.Power(now, on) }
		}
		list = append(list, s)
	}
	return list
}

func play(t *testing.T, list []step, look func(b *battery.Battery, from, to time.Duration)) battery.Charge {
	t.Helper()
	b, err := battery.New(figures(), 1)
	require.NoError(t, err)
	now := time.Duration(0)
	for _, s := range list {
		look(b, now, now+s.after)
		now += s.after
		s.do(b, now)
	}
	look(b, now, now+time.Hour)
	b.Advance(now + time.Hour)
	return b.Used()
}

// TestHowOftenOneLooksChangesNothing splits every interval at random and wants the same charge, to the nanocoulomb,
// and that it never goes back.
func TestHowOftenOneLooksChangesNothing(t *testing.T) {
	for n := range uint64(300) {
		r := rand.New(rand.NewPCG(n, 1))
		list := steps(r)
		once := play(t, list, func(*battery.Battery, time.Duration, time.Duration) {})
		often := play(t, list, func(b *battery.Battery, from, to time.Duration) {
			for range r.IntN(20) {
				before, percent := b.Used(), b.Percent()
				from += time.Duration(float64(to-from) * r.Float64())
				b.Advance(from)
				require.GreaterOrEqual(t, b.Used(), before)
				require.LessOrEqual(t, b.Percent(), percent)
			}
		})
		require.Equal(t, once, often, "sample %d", n)
	}
}

// TestWhenIsTheFirstInstant holds the forecast against what then happens: a nanosecond before, the charge was not
// yet taken.
func TestWhenIsTheFirstInstant(t *testing.T) {
	hits := 0
	for n := range uint64(300) {
		r := rand.New(rand.NewPCG(n, 2))
		play(t, steps(r), func(b *battery.Battery, from, _ time.Duration) {
			ahead := *b
			target := ahead.Used() + 1 + battery.Charge(r.Int64N(1<<(10+r.IntN(30))))
			at, ok := ahead.When(target)
			if !ok {
				return
			}
			hits++
			require.GreaterOrEqual(t, at, from)
			ahead.Advance(at - 1)
			require.Less(t, ahead.Used(), target)
			ahead.Advance(at)
			require.GreaterOrEqual(t, ahead.Used(), target)
		})
	}
	require.Greater(t, hits, 1000)
}

// TestPercentages walks from one whole percent to the next, whatever the capacity.
func TestPercentages(t *testing.T) {
	for _, capacity := range []battery.Charge{101, 7777, battery.MilliampereHour, 2600 * battery.MilliampereHour, 1e6 * 1000 * battery.MilliampereHour} {
		for _, share := range []float64{1, 0.995, 0.2, 0.001} {
			b, err := battery.New(battery.Figures{Capacity: capacity}, share)
			require.NoError(t, err)
			taken, count := battery.Charge(0), 0
			for taken < b.Full() {
				next := b.NextPercent(taken)
				require.Greater(t, next, taken)
				taken = next
				count++
			}
			require.Equal(t, b.Full(), taken)
			require.InDelta(t, 100*share, count, 1.01)
		}
	}
}

func TestExtremes(t *testing.T) {
	f := battery.Figures{Capacity: battery.MilliampereHour, Sleep: 1 << 62, Active: 1 << 62, Radio: 1 << 61, Rate: 1}
	b, err := battery.New(f, 1)
	require.NoError(t, err)
	b.Power(0, true)
	b.Radio(0, 1<<60)
	b.Advance(200 * 365 * 24 * time.Hour)
	require.True(t, b.Empty())
	require.Zero(t, b.Percent())
	require.Positive(t, b.Used())
}

// TestRadio sends 3000 bytes in two pieces of 40 ms each at 300 kbit/s, one right behind the other, and waits.
func TestRadio(t *testing.T) {
	f := figures()
	f.Sleep, f.Listen = 0, 20*battery.Milliampere
	b, err := battery.New(f, 1)
	require.NoError(t, err)
	b.Power(0, true)
	b.Radio(0, 1500)
	b.Radio(0, 1500)
	b.Advance(80 * time.Millisecond)
	require.Equal(t, battery.Charge(80*110e3), b.Used(), "80 ms at 110 mA")
	b.Advance(time.Minute)
	require.Equal(t, battery.Charge(80*110e3+10_000*20e3), b.Used(), "and 10 s at 20 mA")
}
