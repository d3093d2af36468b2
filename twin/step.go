package twin

import (
	"context"
	"runtime/pprof"
	"time"

	"github.com/twinrig/twinrig/internal/vtime"
)

// Stepper is firmware as a step function, for fleets: between two steps the device is no goroutine, only the
// memory that it needs. See Hardware.Steps.
type Stepper interface {
	// Step does what there is to do at now, the world's time, and returns when it wants to be called
	// next; the zero time: only when something comes in. An error, or a panic, is a fault of the device,
	// as in Firmware.
	Step(now time.Time) (next time.Time, err error)
}

// Steps lets the firmware go on as a step function for the rest of the boot, so that it ends with
//
//	return hw.Steps(device)
//
// Step is called at once, when the time comes that it returned, and when something comes in: bytes for
// ReadConsole, an edge that a pin's In asked for, or what happens on a connection of Open. It looks what that was by
// asking each; to be called without need is normal. Steps of a boot never overlap, and what comes in
// during one makes for another.
//
// A step may wait, in Sleep for example; it then keeps a goroutine until it is through, and what comes in
// waits meanwhile. A step counts as a call of the hardware, so that a million of them in one instant are a spin.
func (hw *Hardware) Steps(s Stepper) error {
	return hw.do(func() error {
		st := &stepping{hw: hw, stepper: s}
		st.labels = pprof.WithLabels(context.Background(), pprof.Labels("device", hw.t.cfg.Name))
		hw.stepping = st
		st.ask()
		return nil
	})
}

// stepping calls the steps of a boot. The twin's mutex guards what changes.
//
//	state    leaves when
//	idle     its time has come, or something comes in: to running
//	asked    the loop comes to it: to running
//	running  the step returns: to asked where something came in meanwhile, else to idle
type stepping struct {
	hw      *Hardware
	stepper Stepper
	labels  context.Context // by which a stall of virtual time names the device

	asked   bool // for a turn
	running bool
	again   bool // something came in while running
	timer   *vtime.Timer
	due     time.Time // when timer fires
}

// ask makes for a step in a turn of its own. The caller holds mu.
func (st *stepping) ask() {
	switch {
	case st.running:
		st.again = true
	case !st.asked:
		st.asked = true
		st.hw.t.cfg.Source.After(0, vtime.Firmware, st.begin)
	}
}

// cameIn makes for a step of the boot that runs, if it is one of steps. The caller holds mu.
func (t *Twin) cameIn() {
	if t.boot != nil && t.boot.stepping != nil {
		t.boot.stepping.ask()
	}
}

// begin is an action of the loop: the step runs on a goroutine that the loop lends.
func (st *stepping) begin() {
	t := st.hw.t
	t.mu.Lock()
	defer t.unlock()
	st.asked = false
	switch {
	case st.hw.ended != nil:
	case st.running:
		st.again = true
	default:
		st.running = true
		t.cfg.Source.Lend(st)
	}
}

// Run does one step.
func (st *stepping) Run() {
	pprof.SetGoroutineLabels(st.labels)
	defer pprof.SetGoroutineLabels(context.Background())
	st.hw.supervise(st.step)
}

func (st *stepping) step() error {
	hw := st.hw
	if hw.do(func() error { return nil }) != nil {
		return nil //nolint:nilerr // the boot has ended
	}
	next, err := st.stepper.Step(time.Now())
	if err != nil {
		return err
	}
	hw.t.mu.Lock()
	defer hw.t.unlock()
	st.running = false
	switch {
	case hw.ended != nil:
	case st.again:
		st.again = false
		st.ask()
	default:
		st.wakeAt(next)
	}
	return nil
}

// wakeAt sets the timer. The caller holds mu.
func (st *stepping) wakeAt(next time.Time) {
	if st.timer.Pending() {
		if st.due.Equal(next) {
			return
		}
		st.timer.Stop()
	}
	if next.IsZero() {
		return
	}
	st.due = next
	st.timer = st.hw.t.cfg.Source.After(time.Until(next), vtime.Firmware, st.begin)
}
