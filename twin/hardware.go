package twin

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin/flash"
	"periph.io/x/conn/v3/gpio"
)

const (
	// lateCalls is how many calls an ended boot may make before the goroutine that makes one more is
	// ended by force.
	lateCalls = 10_000
	// spinCalls is how many calls a device may make in one instant before that counts as a spin.
	spinCalls = 1_000_000
	// clockPolls is how many times clocks can be read in one instant before a millisecond passes, so
	// that loops which wait for a clock end.
	clockPolls = 1000
)

// Hardware is the device as the firmware of one boot sees it. When that boot has ended, calls that
// return an error return ErrPowerLost or ErrReset, others a zero value or nothing. It is safe for
// concurrent use but for Rand.
//
// More than a million calls in one instant are a spin, which on real hardware would take time: the
// goroutine that spins then waits, so that the watchdog expires where one was started. Without a
// watchdog the device records a fault and the run is invalid.
type Hardware struct {
	t       *Twin
	cause   ResetCause
	number  int // of the boot, from 1
	started time.Time
	counted time.Duration // by the crystal, when it started
	ctx     context.Context
	cancel  context.CancelCauseFunc
	flash   *flash.Flash
	rand    *rand.Rand

	// The twin's mutex guards these.
	ended    error // why, once the boot has ended
	late     int   // calls since
	lossy    bool  // console output was lost in this boot
	instant  time.Time
	calls    int // in instant
	polls    int // of clocks in instant
	conns    []*conn
	sockets  []*socket
	watchdog watchdog
	hung     string    // why the firmware goes on no more, for its watchdog to tell
	stepping *stepping // nil: the firmware is a goroutine
}

func newHardware(t *Twin, cause ResetCause) *Hardware {
	hw := &Hardware{t: t, cause: cause, number: t.boots, started: time.Now()}
	hw.counted = t.crystal.at(hw.started)
	hw.ctx, hw.cancel = context.WithCancelCause(context.Background())
	hw.flash = t.flash.Open(flash.Guard{
		Do:     hw.do,
		Begin:  hw.flashTakesTime,
		Wrote:  func(off int64, n int) { t.emit(trace.Event{Kind: trace.FlashWrite, Offset: off, Count: int64(n)}) },
		Erased: func(off int64, n int) { t.emit(trace.Event{Kind: trace.FlashErase, Offset: off, Count: int64(n)}) },
		Worn:   func(off int64) { t.emit(trace.Event{Kind: trace.FlashErase, Offset: off, Cause: "worn"}) },
		Cut:    func() error { t.losePower("cut"); return ErrPowerLost },
	})
	hw.rand = t.cfg.Seed.Stream("device/"+t.cfg.Name+"/boot/"+strconv.Itoa(hw.number), "firmware")
	return hw
}

// enter begins a hardware call. Where it returns nil the caller holds the twin's mutex and calls
// hw.t.unlock; else the boot has ended.
func (hw *Hardware) enter() error {
	hw.t.mu.Lock()
	if hw.ended == nil && hw.spins() {
		hw.spin()
		hw.t.unlock()
		<-hw.ctx.Done()
		hw.t.mu.Lock()
	}
	if hw.ended == nil {
		return nil
	}
	hw.late++
	err, force := hw.ended, hw.late > lateCalls
	hw.t.unlock()
	if force {
		runtime.Goexit()
	}
	return err
}

// do calls op as a hardware call.
func (hw *Hardware) do(op func() error) error {
	if err := hw.enter(); err != nil {
		return err
	}
	defer hw.t.unlock()
	return op()
}

// spins counts a call and reports whether it is one too many for this instant.
func (hw *Hardware) spins() bool {
	if now := time.Now(); !now.Equal(hw.instant) {
		hw.instant, hw.calls, hw.polls = now, 0, 0
		hw.t.wake(0)
	}
	hw.calls++
	return hw.calls > spinCalls
}

// awake counts as a call what the firmware waited for in one.
func (hw *Hardware) awake() { hw.spins() }

func (hw *Hardware) spin() { hw.hang("spins: a million hardware calls in one instant") }

