package run

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// Cut is where one run of a sweep cuts the power.
type Cut struct {
	Write int    `json:"write"` // from 1, of the writes that the sweep's steps make
	Torn  string `json:"torn"`  // none, half or after
	Bytes int    `json:"bytes"` // so many bytes of the write are still written
}

// String returns 17/half, which ParseCut reads.
func (c Cut) String() string { return fmt.Sprintf("%d/%s", c.Write, c.Torn) }

// ParseCut reads WRITE/TORN, as in 17/half. Bytes is known once the writes were counted.
func ParseCut(s string) (Cut, error) {
	number, torn, _ := strings.Cut(s, "/")
	write, err := strconv.Atoi(number)
	if err != nil || write < 1 || !slices.Contains(lang.Tears(), torn) {
		return Cut{}, fmt.Errorf("run: %q is no cut of a sweep: want WRITE/TORN, as in 17/half; TORN is one of %s", s, strings.Join(lang.Tears(), ", "))
	}
	return Cut{Write: write, Torn: torn}, nil
}

// Cuts returns the cuts of a sweep, in their order; sizes are the bytes of each write.
func Cuts(sizes []int, torn []string) []Cut {
	cuts := make([]Cut, 0, len(sizes)*len(torn))
	for i, size := range sizes {
		for _, t := range torn {
			cuts = append(cuts, Cut{Write: i + 1, Torn: t, Bytes: map[string]int{"none": 0, "half": size / 2, "after": size}[t]})
		}
	}
	return cuts
}

// sweep is the sweep's steps under way.
//
//	state     | event                     | next
//	counting  | the steps are done        | the run ends: it has the writes
//	armed     | the power was cut         | the rest of the steps is left out, those behind the sweep follow
//	armed     | the steps are done        | the run is invalid: the cut never fell
type sweep struct {
	step   *lang.Step
	device string // whose writes are swept
	depth  int    // of the thread's lists of steps, without the sweep's
	cut    *Cut   // nil: the writes are counted
	sizes  []int  // of the writes so far
}

// beginSweep begins the steps of a sweep, and arms the cut.
func (t *thread) beginSweep(step *lang.Step) {
	r := t.r
	r.sweep = &sweep{step: step, device: r.plan.Device(step.Sweep.Device).Name, depth: len(t.todo), cut: r.opts.Cut}
	r.faults.swept = true
	t.todo = append(t.todo, frame{owner: step, steps: step.Sweep.Steps, program: t.top().program, times: 1})
	if cut := r.opts.Cut; cut != nil {
		if err := r.bench.twins[r.sweep.device].CutInFlashWrite(cut.Write, cut.Bytes); err != nil {
			t.fail(*r.tested(step.Pos, err))
			return
		}
	}
	t.ended(Pass)
}

// count notes a write of the device while the sweep's steps are done.
func (s *sweep) count(e trace.Event) {
	if e.Kind == trace.FlashWrite && e.Device == s.device {
		s.sizes = append(s.sizes, int(e.Count))
	}
}

// sweepIsDone comes after the last of the sweep's steps.
func (r *runner) sweepIsDone() {
	s := r.sweep
	r.sweep, r.faults.swept = nil, false
	device := s.device
	invalid := func(format string, args ...any) {
		r.main.fail(Failure{Pos: s.step.Pos, Step: s.step.Path, At: r.now(), Verdict: Invalid, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case s.cut != nil && len(s.sizes) > 0:
		invalid("the sweep's steps made only %d flash writes this time, so that the cut in write %d never fell", len(s.sizes), s.cut.Write)
	case len(s.sizes) == 0:
		invalid("the sweep's steps write nothing to the flash of %s, so there is no write to cut; put the steps in it that make %s write", device, device)
	default:
		r.result.Sweep = &SweepResult{Device: device, Torn: s.step.Sweep.Torn, Sizes: s.sizes}
		r.finish(Pass, "")
	}
}

// abandonSweep goes on behind the sweep once its cut has fallen.
func (r *runner) abandonSweep() {
	s := r.sweep
	if s == nil || s.cut == nil || !r.bench.twins[s.device].FlashCutFired() {
		return
	}
	r.sweep, r.faults.swept = nil, false
	t := r.main
	t.abandon()
	t.todo = t.todo[:s.depth]
	t.unlimit(s.step)
	r.faults.forgetSwept()
	pos := s.step.Pos
	r.bench.events.Emit(trace.Event{Kind: trace.Step, Name: s.step.Path, Text: "cut " + s.cut.String() + " of the sweep", File: filepath.Base(pos.File), Line: pos.Line})
	t.window = r.mark(s.step)
}

// abandon leaves the step under way, and those of the branches.
func (t *thread) abandon() {
	for _, b := range t.branches {
		b.abandon()
	}
	t.branches, t.measured = nil, nil
	t.timer.Stop()
	t.timeout.set(t.r.bench.steps, 0, false, 0)
	t.lasting, t.limits = false, nil // what surrounds a sweep has no timeout: it is a step of the scenario itself
	if t.active != nil {
		t.active.Drop()
		t.leave()
	}
	if t.current != nil {
		t.ended(Skipped)
	}
}

// forgetSwept forgets the faults that the sweep's steps began: after a cut nobody ends them, and they may have
// had no time to touch anything.
func (f *faults) forgetSwept() {
	f.open = slices.DeleteFunc(f.open, func(x *fault) bool { return x.swept })
}
