package run

import (
	"fmt"
	"maps"
	"time"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// fork begins the branches of a parallel. Each begins with the window that is open, and then has its own.
func (t *thread) fork(step *lang.Step) {
	for i, steps := range step.Parallel {
		b := newThread(t.r, steps, t.top().program)
		b.parent, b.window = t, t.window
		b.label = fmt.Sprintf("branch %d of line %d", i+1, step.Pos.Line)
		if t.label != "" {
			b.label = t.label + ", " + b.label
		}
		t.branches = append(t.branches, b)
	}
}

// advanceBranches lets the first branch act that can: so what happens at one instant happens in the order
// of the branches, each as far as it comes.
func (t *thread) advanceBranches(now time.Duration) (acted bool) {
	done := true
	for _, b := range t.branches {
		if b.advance(now) {
			return true
		}
		if t.r.finished {
			return false
		}
		done = done && b.done
	}
	if done {
		t.join()
	}
	return done
}

// join ends the parallel. The steps that follow may name those of all branches. Their window is that of the branch whose last stimulus, or wait, was the latest.
func (t *thread) join() {
	for _, b := range t.branches {
		maps.Copy(t.starts, b.starts)
		if b.window.From > t.window.From || b.window.From == t.window.From && b.window.Since > t.window.Since {
			t.window = b.window
		}
	}
	t.branches = nil
	t.ended(Pass)
}