// hang notes that the firmware does not go on by itself.
func (hw *Hardware) hang(why string) {
	hw.t.work()
	if hw.watchdog.timer.Pending() {
		hw.hung = why
		return
	}
	if hw.t.spun {
		return
	}
	hw.t.spun = true
	hw.t.emit(trace.Event{Kind: trace.Fault, Text: why + ", and no watchdog was started"})
}

// Hang is for what runs firmware and finds that it never returns: from here on the device does nothing,
// and a watchdog that was started expires. Without one the device records a fault, why, and the run is
// invalid. It returns when the boot has ended, with the reason.
func (hw *Hardware) Hang(why string) error {
	if err := hw.do(func() error { hw.hang(why); return nil }); err != nil {
		return err
	}
	<-hw.ctx.Done()
	return context.Cause(hw.ctx)
}

// ID returns what the device takes for its name: the device's, or for a clone that of the device it was copied from.
func (hw *Hardware) ID() string { return cmp.Or(hw.t.cfg.Identity.ID, hw.t.cfg.Name) }

// Version returns the version of the firmware.
func (hw *Hardware) Version() string { return hw.t.cfg.Version }

// Identity returns how the device shows itself to the broker.
func (hw *Hardware) Identity() Identity { return hw.t.cfg.Identity }

// ResetCause returns why this boot began.
func (hw *Hardware) ResetCause() ResetCause { return hw.cause }

// Context returns a context that is cancelled when the boot ends, with ErrPowerLost or ErrReset as its
// cause.
func (hw *Hardware) Context() context.Context { return hw.ctx }

// Param returns a parameter that the device was given, or "".
func (hw *Hardware) Param(name string) string { return hw.t.cfg.Params[name] }

// LookupParam returns a parameter, and whether the device was given it.
func (hw *Hardware) LookupParam(name string) (value string, given bool) {
	value, given = hw.t.cfg.Params[name]
	return value, given
}

// ParamDuration returns a parameter as a duration such as 90s, 1h30m or 2d, or def where it is not
// given. One that is no duration is an error.
func (hw *Hardware) ParamDuration(name string, def time.Duration) (time.Duration, error) {
	text, given := hw.t.cfg.Params[name]
	if !given {
		return def, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil {
			return time.Duration(n * 24 * float64(time.Hour)), nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("twin: %s: parameter %s: %q is not a duration such as 90s, 1h30m or 2d", hw.t.cfg.Name, name, text)
	}
	return d, nil
}

// Pin returns a pin of the device.
func (hw *Hardware) Pin(name string) (gpio.PinIO, error) {
	if err := hw.enter(); err != nil {
		return nil, err
	}
	defer hw.t.unlock()
	p, err := hw.t.pin(name)
	if err != nil {
		return nil, err
	}
	return &bootPin{hw: hw, pin: p}, nil
}

// Console returns the console UART: 8 data bits, no parity, one stop bit.
//
// Write takes everything at once, as a DMA transfer does, and never waits; the bytes leave one after the
// other, 10 bit times each. Read waits for the first byte and returns what is there; the receive buffer
// holds 4096 bytes, and what comes while it is full is lost.
func (hw *Hardware) Console() io.ReadWriter { return console{hw} }

// Flash returns the device's flash, as this boot sees it.
func (hw *Hardware) Flash() *flash.Flash { return hw.flash }

// Rand returns this boot's random numbers, the same at every call. They are drawn from the seed of the
// run, the device's name and the number of the boot. Not safe for concurrent use.
func (hw *Hardware) Rand() *rand.Rand { return hw.rand }

// Go calls f on a goroutine of its own. A panic there, or an error, is a fault of the device, as in
// Firmware; without Go, a panic ends the whole process.
func (hw *Hardware) Go(f func() error) {
	if hw.enter() != nil {
		return
	}
	defer hw.t.unlock()
	hw.spawn(f)
}

// Reboot resets the device by software and returns ErrReset, or why the boot has ended already, so that
// firmware does `return hw.Reboot()`. What was written to the console still goes out.
func (hw *Hardware) Reboot() error {
	return hw.do(func() error {
		hw.t.reset(CauseSoftware)
		return hw.ended
	})
}
