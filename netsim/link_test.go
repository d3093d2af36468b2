package netsim_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/netsim"
)

const ms = time.Millisecond

// named returns the streams of one link.
func named(s seed.Seed, what string) func(string) netsim.Rand {
	return func(purpose string) netsim.Rand { return s.Stream(what, purpose) }
}

func link(d netsim.Direction) *netsim.Link { return netsim.NewLink(d, named(1, "link")) }

// vector is a file of testdata/netem: fates that the kernel's own decision code computed.
type vector struct {
	Kernel struct {
		Limit   int   `json:"limit"`
		Latency int64 `json:"latency_ns"`
		Rate    int64 `json:"rate_bytes_per_s"`
	} `json:"kernel"`
	Arrivals [][2]int64 `json:"arrivals"`
	Fates    []struct {
		Overlimit bool    `json:"overlimit"`
		Sent      []int64 `json:"sent"`
	} `json:"fates"`
}

func TestLinkAgainstKernelVectors(t *testing.T) {
	files, err := filepath.Glob("testdata/netem/*.json")
	require.NoError(t, err)
	require.Len(t, files, 5)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			var v vector
			require.NoError(t, json.Unmarshal(text, &v))
			require.Len(t, v.Fates, len(v.Arrivals))
			l := link(netsim.Direction{Latency: time.Duration(v.Kernel.Latency), Rate: 8 * v.Kernel.Rate, Limit: v.Kernel.Limit})
			for i, a := range v.Arrivals {
				got := l.Send(time.Duration(a[0]), int(a[1]))
				want := netsim.Fate{Lost: true, Cause: netsim.CauseLimit}
				if !v.Fates[i].Overlimit {
					require.Len(t, v.Fates[i].Sent, 1)
					want = netsim.Fate{At: time.Duration(v.Fates[i].Sent[0])}
				}
				require.Equal(t, want, got, "packet %d", i)
			}
		})
	}
}

func TestLinkLossIsAsOftenAsAsked(t *testing.T) {
	for _, p := range []float64{0.001, 0.02, 0.5, 0.98} {
		const n = 200_000
		l := link(netsim.Direction{Loss: p})
		for range n {
			l.Send(0, 100)
		}
		// Five standard deviations of the binomial distribution, in variance.
		off := float64(l.Stats().Lost) - n*p
		require.Less(t, off*off, 25*n*p*(1-p), "loss %v: lost %d of %d", p, l.Stats().Lost, n)
	}
	all, none := link(netsim.Direction{Loss: 1}), link(netsim.Direction{})
	for range 1000 {
		require.True(t, all.Send(0, 100).Lost)
		require.False(t, none.Send(0, 100).Lost)
	}
}

func TestLinkJitterIsUniformAroundLatency(t *testing.T) {
	const n = 100_000
	l := link(netsim.Direction{Latency: 100 * ms, Jitter: 20 * ms})
	var sum time.Duration
	var quarters [4]int
	for i := range n {
		now := time.Duration(i) * time.Second
		d := l.Send(now, 100).At - now
		require.GreaterOrEqual(t, d, 80*ms)
		require.Less(t, d, 120*ms)
		sum += d
		quarters[(d-80*ms)/(10*ms)]++
	}
	require.InDelta(t, float64(100*ms), float64(sum/n), float64(ms)/4)
	for _, q := range quarters {
		require.InDelta(t, n/4, q, n/100)
	}
}

func TestLinkDelayIsNeverBelowZero(t *testing.T) {
	l := link(netsim.Direction{Latency: 5 * ms, Jitter: 50 * ms})
	atOnce := 0
	for i := range 1000 {
		now := time.Duration(i) * time.Second
		at := l.Send(now, 100).At
		require.GreaterOrEqual(t, at, now)
		if at == now {
			atOnce++
		}
	}
	require.InDelta(t, 450, atOnce, 80) // 45 of 100 ms are below zero
	require.EqualValues(t, 1000-atOnce, l.Stats().Delayed)
}

func TestLinkStreamsAreIndependent(t *testing.T) {
	losses := func(d netsim.Direction) (lost []bool) {
		l := link(d)
		for i := range 1000 {
			lost = append(lost, l.Send(time.Duration(i)*time.Second, 100).Lost)
		}
		return lost
	}
	plain := losses(netsim.Direction{Loss: 0.3})
	require.Equal(t, plain, losses(netsim.Direction{Loss: 0.3, Latency: 50 * ms, Jitter: 20 * ms}))
	require.NotEqual(t, plain, losses(netsim.Direction{Loss: 0.4}))
	// The draws are the same, so what was lost at 30 % is lost at 40 % too.
	for i, lost := range losses(netsim.Direction{Loss: 0.4}) {
		require.True(t, lost || !plain[i])
	}
}

func TestLinkDown(t *testing.T) {
	l := link(netsim.Direction{Latency: 10 * ms})
	require.Equal(t, netsim.Fate{At: 10 * ms}, l.Send(0, 100))
	l.SetUp(false)
	require.Equal(t, netsim.Fate{Lost: true, Cause: netsim.CauseDown}, l.Send(5*ms, 100))
	l.SetUp(true)
	require.Equal(t, netsim.Fate{At: 16 * ms}, l.Send(6*ms, 50))
	require.Equal(t, netsim.Stats{Sent: 3, Bytes: 250, LostDown: 1, Delayed: 2}, l.Stats())
}

func TestLinkDownDrawsNothing(t *testing.T) {
	fates := func(outage bool) (lost []bool) {
		l := link(netsim.Direction{Loss: 0.5})
		if outage {
			l.SetUp(false)
			l.Send(0, 100)
			l.SetUp(true)
		}
		for range 100 {
			lost = append(lost, l.Send(0, 100).Lost)
		}
		return lost
	}
	require.Equal(t, fates(false), fates(true))
}

func TestLinkSetKeepsTheQueue(t *testing.T) {
	l := link(netsim.Direction{Latency: 100 * ms})
	l.Send(0, 100)
	l.Set(netsim.Direction{Limit: 1})
	require.Equal(t, netsim.CauseLimit, l.Send(99*ms, 100).Cause)
	require.Equal(t, netsim.Fate{At: 100 * ms}, l.Send(100*ms, 100))
}

func TestLinkTakesValuesOutOfRangeAsTheNearest(t *testing.T) {
	l := link(netsim.Direction{Latency: -1, Jitter: -1, Loss: -1, Rate: -1, Limit: -1})
	require.Equal(t, netsim.Fate{At: ms}, l.Send(ms, 100))
	require.Equal(t, netsim.Fate{At: ms}, l.Send(0, 100), "time never goes back")
	l.Set(netsim.Direction{Rate: 7})
	require.Equal(t, netsim.Fate{At: ms + time.Second}, l.Send(ms, 1), "less than a byte a second counts as one")
	l.Set(netsim.Direction{Loss: 7})
	require.Equal(t, netsim.CauseLoss, l.Send(0, 100).Cause)
}

func BenchmarkLink(b *testing.B) {
	l := netsim.NewLink(netsim.Direction{Latency: 50 * ms, Jitter: 10 * ms, Loss: 0.01, Rate: 1_000_000},
		func(string) netsim.Rand { return rand.New(rand.NewPCG(1, 2)) })
	b.ReportAllocs()
	for i := range b.N {
		l.Send(time.Duration(i)*time.Millisecond, 100)
	}
}
