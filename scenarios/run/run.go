package run

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/wasm"
)

// The modes.
const (
	Sim  = "sim"  // twins in virtual time
	Live = "live" // twins on the wall clock, over loopback TCP
)

// Options say how to run a plan.
type Options struct {
	Mode     string // Sim (default) or Live
	Firmware map[string]twin.Firmware
	// Bubble runs a function in virtual time, as the argument of vtime.Main's body does. Needed in Sim.
	Bubble func(func()) error
	// Modules keeps compiled WebAssembly modules from run to run; nil: the run compiles its own.
	Modules *wasm.Cache
	Trace   io.Writer // where the trace goes, as JSON Lines; nil: nowhere
	Exports Exports   // of the run that Trace is of
	Listen  string    // Live: where the broker listens, host:port; "": a free loopback port
	NoSkip  bool      // a requirement that is not offered is a failure
	// Count stops a scenario with a sweep once the writes are counted: the result's Sweep has their sizes.
	Count bool
	// Cut does one run of a sweep, with the power cut there; Sim alone. Without Cut and Count Run does the
	// whole sweep, one run after the other, of which Trace gets the first: the one that counts.
	Cut *Cut
	// Position is kept up to date for whoever shows progress; may be nil.
	Position *Position
	// Interrupted is asked at every turn, and must be quick; nil: never.
	Interrupted func() bool
}

// Progress is how far a run is.
type Progress struct {
	Elapsed time.Duration `json:"elapsed"` // since the start of the run, on the run's clock
	Step    int           `json:"step"`    // steps begun
	Steps   int           `json:"steps"`   // in all
	Text    string        `json:"text"`    // the step under way
}

// Position is the Progress of a run under way. It may be read while the run writes it.
type Position struct{ p atomic.Pointer[Progress] }

// Load returns how far the run is.
func (p *Position) Load() Progress {
	if x := p.p.Load(); x != nil {
		return *x
	}
	return Progress{}
}

// leaveTime is how long, on the wall clock, firmware may take to unwind after its run.
const leaveTime = 2 * time.Second

// Run executes a plan and returns what it came to. Whatever goes wrong is a verdict, never an error or a panic.
func Run(p *plan.Plan, program *expect.Program, opts Options) Result {
	if opts.Position == nil {
		opts.Position = new(Position)
	}
	if missing := missingRequirements(p); missing != "" {
		return skip(p, opts, missing)
	}
	firmware, done, err := firmwareOf(p, opts)
	if err != nil {
		return newRunner(p, program, opts).failed(Invalid, err.Error())
	}
	defer done()
	opts.Firmware = firmware // from here on by device
	if p.Sweep != nil && !opts.Count && opts.Cut == nil {
		return runSweep(p, program, opts)
	}
	return one(p, program, opts)
}

// one does one run.
func one(p *plan.Plan, program *expect.Program, opts Options) Result {
	if opts.Mode == Live {
		return newRunner(p, program, opts).live()
	}
	return sim(p, program, opts)
}

// offers tells what a device of the kind offers. Networks are the scenario's to declare.
func offers(d plan.Device) []string {
	offered := []string{"power", "reset"}
	for what, has := range map[string]bool{
		"console": d.Kind.Console != nil, "pins": len(d.Kind.Pins) > 0, "sensors": len(d.Kind.Sensors) > 0,
		"flash": d.Kind.Resources != nil && d.Kind.Resources.Flash != nil, "network": d.Network != "",
	} {
		if has {
			offered = append(offered, what)
		}
	}
	return offered
}

// missingRequirements lists what is required and no device offers.
func missingRequirements(p *plan.Plan) string {
	var missing []string
	for _, r := range p.Scenario.Requires {
		if !slices.ContainsFunc(p.Devices, func(d plan.Device) bool { return slices.Contains(offers(d), r) }) {
			missing = append(missing, r)
		}
	}
	return strings.Join(missing, ", ")
}

func skip(p *plan.Plan, opts Options, missing string) Result {
	r := newRunner(p, nil, opts).result
	r.Verdict, r.Reason = Skipped, "not offered here: "+missing
	if opts.NoSkip {
		r.Verdict = Fail
	}
	return r
}

// sim runs in a bubble. It returns even if virtual time stalls, with the verdict invalid; the
// bubble's goroutines are then left behind.
func sim(p *plan.Plan, program *expect.Program, opts Options) Result {
	r := newRunner(p, program, opts)
	done := make(chan Result, 1)
	left := make(chan struct{})
	stalled := make(chan vtime.Stall, 1)
	go func() {
		defer close(left)
		err := opts.Bubble(func() { done <- r.sim() })
		select {
		case done <- r.failed(Invalid, fmt.Sprint(err)): // only where sim did not come to its end
		default:
		}
	}()
	stop := vtime.Watch(r.beats.Load, r.mayStand, func(s vtime.Stall) { stalled <- s })
	defer stop()
	var result Result
	select {
	case result = <-done:
	case s := <-stalled:
		return r.stalled(s)
	}
	select {
	case <-left:
	case <-time.After(leaveTime):
		result.Leftover = true
	}
	return result
}
