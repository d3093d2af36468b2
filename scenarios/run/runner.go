package run

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
	"periph.io/x/conn/v3/gpio"
)

// runner does the steps of one run. Its method turn is called by the event loop whenever everything
// has settled; it keeps no goroutine of its own.
type runner struct {
	plan    *plan.Plan
	program *expect.Program
	opts    Options
	result  Result
	beats   atomic.Int64 // for the watch outside

	turning      atomic.Bool // the loop runs: no device is built, or taken down
	bench        *bench
	onBench      atomic.Pointer[bench] // the same, for who asks from another goroutine
	shown        Progress              // in opts.Position
	writer       *trace.Writer
	exports      exporters
	history      *expect.History
	watch        *expect.Watch // always and never
	faults       faults
	crashes      crashes
	resets       crashes // by a watchdog
	troubles     troubles
	payloads     *plan.Payloads
	spun         string                  // the first device whose firmware spins
	disturbances []*disturbance          // of the broker, in the order of their steps
	changes      map[string]*change      // of networks, by name
	driven       map[string]gpio.Level   // pins that a drive step holds, by device.PIN
	faulty       map[string]*vtime.Timer // of sensor faults with a `for`, by the reference of the step
	mishaps      map[string][]*mishap    // by device
	main         *thread                 // of the scenario's steps
	total        int
	current      *lang.Step // the step of the thread in turn: what a stimulus belongs to
	sweep        *sweep     // under way; nil: none
	grace        alarm      // when time alone may break an invariant
	finished     bool
}

// alarm makes the loop take a turn at an instant.
type alarm struct {
	at    time.Duration
	timer *vtime.Timer
}

// set moves the alarm to at, or takes it off. An alarm that is set for at already stays: asking the
// loop anew at every turn would make it turn forever.
func (a *alarm) set(source *vtime.Source, at time.Duration, on bool, now time.Duration) {
	if on && a.at == at && a.timer.Pending() {
		return
	}
	a.timer.Stop()
	if on {
		// The action is empty: what counts is the turn after it.
		a.at, a.timer = at, source.After(at-now, vtime.Stimulus, func() {})
	}
}

func newRunner(p *plan.Plan, program *expect.Program, opts Options) *runner {
	r := &runner{plan: p, program: program, opts: opts, changes: map[string]*change{}, driven: map[string]gpio.Level{}, faulty: map[string]*vtime.Timer{}, troubles: troubles{}, mishaps: map[string][]*mishap{}}
	r.result = Result{Scenario: p.Scenario.Scenario, File: p.File, Mode: opts.Mode, Seed: uint64(p.Seed), Cell: p.Scenario.Cell}
	if opts.Cut != nil {
		r.result.Cut = opts.Cut.String()
	}
	r.total = countSteps(p.Scenario.Steps)
	r.main = newThread(r, p.Scenario.Steps, program)
	return r
}

// failed returns a result for a run that could not go on for a reason that belongs to no step.
func (r *runner) failed(v Verdict, reason string) Result {
	res := r.result
	res.Verdict, res.Reason = v, reason
	return res
}

// run builds the bench, turns the loop until the run is over, and takes the bench down.
func (r *runner) run(settle func(), makeFabric func(*bench) (fabric, error)) Result {
	b, err := newBench(r.plan, r.opts, settle, makeFabric)
	if err != nil {
		return r.failed(Infra, err.Error())
	}
	r.bench = b
	r.onBench.Store(b)
	defer b.close()
	r.faults.emit = b.events.Emit
	r.history = expect.NewHistory(r.plan)
	r.payloads = r.plan.Payloads()
	r.program.Forget(r.history, r.horizon)
	r.watch = r.program.Watch(r.history)
	out := r.opts.Trace
	if out == nil {
		out = io.Discard
	}
	header := trace.Header{Scenario: r.plan.Scenario.Scenario, Seed: uint64(r.plan.Seed), Mode: r.opts.Mode, Start: r.plan.Start}
	if r.writer, err = trace.NewWriter(out, header); err != nil {
		return r.failed(Infra, err.Error())
	}
	if r.exports, err = newExporters(r.plan, r.opts.Exports); err != nil {
		return r.failed(Infra, err.Error())
	}
	if packets := r.exports.packets; packets != nil {
		b.broker.Tap(packets.Tap)
	}
	if err := r.setEnvironment(); err != nil {
		return r.failed(Invalid, err.Error())
	}
	r.turning.Store(true)
	b.loop.Run(r.turn)
	r.turning.Store(false)
	return r.result
}

