// Package twintest runs firmware on a twin in virtual time, for unit tests.
//
//	twintest.Run(t, twin.Config{Firmware: blink, Pins: …}, func(b *twintest.Bench) {
//		b.PowerOn()
//		b.Until(time.Second, "the LED goes on", twintest.PinIs("LED", gpio.High))
//		b.Cut()
//	})
//
// It is for the firmware alone: what needs a broker, a modelled network or invariants is a scenario.
package twintest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/twin"
	"periph.io/x/conn/v3/gpio"
)

// Bench is a twin with an event loop around it. Its methods act at the present instant and return when
// the device is idle again; virtual time passes only in Wait and Until. They are for the test's
// goroutine alone, and fail the test where they cannot act.
type Bench struct {
	T    *testing.T  // the test inside the bubble; it has no Run and no Parallel
	Loop *vtime.Loop // for what a test puts beside the device, such as a network
	Twin *twin.Twin

	steps     *vtime.Source
	collector *trace.Collector

	mu      sync.Mutex
	events  []trace.Event
	awaited func(trace.Event) bool
	met     chan trace.Event // the awaited event, when it came
}

// Run runs test in a bubble of testing/synctest, with a twin made from cfg that is off. World time
// starts at 2026-01-01T00:00:00Z. cfg needs no more than a Firmware: Run sets Source and Emit (and calls
// the Emit given after its own), and Name to "device" where it is empty. The device is closed when test
// returns, and Run returns when every goroutine of the firmware has ended.
func Run(t *testing.T, cfg twin.Config, test func(b *Bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, vtime.SleepUntil(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
		b := newBench(t, cfg)
		var loop sync.WaitGroup
		loop.Go(func() { b.Loop.Run(b.turn) })
		defer func() {
			b.Twin.Close()
			b.Loop.Stop()
			loop.Wait()
		}()
		test(b)
	})
}

func newBench(t *testing.T, cfg twin.Config) *Bench {
	b := &Bench{T: t, Loop: vtime.NewLoop(vtime.Settle)}
	start, also := time.Now(), cfg.Emit
	b.collector = trace.NewCollector(func() time.Duration { return time.Since(start) }, b.Loop.Poke)
	cfg.Emit = b.collector.Emit
	if also != nil {
		cfg.Emit = func(e trace.Event) {
			b.collector.Emit(e)
			also(e)
		}
	}
	if cfg.Name == "" {
		cfg.Name = "device"
	}
	cfg.Source = b.Loop.Source()
	b.steps = b.Loop.Source()
	var err error
	b.Twin, err = twin.New(cfg)
	require.NoError(t, err)
	return b
}

// turn reads what happened. Where that is what the test awaits, the test acts before time goes on.
func (b *Bench) turn() (acted bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.collector.Turn() {
		b.events = append(b.events, e)
		if b.awaited != nil && b.awaited(e) {
			b.awaited = nil
			b.met <- e
			acted = true
		}
	}
	return acted
}

// Do calls f on the event loop's goroutine and returns when everything is idle again.
func (b *Bench) Do(f func(*twin.Twin)) {
	b.steps.After(0, vtime.Stimulus, func() { f(b.Twin) })
	b.Wait(0)
}

func (b *Bench) try(f func() error) {
	b.T.Helper()
	var err error
	b.Do(func(*twin.Twin) { err = f() })
	require.NoError(b.T, err)
}

// Wait lets virtual time pass. What is due at its end has happened when it returns.
func (b *Bench) Wait(d time.Duration) {
	done := make(chan struct{})
	b.steps.After(d, vtime.Stimulus, func() { close(done) })
	<-done
}

