package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

const (
	maxChain = 32      // files that include one another
	maxSteps = 100_000 // of a scenario with all that it includes: files can include a file more than once
)

const maxActions = 1_000_000 // steps and pulses of a run with everything repeated: each is kept until its end

// actions returns how many steps and pulses a run makes of steps, at most maxActions+1; more are a fault.
func (l *loader) actions(steps []lang.Step) int {
	total := 0
	for i := range steps {
		s, n := &steps[i], 1
		for _, d := range s.Drive {
			n += min(d.Value.Count, maxActions)
		}
		for _, p := range s.Press {
			n += min(p.Value.Count, maxActions)
		}
		for _, steps := range s.Inner() {
			inner := l.actions(steps)
			if inner > maxActions {
				return inner
			}
			n += min(s.Times(), maxActions) * inner
		}
		if total += n; total > maxActions {
			l.diags.Add(s.Pos, s.Path, fmt.Sprintf("up to here the run has more than %d steps and pulses", maxActions), "repeat less often")
			return maxActions + 1
		}
	}
	return total
}

// splice returns steps with the included ones in the place of each include. chain has the files that
// led here, the last one holds steps. The included steps keep the positions of their own file.
func (l *loader) splice(steps []lang.Step, chain []string) []lang.Step {
	result := make([]lang.Step, 0, len(steps))
	for _, step := range steps {
		l.count++
		switch {
		case l.count > maxSteps:
			if l.count == maxSteps+1 {
				l.diags.Addf(step.Pos, step.Path, "with its includes the scenario has more than %d steps", maxSteps)
			}
			return result
		case step.Include != "":
			result = append(result, l.include(&step, chain)...)
		case step.Each != nil:
			l.each(&step, chain)
			result = append(result, step)
		default:
			step.MapInner(func(inner []lang.Step) []lang.Step { return l.splice(inner, chain) })
			result = append(result, step)
		}
	}
	return result
}

func (l *loader) include(step *lang.Step, chain []string) []lang.Step {
	name := Resolve(chain[len(chain)-1], step.Include)
	pos, at := step.Keys.At("include", step.Pos), step.Path+".include"
	if slices.Contains(chain, name) {
		l.diags.Addf(pos, at, "the include goes round in a circle: %s", strings.Join(append(slices.Clone(chain), name), " → "))
		return nil
	}
	if len(chain) >= maxChain {
		l.diags.Addf(pos, at, "includes are nested deeper than %d files", maxChain)
		return nil
	}
	key := fmt.Sprint(name, step.Bound)
	file, known := l.steps[key]
	if !known {
		file = l.stepsFile(name, step.Bound, pos, at)
		l.steps[key] = file
	}
	if file == nil {
		return nil
	}
	return l.splice(file.Steps, append(slices.Clone(chain), name))
}

// stepsFile reads a file of steps, or says at pos why it cannot.
func (l *loader) stepsFile(name string, bound lang.Bound, pos diag.Position, at string) *lang.StepsFile {
	data, err := l.opts.ReadFile(name)
	if err != nil {
		l.diags.Addf(pos, at, "%s cannot be read: %v", name, err)
		return nil
	}
	l.files[name] = data
	file, diags := lang.ParseSteps(name, data, lang.Options{Bound: bound, Params: l.plan.Scenario.Params, DefaultWithin: l.plan.Scenario.DefaultWithin != nil})
	l.referred(diags, name, pos, at)
	return file
}

// referred takes over the faults of a file that another one names, and says where it is named.
func (l *loader) referred(diags diag.List, name string, pos diag.Position, at string) {
	if len(diags) == 0 {
		return
	}
	faults := "a fault"
	if len(diags) > 1 {
		faults = fmt.Sprintf("%d faults", len(diags))
	}
	l.diags = append(l.diags, diags...)
	l.diags.Addf(pos, at, "%s has %s", name, faults)
}
