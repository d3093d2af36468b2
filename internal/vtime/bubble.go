// Package vtime enters virtual time, turns the event loop of a run, and watches from outside that
// virtual time moves on.
//
// There is no clock interface: in a bubble of testing/synctest, time.Now, time.Sleep, timers and
// deadlines are virtual, for every goroutine started in it.
package vtime

import (
	"flag"
	"fmt"
	"math"
	"os"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"
)

// Epoch returns the earliest instant that virtual time can show: a bubble's clock starts there.
func Epoch() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// End returns the instant at which virtual time ends: timers know none later, so it goes no further.
func End() time.Time { return time.Unix(0, math.MaxInt64) }

// Main makes bubbles possible outside `go test`, runs body and ends the process with its result.
//
// testing/synctest hands out bubbles to tests only, and a testing.T comes from testing.Main alone
// (testing.RunTests lacks what Main sets up). So the program becomes a test binary with one test,
// which is the whole command; nothing of the testing package's output or exit is ever reached,
// because the test ends in os.Exit. body's bubbles never call t.Fail: a run's result is a value.
func Main(body func(bubble func(run func()) error) int) {
	testing.Init()
	if err := flag.CommandLine.Parse(nil); err != nil {
		panic(err) // no arguments, so none can be wrong
	}
	match := func(string, string) (bool, error) { return true, nil }
	test := testing.InternalTest{Name: "twinrig", F: func(t *testing.T) {
		os.Exit(body(func(run func()) error { return bubble(t, run, evenChance) }))
	}}
	testing.Main(match, []testing.InternalTest{test}, nil, nil)
}

// Bubble runs run in a bubble of its own and returns when every goroutine of the bubble has ended.
// A goroutine that waits forever is left behind and makes an error; it cannot wake again.
// It may be called concurrently, each call with its own virtual time.
func Bubble(t *testing.T, run func()) error { return bubble(t, run, func(*testing.T) {}) }

// bubble is Bubble with something to do first, inside.
func bubble(t *testing.T, run func(), first func(*testing.T)) (err error) {
	defer func() {
		// synctest panics with "deadlock: main bubble goroutine has exited but blocked goroutines remain".
		if r := recover(); r != nil {
			err = fmt.Errorf("vtime: %v", r)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		first(t)
		run()
	})
	return nil
}

// evenChance makes crypto/rand, and with it TLS, draw the same bytes in every repetition, for as long as t's
// bubble lasts. That is global to the process, so it is for the command alone, whose processes do one run at a
// time; and the testing package refuses it outside test binaries, which the Makefile's -X makes. Traces do not depend on it: see docs/adr/0007.
func evenChance(t *testing.T) {
	if !testing.Testing() {
		return
	}
	cryptotest.SetGlobalRandom(t, 1)
}

// SleepUntil lets virtual time jump to start. It returns an error where start is before Epoch.
func SleepUntil(start time.Time) error {
	if start.Before(Epoch()) {
		return fmt.Errorf("vtime: virtual time starts at %s, %s is before that", Epoch().Format(time.RFC3339), start.Format(time.RFC3339))
	}
	time.Sleep(time.Until(start))
	return nil
}

// Settle waits until every other goroutine of the bubble is idle: what a Loop in virtual time is made with.
func Settle() { synctest.Wait() }