// workOfDevice bounds the processor time that a device takes to be built, or taken down, while no time passes.
const workOfDevice = 2 * time.Millisecond

// mayStand returns how much longer than usual virtual time may stand still.
func (r *runner) mayStand() time.Duration {
	if r.turning.Load() {
		return 0
	}
	return time.Duration(len(r.plan.Devices)) * workOfDevice
}

func (r *runner) now() time.Duration { return r.bench.events.Now() }

// mark opens the window that begins now, with a step.
func (r *runner) mark(step *lang.Step) expect.Window {
	what := step.Name
	if what == "" {
		what = step.Verb()
	}
	return r.history.Mark(r.now(), what)
}

// turn reads what happened since the last turn, judges it, and does at most one thing.
func (r *runner) turn() (acted bool) {
	defer r.beats.Add(1) // at its end: who sees the beat may read what the turn wrote
	if r.finished {
		return false
	}
	events := r.bench.events.Turn()
	now := r.now()
	r.showProgress(now)
	if err := errors.Join(r.record(events), r.exports.turn(events)); err != nil {
		r.finish(Infra, cannotWrite(err))
		return false
	}
	if r.opts.Interrupted != nil && r.opts.Interrupted() {
		r.finish(Interrupted, "interrupted")
		return false
	}
	if err := r.bench.lost(); err != nil {
		r.finish(Infra, err.Error())
		return false
	}
	if r.invariants(now); r.finished {
		return false
	}
	if reason := r.hopeless(); reason != "" {
		r.main.fail(r.underWay(now, reason, ""))
		return false
	}
	r.abandonSweep()
	return r.advance(now)
}

func cannotWrite(err error) string { return "what happens cannot be written down: " + err.Error() }

func (r *runner) record(events []trace.Event) error {
	if len(events) == 0 {
		return nil
	}
	r.result.Events += len(events)
	for i := range events {
		r.decode(&events[i])
		switch events[i].Kind {
		case trace.Fault:
			r.crashes.add(events[i])
			r.noteSpin(events[i].Device)
		case trace.Watchdog:
			r.resets.add(events[i])
		case trace.Handshake, trace.Connack:
			r.troubles.add(&events[i])
		}
		if r.sweep != nil {
			r.sweep.count(events[i])
		}
	}
	r.history.Append(events)
	if r.opts.Trace == nil {
		return nil
	}
	return r.writer.Write(events)
}

// showProgress keeps the position up to date, to a second of the run's clock.
func (r *runner) showProgress(now time.Duration) {
	p := Progress{Elapsed: now, Step: len(r.result.Steps), Steps: r.total}
	if r.current != nil {
		p.Text = r.current.Text
	}
	if r.shown.Step != p.Step || r.shown.Text != p.Text || p.Elapsed-r.shown.Elapsed >= time.Second || r.shown.Steps == 0 {
		r.shown = p
		r.opts.Position.p.Store(new(p)) // a copy of its own, so that a turn that shows nothing allocates none
	}
}

// invariants judges always and never, and makes sure of a turn when time alone may break one.
func (r *runner) invariants(now time.Duration) {
	if broken := r.watch.Judge(now); len(broken) > 0 {
		for _, f := range broken[1:] {
			r.result.Failures = append(r.result.Failures, failure(f, f.Path))
		}
		r.fail(failure(broken[0], broken[0].Path))
		return
	}
	at, ok := r.watch.Next()
	r.grace.set(r.bench.steps, at, ok, now)
}

// failure puts what package expect found into a result's words.
func failure(f expect.Failure, step string) Failure {
	v := Fail
	if f.Verdict == expect.Invalid {
		v = Invalid
	}
	return Failure{Pos: f.Pos, Step: step, At: f.At, Verdict: v, Message: f.Message, Detail: f.Detail()}
}

// advance goes on with the steps under way, or begins the next one.
func (r *runner) advance(now time.Duration) (acted bool) {
	acted = r.main.advance(now)
	if r.main.done && !r.finished {
		r.end()
	}
	return acted && !r.finished
}
