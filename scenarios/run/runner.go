package run

import (
	"io"
	"path/filepath"
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
//
//	state            leaves when
//	between steps    the next step begins in the same turn
//	lasting          the step's time is over (wait, press, a cycle's off time)
//	expecting        the expectation passed, or failed
//	finished         never: the loop stops
type runner struct {
	plan    *plan.Plan
	program *expect.Program
	opts    Options
	result  Result
	beats   atomic.Int64 // for the watch outside

	bench    *bench
	onBench  atomic.Pointer[bench] // the same, for who asks from another goroutine
	writer   *trace.Writer
	history  *expect.History
	watch    *expect.Watch // always and never
	faults   faults
	crashes  crashes
	changes  map[string]*change    // of networks, by name
	driven   map[string]gpio.Level // pins that a drive step holds, by device.PIN
	todo     []frame
	total    int
	starts   map[string]expect.Window // at the start of named steps
	window   expect.Window            // rule 1: from the start of the last stimulus, or the end of the last wait
	current  *lang.Step
	lasting  bool
	active   *expect.Active
	deadline alarm // when time alone may change the verdict of active
	grace    alarm // when time alone may break an invariant
	finished bool
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

// frame is a list of steps under way.
type frame struct {
	steps []lang.Step
	next  int
	times int // how often it is still to be done, this time included
}

func newRunner(p *plan.Plan, program *expect.Program, opts Options) *runner {
	r := &runner{plan: p, program: program, opts: opts, starts: map[string]expect.Window{}, changes: map[string]*change{}, driven: map[string]gpio.Level{}}
	r.result = Result{Scenario: p.Scenario.Scenario, File: p.File, Mode: opts.Mode, Seed: uint64(p.Seed)}
	r.total = countSteps(p.Scenario.Steps)
	r.todo = []frame{{steps: p.Scenario.Steps, times: 1}}
	return r
}

func countSteps(steps []lang.Step) int {
	n := 0
	for i := range steps {
		n++
		if rep := steps[i].Repeat; rep != nil {
			n += rep.Times * countSteps(rep.Steps)
		}
	}
	return n
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
	r.watch = r.program.Watch(r.history)
	out := r.opts.Trace
	if out == nil {
		out = io.Discard
	}
	header := trace.Header{Scenario: r.plan.Scenario.Scenario, Seed: uint64(r.plan.Seed), Mode: r.opts.Mode, Start: r.plan.Start}
	if r.writer, err = trace.NewWriter(out, header); err != nil {
		return r.failed(Infra, err.Error())
	}
	b.loop.Run(r.turn)
	return r.result
}

func (r *runner) now() time.Duration { return r.bench.events.Now() }

// mark opens the window that begins now, with the step under way.
func (r *runner) mark() expect.Window {
	what := r.current.Name
	if what == "" {
		what = r.current.Verb()
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
	r.opts.Position.p.Store(r.progress(now))
	if err := r.record(events); err != nil {
		r.finish(Infra, "the trace cannot be written: "+err.Error())
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
		r.fail(r.underWay(now, reason, ""))
		return false
	}
	return r.advance(now)
}

func (r *runner) record(events []trace.Event) error {
	if len(events) == 0 {
		return nil
	}
	r.result.Events += len(events)
	for i := range events {
		if events[i].Kind == trace.Fault {
			r.crashes.add(events[i])
		}
	}
	r.history.Append(events)
	return r.writer.Write(events)
}

func (r *runner) progress(now time.Duration) *Progress {
	p := &Progress{Elapsed: now, Step: len(r.result.Steps), Steps: r.total}
	if r.current != nil {
		p.Text = r.current.Text
	}
	return p
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

// advance goes on with the current step, or begins the next one.
func (r *runner) advance(now time.Duration) (acted bool) {
	switch {
	case r.lasting:
		return false
	case r.active != nil:
		return r.expecting(now)
	}
	step := r.next()
	if step == nil {
		r.end()
		return false
	}
	r.begin(step, now)
	return !r.finished
}

// next returns the step to begin, or nil at the end.
func (r *runner) next() *lang.Step {
	for len(r.todo) > 0 {
		f := &r.todo[len(r.todo)-1]
		if f.next < len(f.steps) {
			f.next++
			return &f.steps[f.next-1]
		}
		f.next = 0
		if f.times--; f.times <= 0 {
			r.todo = r.todo[:len(r.todo)-1]
		}
	}
	return nil
}

func (r *runner) begin(step *lang.Step, now time.Duration) {
	r.current = step
	r.result.Steps = append(r.result.Steps, StepResult{Pos: step.Pos, Path: step.Path, Verb: step.Verb(), Text: step.Text, Begin: now, Verdict: Interrupted})
	if step.Name != "" {
		r.starts[step.Name] = r.mark() // also where the step is skipped: `since` may name it all the same
	}
	do, err := r.program.When(step, r.history, now)
	if err != nil {
		r.fail(Failure{Pos: step.When.Pos, Step: step.Path, At: now, Verdict: Invalid, Message: err.Error()})
		return
	}
	if !do {
		r.emitStep("skip")
		r.ended(Skipped)
		return
	}
	r.emitStep("begin")
	switch {
	case step.Expect != nil:
		r.active = r.program.Begin(step, r.history, now, r.windowOf(step.Expect))
	case step.Repeat != nil:
		r.todo = append(r.todo, frame{steps: step.Repeat.Steps, times: step.Repeat.Times})
		r.ended(Pass)
	case step.Wait != nil:
		r.lastFor(step.Wait.Duration)
	default:
		r.window = r.mark()
		lasts, failure := r.stimulate(step)
		if failure != nil {
			r.fail(*failure)
			return
		}
		r.lastFor(lasts)
	}
}

// lastFor ends the step after d; a step without a length ends at once.
func (r *runner) lastFor(d time.Duration) {
	if d <= 0 && r.current.Wait == nil {
		r.ended(Pass)
		return
	}
	r.lasting = true
	r.bench.steps.After(d, vtime.Stimulus, func() {
		r.lasting = false
		if r.current.Wait != nil {
			r.window = r.mark()
		}
		r.ended(Pass)
	})
}

func (r *runner) windowOf(e *lang.Expect) expect.Window {
	switch e.Since {
	case "":
		return r.window
	case lang.Here:
		return r.history.Mark(r.now(), lang.Here)
	}
	return r.starts[e.Since]
}

// expecting judges the expectation under way.
func (r *runner) expecting(now time.Duration) (acted bool) {
	switch r.active.Judge(now) {
	case expect.Pending:
		at, ok := r.active.Next()
		r.deadline.set(r.bench.steps, at, ok, now)
		return false
	case expect.Passed:
		r.leave()
		r.ended(Pass)
		return true
	}
	r.fail(failure(r.active.Explain(), r.current.Path))
	return false
}

func (r *runner) leave() {
	r.deadline.set(r.bench.steps, 0, false, 0)
	r.active = nil
}

func (r *runner) emitStep(what string) {
	s := r.current
	r.bench.events.Emit(trace.Event{Kind: trace.Step, Name: s.Path, Text: what + " " + s.Text, File: filepath.Base(s.Pos.File), Line: s.Pos.Line})
}

func (r *runner) ended(v Verdict) {
	last := &r.result.Steps[len(r.result.Steps)-1]
	last.End, last.Verdict = r.now(), v
	r.current = nil
}
