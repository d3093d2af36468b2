package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/fixtures/mutants"
	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
)

// hunter is a hunt: what is run, in its order.
type hunter struct {
	*state
	flags     huntFlags
	scenarios []string // as a user names them; job.group is the index
	mutants   []hunted
	good      []job
	jobs      []job // each with a mutant
}

// hunted is a mutant with what a report says of it.
type hunted struct {
	mutant
	kind, language, about string
}

// newHunter checks every file, all faults at once, and lays out the runs.
func (s *state) newHunter(f huntFlags, targets []string) (*hunter, error) {
	h := &hunter{state: s, flags: f}
	var faults diag.List
	for group, t := range targets {
		like := job{File: t, Seed: seed.Seed(f.seed), Mode: run.Sim}
		p, found := s.loadCells(like)
		faults = append(faults, found...)
		h.scenarios = append(h.scenarios, library.Display(t))
		if p == nil {
			continue
		}
		like.group = group
		for _, j := range h.layOut(p, like) {
			faults = append(faults, h.add(p, j)...)
		}
	}
	faults.Sort()
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if err := h.missing(); err != nil {
		return nil, err
	}
	// The runs of one mutant follow one another, so that a worker has its module compiled.
	order := map[mutant]int{}
	for i, m := range h.mutants {
		order[m.mutant] = i
	}
	slices.SortStableFunc(h.jobs, func(a, b job) int { return order[*a.Mutant] - order[*b.Mutant] })
	return h, nil
}

// layOut returns a scenario once with the firmware that it asks for, and once with each that is put in its place:
// the mutants, and the good firmware in the language of those that are not in the scenario's.
func (h *hunter) layOut(p *plan.Plan, like job) []job {
	jobs := []job{like}
	for _, k := range kindsOf(p) {
		versions := map[string]bool{}
		for _, m := range mutantsOf(k) {
			if !h.wanted(m.Name) {
				continue
			}
			x := h.hunted(k, m)
			if version := goodVersion(p, k, x.language); version != "" && !versions[version] {
				versions[version] = true
				good := like
				good.Mutant = &mutant{Kind: m.Kind, Name: version}
				jobs = append(jobs, good)
			}
			j := like
			j.Mutant = &m
			jobs = append(jobs, j)
			if !slices.Contains(h.mutants, x) {
				h.mutants = append(h.mutants, x)
			}
		}
	}
	return jobs
}

// add checks a scenario with its firmware, and lays out its runs: one for each cell of its matrix and each seed.
func (h *hunter) add(p *plan.Plan, j job) diag.List {
	hunted := j.Mutant != nil && slices.ContainsFunc(h.mutants, func(m hunted) bool { return m.mutant == *j.Mutant })
	if hunted && !strings.HasPrefix(j.Mutant.Kind, library.Prefix) {
		if _, _, faults := h.load(j.File, j); len(faults) > 0 {
			return faults
		}
	}
	runs, faults := runsOf(runFlags{seed: h.flags.seed, seeds: 1}, j.group, p, j)
	if hunted {
		h.jobs = append(h.jobs, runs...)
	} else {
		h.good = append(h.good, runs...)
	}
	return faults
}

func (h *hunter) wanted(name string) bool {
	return slices.Contains(h.flags.mutants, everyMutant) || slices.Contains(h.flags.mutants, name)
}

// missing is the error of a hunt for what is not there.
func (h *hunter) missing() error {
	if len(h.mutants) == 0 && slices.Contains(h.flags.mutants, everyMutant) {
		return fmt.Errorf("the kinds of %s have no mutants; list them in the kind file: mutants: {NAME: {wasm: FILE}}", strings.Join(h.scenarios, ", "))
	}
	for _, name := range h.flags.mutants {
		if name == everyMutant || slices.ContainsFunc(h.mutants, func(m hunted) bool { return m.Name == name }) {
			continue
		}
		return fmt.Errorf("--mutants=%s: no kind of %s has such a mutant", name, strings.Join(h.scenarios, ", "))
	}
	return nil
}

func (h *hunter) hunted(k *lang.Kind, m mutant) hunted {
	x := hunted{mutant: m, kind: k.Kind, language: mutants.Go}
	if b, ok := m.builtin(); ok {
		x.language, x.about = b.Language, b.About
	} else if build, _ := k.Mutants.Get(m.Name); build.Wasm != "" {
		x.language = "wasm"
	}
	return x
}

// goodVersion returns the version of a kind that a mutant in a language is a variation of, where the scenario's
// devices run another language: the last one listed. "" means that they run the same, or that there is none.
func goodVersion(p *plan.Plan, k *lang.Kind, language string) string {
	inGo := language == mutants.Go
	for i := range p.Devices {
		if d := &p.Devices[i]; d.Kind == k && (d.Module == nil) == inGo {
			return ""
		}
	}
	for _, b := range slices.Backward(k.Firmware) {
		if (b.Value.Wasm == "") == inGo {
			return b.Name
		}
	}
	return ""
}
