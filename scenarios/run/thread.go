package run

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// thread does steps one after the other: those of the scenario, or those of one branch of a parallel.
//
//	state            leaves when
//	between steps    the next step begins in the same turn
//	lasting          the step's time is over (wait, press, a cycle's off time)
//	expecting        the expectation passed, or failed
//	in branches      all branches are done
//	done             never
type thread struct {
	r        *runner
	parent   *thread // nil: it is the scenario's own
	label    string  // as failures name it: "branch 2", or "" for the scenario's own
	todo     []frame
	starts   map[string]expect.Window // at the start of its named steps
	window   expect.Window            // rule 1: from the start of the last stimulus, or the end of the last wait
	current  *lang.Step
	at       int // of the current step in the result
	lasting  bool
	timer    *vtime.Timer // ends what lasts
	measured *lang.Step   // begins once what was measured for it is in the history
	active   *expect.Active
	last     *vtime.Timer // of active: a last measurement
	deadline alarm        // when time alone may change the verdict of active
	limits   []limit
	timeout  alarm // when the first of limits is over
	branches []*thread
	done     bool
}

// frame is a list of steps under way.
type frame struct {
	owner   *lang.Step // the repeat or each, or nil
	steps   []lang.Step
	program *expect.Program // that the steps were compiled to
	next    int
	times   int // how often it is still to be done, this time included
	device  int // each: index of the device that the steps are for
}

func newThread(r *runner, steps []lang.Step, program *expect.Program) *thread {
	return &thread{r: r, starts: map[string]expect.Window{}, todo: []frame{{steps: steps, program: program, times: 1}}}
}

func (t *thread) top() *frame { return &t.todo[len(t.todo)-1] }

// advance goes on with the current step, or begins the next one. It does at most one thing.
func (t *thread) advance(now time.Duration) (acted bool) {
	switch {
	case t.done, t.overtime(now):
		return false
	case t.branches != nil:
		return t.advanceBranches(now)
	case t.lasting:
		return false
	case t.active != nil:
		return t.expecting(now)
	}
	step := t.measured
	if t.measured = nil; step == nil {
		if step = t.next(); step != nil && t.r.measure(step) {
			t.measured = step
			return true
		}
	}
	if t.r.finished {
		return false
	}
	if step == nil {
		t.done = true
		return false
	}
	t.begin(step, now)
	return true
}

// next returns the step to begin, or nil at the end.
func (t *thread) next() *lang.Step {
	for len(t.todo) > 0 && !t.r.finished {
		f := t.top()
		if f.next < len(f.steps) {
			f.next++
			return &f.steps[f.next-1]
		}
		f.next = 0
		if f.times--; f.times <= 0 {
			owner := f.owner
			t.unlimit(owner)
			t.todo = t.todo[:len(t.todo)-1]
			if owner != nil && owner.Sweep != nil {
				t.r.sweepIsDone()
			}
		} else if f.owner.Each != nil {
			f.device++
			t.bind(f)
		}
	}
	return nil
}

func (t *thread) begin(step *lang.Step, now time.Duration) {
	r := t.r
	r.current, r.faults.branch = step, t.label
	t.current, t.at = step, len(r.result.Steps)
	r.result.Steps = append(r.result.Steps, StepResult{Pos: step.Pos, Path: step.Path, Verb: step.Verb(), Text: step.Text, Begin: now, Verdict: Interrupted})
	if step.Name != "" {
		t.starts[step.Name] = r.mark(step) // also where the step is skipped: `since` may name it all the same
	}
	do, err := t.top().program.When(step, r.history, now)
	if err != nil {
		t.fail(Failure{Pos: step.When.Pos, Step: step.Path, At: now, Verdict: Invalid, Message: err.Error()})
		return
	}
	if !do {
		t.emitStep("skip")
		t.ended(Skipped)
		return
	}
	t.emitStep("begin")
	t.limit(step, now)
	switch {
	case step.Expect != nil:
		t.last = r.measureLast(step)
		t.active = t.top().program.Begin(step, r.history, now, t.windowOf(step.Expect))
	case step.Repeat != nil:
		t.todo = append(t.todo, frame{owner: step, steps: step.Repeat.Steps, program: t.top().program, times: step.Repeat.Times})
		t.ended(Pass)
	case step.Parallel != nil:
		t.fork(step)
	case step.Each != nil:
		t.todo = append(t.todo, frame{owner: step, program: t.top().program, times: len(step.Each.Devices) + 1, device: -1})
		t.ended(Pass)
	case step.Sweep != nil:
		t.beginSweep(step)
	case step.Wait != nil:
		t.lastFor(step.Wait.Duration)
	case step.Record != nil:
		t.note(step, now)
	default:
		t.window = r.mark(step)
		t.stimulate(step, step.Retry)
	}
}

