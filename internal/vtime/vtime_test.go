package vtime

import (
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLoopActsInItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop := NewLoop(synctest.Wait)
		start := time.Now()
		var got []string
		do := func(s string) func() {
			return func() { got = append(got, fmt.Sprintf("%s@%s", s, time.Since(start))) }
		}
		first, second := loop.Source(), loop.Source()
		second.After(time.Second, Bytes, do("second bytes"))
		first.After(time.Second, Stimulus, do("first stimulus"))
		first.After(time.Second, Deadline, do("first deadline"))
		first.After(time.Second, Bytes, do("first bytes a"))
		first.After(time.Second, Bytes, do("first bytes b"))
		second.After(500*time.Millisecond, Stimulus, do("early"))
		taken := first.After(time.Second, Bytes, do("taken back"))
		require.True(t, taken.Pending())
		require.True(t, taken.Stop())
		require.False(t, taken.Stop())
		second.After(2*time.Second, Bytes, loop.Stop)
		loop.Run(func() bool { return false })
		require.Equal(t, []string{"early@500ms", "first bytes a@1s", "first bytes b@1s", "second bytes@1s", "first deadline@1s", "first stimulus@1s"}, got)
	})
}

func TestLoopLetsDevicesSettleBeforeItActs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop := NewLoop(synctest.Wait)
		source := loop.Source()
		var woken atomic.Int32
		for range 100 { // devices whose own timers fire at the very instant of an action
			go func() { time.Sleep(time.Second); woken.Add(1) }()
		}
		source.After(time.Second, Bytes, func() {
			require.EqualValues(t, 100, woken.Load())
			loop.Stop()
		})
		loop.Run(func() bool { return false })
	})
}

func TestLoopTakesATurnWhereItIsPoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop := NewLoop(synctest.Wait)
		start := time.Now()
		var turns []time.Duration
		go func() { time.Sleep(3 * time.Second); loop.Poke() }()
		loop.Source().After(10*time.Second, Stimulus, loop.Stop)
		acted := false
		loop.Run(func() bool {
			turns = append(turns, time.Since(start))
			acted = !acted && time.Since(start) == 3*time.Second
			return acted
		})
		require.Equal(t, []time.Duration{0, 3 * time.Second, 3 * time.Second, 10 * time.Second, 10 * time.Second}, turns,
			"a turn that acted is followed by another at the same instant, and so is an action")
	})
}

func TestBubbleReportsAGoroutineThatWaitsForever(t *testing.T) {
	err := Bubble(t, func() { go func() { select {} }() })
	require.ErrorContains(t, err, "blocked goroutines remain")
	require.NoError(t, Bubble(t, func() { time.Sleep(24 * time.Hour) }))
}

func TestSleepUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := time.Date(2026, 3, 29, 0, 55, 0, 0, time.UTC)
		require.NoError(t, SleepUntil(want))
		require.True(t, time.Now().Equal(want))
	})
	require.ErrorContains(t, SleepUntil(Epoch().Add(-time.Second)), "virtual time starts at 2000-01-01")
}

// The watchdog is about wall time, so these two tests take some: a few tenths of a second.
func TestWatchNamesWhoStopsVirtualTime(t *testing.T) {
	tests := map[string]struct {
		firmware func(release <-chan struct{})
		want     string
	}{
		"spinning": {func(release <-chan struct{}) {
			for running := true; running; {
				select {
				case <-release:
					running = false
				default: // spin: that is what is watched for
				}
			}
		}, "never blocks"},
		"mutex over a sleep": {func(release <-chan struct{}) {
			var mu sync.Mutex
			mu.Lock()
			go func() { <-release; mu.Unlock() }()
			mu.Lock()
		}, "waits for a mutex (sync.Mutex.Lock) that stays locked: its holder waits for time"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			stalls := make(chan Stall, 1)
			stop := watch(func() int64 { return 0 }, noSlack, func(s Stall) { stalls <- s; close(release) }, 300*time.Millisecond, 600*time.Millisecond)
			defer stop()
			synctest.Test(t, func(t *testing.T) {
				pprof.Do(context.Background(), pprof.Labels("device", "thermo"), func(context.Context) {
					go test.firmware(release)
				})
				time.Sleep(time.Second)
			})
			s := <-stalls
			require.Equal(t, "thermo", s.Device)
			require.Contains(t, s.Error(), "the firmware of thermo "+test.want)
			require.True(t, strings.HasPrefix(s.Stack, "goroutine "))
		})
	}
}

func noSlack() time.Duration { return 0 }

func TestWatchIsQuietWhileThereIsSlack(t *testing.T) {
	stalls := make(chan Stall, 1)
	var slack atomic.Int64
	slack.Store(int64(time.Hour))
	stop := watch(func() int64 { return 0 }, func() time.Duration { return time.Duration(slack.Load()) }, func(s Stall) { stalls <- s }, time.Millisecond, time.Millisecond)
	defer stop()
	time.Sleep(3 * watchEvery) // wall time: see above
	require.Empty(t, stalls)
	slack.Store(0)
	<-stalls
}

func TestWatchIsQuietWhileTimeMoves(t *testing.T) {
	var beats atomic.Int64
	stop := watch(func() int64 { return beats.Add(1) }, noSlack, func(s Stall) { t.Error(s) }, time.Millisecond, time.Millisecond)
	time.Sleep(3 * watchEvery) // wall time: see above
	stop()
	stop()
}
