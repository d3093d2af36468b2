package run

import (
	"github.com/twinrig/twinrig/scenarios/lang"
)

// horizon returns the index of the first event that an expectation to come may still read: the history forgets those
// before it. It errs on the side of keeping.
func (r *runner) horizon() int {
	names := map[string]bool{}
	r.main.outlook(names)
	return r.main.earliest(names, r.history.Len())
}

// outlook is what the steps to come read of the past.
type outlook struct {
	names   map[string]bool // steps since whose beginning they read
	current bool            // the window that is open now
	renewed bool            // a stimulus or a wait comes first, and opens another
}

// outlook looks at the steps that are still to come in the thread and its branches, and notes in names since which
// steps they read. current says whether one reads the thread's window as it is.
func (t *thread) outlook(names map[string]bool) (current bool) {
	o := &outlook{names: names, renewed: t.lasting && t.current != nil && t.current.Wait != nil}
	if t.measured != nil {
		o.step(t.measured)
	}
	for i := len(t.todo) - 1; i >= 0; i-- {
		f := &t.todo[i]
		o.steps(f.steps[f.next:])
		if f.times <= 1 {
			continue
		}
		o.steps(f.steps)
		if f.owner.Each != nil {
			for _, checked := range f.owner.Each.Checked {
				o.steps(checked)
			}
		}
	}
	for _, b := range t.branches {
		b.outlook(names)
	}
	return o.current
}

func (o *outlook) steps(steps []lang.Step) {
	for i := range steps {
		o.step(&steps[i])
	}
}

func (o *outlook) step(s *lang.Step) {
	inner := s.Inner()
	switch {
	case s.Expect != nil && s.Expect.IsEvent():
		switch since := s.Expect.Since; since {
		case "":
			o.current = o.current || !o.renewed
		case lang.Here:
		default:
			o.names[since] = true
			o.current = o.current || !o.renewed // where no step of that name was begun
		}
	case s.Expect != nil, s.Record != nil:
	case inner != nil:
		renewed := o.renewed
		for _, steps := range inner {
			o.renewed = renewed
			o.steps(steps)
		}
		if len(inner) != 1 || s.When != nil {
			o.renewed = renewed // some of these steps may be left out, or are of other threads
		}
	case s.When == nil:
		o.renewed = true
	}
}

// earliest returns the smaller of first and where the windows begin that the thread and its branches may still read.
func (t *thread) earliest(names map[string]bool, first int) int {
	if t.outlook(map[string]bool{}) {
		first = min(first, t.window.From)
	}
	for name, w := range t.starts {
		if names[name] {
			first = min(first, w.From)
		}
	}
	for _, b := range t.branches {
		first = b.earliest(names, first)
	}
	return first
}
