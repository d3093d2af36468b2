package run

import (
	"fmt"
	"slices"
	"time"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// limit is the timeout of a step under way: its last instant.
type limit struct {
	step *lang.Step
	at   time.Duration
	path int // of the step in the result
}

func (t *thread) limit(step *lang.Step, now time.Duration) {
	if step.Timeout != nil {
		t.limits = append(t.limits, limit{step: step, at: now + step.Timeout.Duration, path: t.at})
	}
}

// unlimit forgets the timeout of a step that ended.
func (t *thread) unlimit(step *lang.Step) {
	t.limits = slices.DeleteFunc(t.limits, func(l limit) bool { return l.step == step })
}

// overtime fails the run where a step takes longer than its timeout, and makes sure of a turn when it may.
func (t *thread) overtime(now time.Duration) bool {
	if len(t.limits) == 0 {
		t.timeout.set(t.r.bench.steps, 0, false, 0)
		return false
	}
	first := t.limits[0]
	for _, l := range t.limits[1:] {
		if l.at < first.at {
			first = l
		}
	}
	if now <= first.at {
		// A step may end at the very instant.
		t.timeout.set(t.r.bench.steps, first.at+1, true, now)
		return false
	}
	result := &t.r.result.Steps[first.path]
	f := Failure{Pos: first.step.Timeout.Pos, Step: first.step.Path, At: first.at, Verdict: overtimeVerdict(first.step),
		Message: fmt.Sprintf("the step took longer than its timeout of %s", first.step.Timeout.Duration)}
	if t.current != nil && t.current != first.step {
		f.Detail = "under way: " + t.current.Text
	}
	result.Verdict, result.End = f.Verdict, f.At
	t.fail(f)
	return true
}

// overtimeVerdict tells whose fault it is: what waits for the device is the device's; what acts on it lasts
// as long as the scenario says.
func overtimeVerdict(step *lang.Step) Verdict {
	switch step.Verb() {
	case "expect", "measure", "parallel", "repeat", "each", "sweep":
		return Fail
	}
	return Invalid
}