// Until waits for an event that matches and returns it; virtual time stands still there. It looks at
// events from now on. Where none comes within d, the test fails, saying what did not happen and what did.
func (b *Bench) Until(d time.Duration, what string, matches func(trace.Event) bool) trace.Event {
	b.T.Helper()
	late := make(chan struct{})
	met := make(chan trace.Event, 1)
	b.mu.Lock()
	b.awaited, b.met = matches, met
	since := len(b.events)
	b.mu.Unlock()
	timer := b.steps.After(d, vtime.Stimulus, func() { close(late) })
	select {
	case e := <-met:
		timer.Stop()
		return e
	case <-late:
	}
	b.mu.Lock()
	b.awaited = nil
	b.mu.Unlock()
	require.FailNow(b.T, "it did not happen within "+d.String()+": "+what, "since then:\n%s", describe(b.Events()[since:]))
	return trace.Event{}
}

func describe(events []trace.Event) string {
	var text strings.Builder
	for _, e := range events {
		line, err := e.MarshalJSON()
		if err != nil {
			line = fmt.Appendln(nil, err)
		}
		text.Write(line)
	}
	return text.String()
}

// Events returns what happened so far.
func (b *Bench) Events() []trace.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]trace.Event(nil), b.events...)
}

// Of returns those events so far that match.
func (b *Bench) Of(matches func(trace.Event) bool) []trace.Event {
	var found []trace.Event
	for _, e := range b.Events() {
		if matches(e) {
			found = append(found, e)
		}
	}
	return found
}

// Console returns the lines that came out of the console so far.
func (b *Bench) Console() []string {
	var lines []string
	for _, e := range b.Of(Is(trace.Console)) {
		lines = append(lines, e.Text)
	}
	return lines
}

// PowerOn gives the device power.
func (b *Bench) PowerOn() { b.T.Helper(); b.try(b.Twin.PowerOn) }

// PowerOff takes the power away.
func (b *Bench) PowerOff() { b.Do((*twin.Twin).PowerOff) }

// Cut takes the power away, as an accident.
func (b *Bench) Cut() { b.Do((*twin.Twin).Cut) }

// Reset pulls the reset line.
func (b *Bench) Reset() { b.T.Helper(); b.try(b.Twin.Reset) }

// Drive drives a pin from outside.
func (b *Bench) Drive(pin string, level gpio.Level) {
	b.T.Helper()
	b.try(func() error { return b.Twin.Drive(pin, level) })
}

// Release ends Drive.
func (b *Bench) Release(pin string) {
	b.T.Helper()
	b.try(func() error { return b.Twin.Release(pin) })
}

// Level returns the level of a pin.
func (b *Bench) Level(pin string) gpio.Level {
	b.T.Helper()
	level, err := b.Twin.Level(pin)
	require.NoError(b.T, err)
	return level
}

// Sense sets what a sensor measures.
func (b *Bench) Sense(sensor string, value float64) {
	b.T.Helper()
	b.try(func() error { return b.Twin.Sense(sensor, value) })
}

// Send sends a line, to which it adds a newline, to the console.
func (b *Bench) Send(line string) { b.Do(func(t *twin.Twin) { t.Send([]byte(line + "\n")) }) }

// CutInFlashWrite arms a power cut inside the n-th flash write from now, after k of its bytes.
func (b *Bench) CutInFlashWrite(n, k int) {
	b.T.Helper()
	b.try(func() error { return b.Twin.CutInFlashWrite(n, k) })
}

// Is matches events of a kind.
func Is(kind trace.Kind) func(trace.Event) bool {
	return func(e trace.Event) bool { return e.Kind == kind }
}

// Line matches console lines that contain text.
func Line(text string) func(trace.Event) bool {
	return func(e trace.Event) bool { return e.Kind == trace.Console && strings.Contains(e.Text, text) }
}

// PinIs matches changes of a pin to a level.
func PinIs(pin string, level gpio.Level) func(trace.Event) bool {
	return func(e trace.Event) bool {
		return e.Kind == trace.Pin && e.Name == pin && gpio.Level(e.Value == 1) == level
	}
}

// Booted matches boots with a cause.
func Booted(cause twin.ResetCause) func(trace.Event) bool {
	return func(e trace.Event) bool { return e.Kind == trace.Boot && e.Cause == cause.String() }
}
