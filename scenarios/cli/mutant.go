package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/fixtures/mutants"
	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/twin"
)

// mutant names firmware that every device of a kind runs in the place of its own: one of the kind's mutants, a
// mutant of the library's where the kind is, or, to see how good firmware does, one of the kind's versions.
type mutant struct {
	Kind string `json:"kind"` // the name of the kind file
	Name string `json:"name"`
}

// builtin returns the library's mutant that m names.
func (m mutant) builtin() (mutants.Mutant, bool) {
	if !strings.HasPrefix(m.Kind, library.Prefix) {
		return mutants.Mutant{}, false
	}
	return mutants.Find(m.Name)
}

// goName is the name under which Go firmware of a mutant of the library's is registered. No kind file names it.
func (m mutant) goName() string { return "mutant " + m.Name }

func (m *mutant) plan() *plan.Mutant {
	if m == nil {
		return nil
	}
	p := &plan.Mutant{Kind: m.Kind, Name: m.Name}
	if b, ok := m.builtin(); ok {
		p.Build = lang.Build{Go: m.goName()}
		if b.Language == mutants.C {
			p.Build = lang.Build{Wasm: library.MutantModule(m.Name)}
		}
	}
	return p
}

// firmwareOf returns the Go firmware that a job may run, by name.
func (s *state) firmwareOf(j job) map[string]twin.Firmware {
	if j.Mutant == nil {
		return s.firmware
	}
	b, ok := j.Mutant.builtin()
	if !ok || b.Firmware == nil {
		return s.firmware
	}
	all := maps.Clone(s.firmware)
	all[j.Mutant.goName()] = b.Firmware
	return all
}

// kindsOf returns the kinds of a scenario's devices, in their order.
func kindsOf(p *plan.Plan) []*lang.Kind {
	var kinds []*lang.Kind
	for i := range p.Devices {
		if k := p.Devices[i].Kind; !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// mutantsOf returns what there is of a kind: its own mutants, then the library's, each sorted by name.
func mutantsOf(k *lang.Kind) []mutant {
	var all []mutant
	for _, name := range slices.Sorted(slices.Values(k.Mutants.Names())) {
		all = append(all, mutant{Kind: plan.KindFile(k), Name: name})
	}
	if !strings.HasPrefix(plan.KindFile(k), library.Prefix) {
		return all
	}
	for _, m := range mutants.All() {
		if m.Device == k.Kind {
			all = append(all, mutant{Kind: plan.KindFile(k), Name: m.Name})
		}
	}
	return all
}

// findMutant returns the mutant of that name of one of the scenario's kinds, or the version.
func findMutant(p *plan.Plan, name string) (*mutant, error) {
	var names []string
	for _, k := range kindsOf(p) {
		if _, ok := k.Firmware.Get(name); ok {
			return &mutant{Kind: plan.KindFile(k), Name: name}, nil
		}
		for _, m := range mutantsOf(k) {
			if m.Name == name {
				return &m, nil
			}
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("--mutant %s: the kinds of %s have no mutants", name, library.Display(p.File))
	}
	return nil, fmt.Errorf("--mutant %s: the kinds of %s have no such mutant; %s", name, library.Display(p.File), diag.DidYouMean(name, names))
}

// judge does a run that only its verdict is wanted of.
func (w *worker) judge(bubble func(func()) error, j job) outcome {
	p, program, faults := w.load(j.File, j)
	if p == nil {
		return faulty(j, faults)
	}
	r := run.Run(p, program, w.options(bubble, j))
	r.File = library.Display(j.File)
	return outcome{Result: r}
}
