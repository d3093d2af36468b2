package lang

import (
	"fmt"
	"slices"
)

// Structures are the verbs that hold steps.
func structures() []string { return []string{"repeat", "parallel", "each", "sweep", "include"} }

// Inner returns the lists of steps that a step holds, in the order of the file; of each those for one device
// of each kind.
func (s *Step) Inner() [][]Step {
	switch {
	case s.Repeat != nil:
		return [][]Step{s.Repeat.Steps}
	case s.Parallel != nil:
		return s.Parallel
	case s.Each != nil:
		return s.Each.Checked
	case s.Sweep != nil:
		return [][]Step{s.Sweep.Steps}
	}
	return nil
}

// MapInner replaces each list of steps that a step holds by what change makes of it. What the step shares
// with copies of it stays as it is.
func (s *Step) MapInner(change func([]Step) []Step) {
	switch {
	case s.Repeat != nil:
		inner := *s.Repeat
		inner.Steps = change(inner.Steps)
		s.Repeat = &inner
	case s.Parallel != nil:
		branches := make([][]Step, len(s.Parallel))
		for i, branch := range s.Parallel {
			branches[i] = change(branch)
		}
		s.Parallel = branches
	case s.Sweep != nil:
		inner := *s.Sweep
		inner.Steps = change(inner.Steps)
		s.Sweep = &inner
	}
}

// Times returns how often the steps that a step holds are done, where the file says it.
func (s *Step) Times() int {
	if s.Repeat != nil {
		return s.Repeat.Times
	}
	if s.Each != nil {
		return len(s.Each.Devices)
	}
	return 1
}

// checkStructure holds for what a step has beside its verb, and for the steps in it.
func (s *Step) checkStructure(d *decoder, at mapping) {
	verb := s.Verb()
	if at.keys.Has("retry") && (slices.Contains([]string{"expect", "measure", "record", "wait"}, verb) || slices.Contains(structures(), verb)) {
		why := "it repeats what acts on the bench, where the bench fails"
		if verb == "expect" {
			why = "an expectation is judged once: give it a longer within"
		}
		at.add(d, "retry", "retry does not go with "+verb, why)
	}
	if s.Sweep != nil && at.keys.Has("when") {
		at.add(d, "when", "when does not go with sweep", "its steps may have one")
	}
	if s.Timeout != nil {
		s.checkTimeout(d, at)
	}
	if len(s.Parallel) == 1 {
		at.add(d, "parallel", "a single branch has nothing to go beside", "parallel: [[…], […]]")
	}
}

// checkTimeout reports a timeout that is shorter than what the step itself asks for.
func (s *Step) checkTimeout(d *decoder, at mapping) {
	limit := s.Timeout.Duration
	if limit == 0 {
		d.positive(s.Timeout.Pos, join(at.path, "timeout"), "a timeout")
		return
	}
	least := s.least()
	if least != nil && least.Duration > limit {
		at.add(d, "timeout", fmt.Sprintf("the timeout of %v is shorter than the step, which takes %v", limit, least.Duration), "")
	}
}

// least returns how long the step lasts at the least, where the file says it.
func (s *Step) least() *Duration {
	switch {
	case s.Wait != nil:
		return s.Wait
	case s.Expect != nil && s.Expect.During != nil:
		return s.Expect.During
	case s.Expect != nil:
		return s.Expect.For
	}
	return nil
}