// retryPause is how long a step waits before it tries again.
const retryPause = time.Second

// stimulate does what a step asks for, and once more for each of tries where the bench fails.
func (t *thread) stimulate(step *lang.Step, tries int) {
	r := t.r
	r.current, r.faults.branch = step, t.label
	lasts, failure := r.stimulate(step)
	switch {
	case failure == nil:
		t.lastFor(lasts)
	case failure.Verdict == Infra && tries > 0:
		t.emitStep("retry")
		t.lasting = true
		t.timer = r.bench.steps.After(retryPause, vtime.Stimulus, func() {
			t.lasting = false
			t.stimulate(step, tries-1)
		})
	default:
		t.fail(*failure)
	}
}

// lastFor ends the step after d; a step without a length ends at once.
func (t *thread) lastFor(d time.Duration) {
	if d <= 0 && t.current.Wait == nil {
		t.ended(Pass)
		return
	}
	t.lasting = true
	t.timer = t.r.bench.steps.After(d, vtime.Stimulus, func() {
		t.lasting = false
		if t.current.Wait != nil {
			t.window = t.r.mark(t.current)
		}
		t.ended(Pass)
	})
}

func (t *thread) windowOf(e *lang.Expect) expect.Window {
	switch e.Since {
	case "":
		return t.window
	case lang.Here:
		return t.r.history.Mark(t.r.now(), lang.Here)
	}
	for at := t; at != nil; at = at.parent {
		if w, ok := at.starts[e.Since]; ok {
			return w
		}
	}
	return t.window
}

// expecting judges the expectation under way.
func (t *thread) expecting(now time.Duration) (acted bool) {
	verdict := t.active.Judge(now)
	t.keepMeasurement(verdict)
	switch verdict {
	case expect.Pending:
		at, ok := t.active.Next()
		t.deadline.set(t.r.bench.steps, at, ok, now)
		return false
	case expect.Passed:
		t.leave()
		t.ended(Pass)
		return true
	}
	f := failure(t.active.Explain(), t.current.Path)
	f.Detail += t.r.likely(t.current.Expect)
	t.fail(f)
	return false
}

func (t *thread) leave() {
	t.last.Stop()
	t.deadline.set(t.r.bench.steps, 0, false, 0)
	t.active = nil
}

func (t *thread) emitStep(what string) {
	s := t.current
	t.r.bench.events.Emit(trace.Event{Kind: trace.Step, Name: s.Path, Text: what + " " + s.Text, File: filepath.Base(s.Pos.File), Line: s.Pos.Line})
}

func (t *thread) ended(v Verdict) {
	result := &t.r.result.Steps[t.at]
	result.End, result.Verdict = t.r.now(), v
	if t.current.Repeat == nil && t.current.Each == nil && t.current.Sweep == nil || v == Skipped {
		t.unlimit(t.current) // else it is over when its steps are
	}
	t.current = nil
}

// fail ends the run with a failure that this thread came upon; it may be that of an earlier step.
func (t *thread) fail(f Failure) {
	if f.At == 0 {
		f.At = t.r.now()
	}
	if where := "in " + t.label + ": "; t.label != "" && t.current != nil && f.Step == t.current.Path && !strings.HasPrefix(f.Message, where) {
		f.Message = where + f.Message
	}
	t.blame(f)
	for at := t.parent; at != nil; at = at.parent {
		result := &t.r.result.Steps[at.at]
		result.Verdict, result.End = f.Verdict, f.At
	}
	t.r.fail(f)
}

// blame gives the current step the verdict of a failure that is its own.
func (t *thread) blame(f Failure) {
	if t.current != nil && t.current.Path == f.Step {
		result := &t.r.result.Steps[t.at]
		result.Verdict, result.End = f.Verdict, f.At
	}
}

// countSteps returns how many steps begin where all are done.
func countSteps(steps []lang.Step) int {
	n := len(steps)
	for i := range steps {
		inner := steps[i].Inner()
		if steps[i].Each != nil {
			inner = inner[:min(1, len(inner))] // the others are the same for other kinds
		}
		for _, list := range inner {
			n += steps[i].Times() * countSteps(list)
		}
	}
	return n
}
