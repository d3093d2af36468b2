package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strconv"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/run"
)

// Cause is one reason for which runs of a scenario did not pass: one place in a file, and evidence that is the
// same but for numbers and names.
type Cause struct {
	Scenario string      `json:"scenario"`
	File     string      `json:"file"`
	Position string      `json:"position"` // file:line:col of the step or the invariant
	Step     string      `json:"step,omitempty"`
	Verdict  run.Verdict `json:"verdict"`
	Evidence string      `json:"evidence"`         // what the messages of all its runs have in common
	Message  string      `json:"message"`          // of the smallest run that has it
	Detail   string      `json:"detail,omitempty"` // the same
	Runs     int         `json:"runs"`             // how many have it
	Of       int         `json:"of"`               // of how many of the scenario that came to a verdict; every cut of a sweep is one
	Seeds    []uint64    `json:"seeds,omitempty"`  // those of Runs, ascending; at most 100
	Shared   *Shared     `json:"shared,omitempty"` // what Runs have in common and those that passed have not
	Status   string      `json:"status,omitempty"` // new, known or back, against the campaigns before
	Key      string      `json:"key"`              // the same for the same cause of another campaign
	Seed     uint64      `json:"seed"`             // of the smallest run that has it
	Cell     string      `json:"cell,omitempty"`   // the same: its values of the matrix, as in firmware=v2 latency=20ms
	Cut      string      `json:"cut,omitempty"`    // the same: of a sweep, as in 17/half
	Repeat   string      `json:"repeat"`           // the command that repeats it
	Out      string      `json:"out,omitempty"`    // the folder of its results
	Never    bool        `json:"never,omitempty"`  // it is what none of all runs saw: no single one has it
	Report   string      `json:"report,omitempty"` // its report.html, where one was written

	order   int   // of the scenario
	runs    []int // indices of trials
	example trial // the smallest run that has it
}

// maxSeeds is how many seeds a Cause lists.
const maxSeeds = 100

// trial is what counts as one run where causes are told: a run, or one cut of a run with a sweep.
type trial struct {
	index      int // of the run
	seed       uint64
	cut        string
	write      int // of cut
	verdict    run.Verdict
	failures   []run.Failure // in the order in which they were found
	properties []property
}

// trials lays out the runs of one scenario, whose indices begin at from.
func trials(runs []Ended, from int) []trial {
	var all []trial
	for i, e := range runs {
		r := &e.Result
		t := trial{index: from + i, seed: r.Seed, verdict: r.Verdict, failures: r.Failures}
		for _, s := range r.Cell {
			t.properties = append(t.properties, property{s.Name, s.Value})
		}
		t.properties = append(t.properties, property{seedProperty, strconv.FormatUint(r.Seed, 10)})
		switch {
		case r.Sweep != nil && r.Sweep.Runs > 0:
			all = append(all, cuts(t, r)...)
		default:
			if len(t.failures) == 0 {
				t.failures = []run.Failure{{Pos: diag.Position{File: r.File}, Step: "run", Verdict: r.Verdict, Message: cmp.Or(r.Reason, string(r.Verdict))}}
			}
			all = append(all, t)
		}
	}
	return all
}

// cuts makes a trial of each run of a sweep.
func cuts(like trial, r *run.Result) []trial {
	failed := map[string]run.FailedCut{}
	for _, f := range r.Sweep.Failed {
		failed[f.Cut.String()] = f
	}
	var all []trial
	for i, c := range run.Cuts(r.Sweep.Sizes, r.Sweep.Torn) {
		if i >= r.Sweep.Runs {
			break // interrupted
		}
		t := like
		t.cut, t.write, t.verdict, t.failures = c.String(), c.Write, run.Pass, nil
		t.properties = append(slices.Clone(like.properties), property{"torn", c.Torn}, property{writeProperty, strconv.Itoa(c.Write)})
		if f, ok := failed[t.cut]; ok {
			t.verdict = f.Verdict
			t.failures = []run.Failure{{Pos: f.Pos, Step: "sweep", Verdict: f.Verdict, Message: f.Message}}
			if f.Cut == r.Sweep.Failed[0].Cut && len(r.Failures) > 0 {
				t.failures[0].Step, t.failures[0].Detail = r.Failures[0].Step, r.Failures[0].Detail
			}
			if f.Pos == (diag.Position{}) {
				t.failures[0].Pos.File = r.File
			}
		}
		all = append(all, t)
	}
	return all
}

// causesOf groups the trials of a scenario that did not pass.
func causesOf(scenario, file string, all []trial, n *normaliser) []Cause {
	var causes []Cause
	at := map[string]int{}
	judged := 0
	for i, t := range all {
		if t.verdict == run.Skipped || t.verdict == run.Interrupted {
			continue
		}
		judged++
		if t.verdict == run.Pass {
			continue
		}
		for _, f := range t.failures {
			evidence := n.normal(f.Message)
			key := keyOf(scenario, f, evidence)
			k, known := at[key]
			if !known {
				k = len(causes)
				at[key] = k
				causes = append(causes, Cause{Scenario: scenario, File: file, Position: f.Pos.String(), Step: f.Step, Verdict: f.Verdict, Evidence: evidence, Key: key})
			}
			if c := &causes[k]; len(c.runs) == 0 || c.runs[len(c.runs)-1] != i { // once a run
				c.runs = append(c.runs, i)
			}
		}
	}
	for i := range causes {
		causes[i].Of = judged
		causes[i].complete(all, n)
	}
	return causes
}

// keyOf names a cause: a short hash, the same in every campaign, from whatever folder it was started.
func keyOf(scenario string, f run.Failure, evidence string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %d %d %q %q", scenario, path.Base(f.Pos.File), f.Pos.Line, f.Pos.Col, f.Verdict, evidence))
	return hex.EncodeToString(sum[:6])
}

// complete finds the example and what the runs share.
func (c *Cause) complete(all []trial, n *normaliser) {
	c.Runs = len(c.runs)
	var failing, passing [][]property
	for _, i := range c.runs {
		failing = append(failing, all[i].properties)
		if !slices.Contains(c.Seeds, all[i].seed) {
			c.Seeds = append(c.Seeds, all[i].seed)
		}
	}
	for _, t := range all {
		if t.verdict == run.Pass {
			passing = append(passing, t.properties)
		}
	}
	slices.Sort(c.Seeds)
	c.Seeds = c.Seeds[:min(len(c.Seeds), maxSeeds)]
	c.Shared = share(failing, passing)
	c.example = all[slices.MinFunc(c.runs, func(a, b int) int {
		return cmp.Or(cmp.Compare(all[a].seed, all[b].seed), cmp.Compare(all[a].write, all[b].write), cmp.Compare(a, b))
	})]
	for _, f := range c.example.failures {
		if f.Pos.String() == c.Position && f.Verdict == c.Verdict && n.normal(f.Message) == c.Evidence {
			c.Message, c.Detail, c.Step = f.Message, f.Detail, f.Step
			break
		}
	}
}

// byWeight orders causes: what is the device's fault first, then in the order of the scenarios, then what most
// runs have.
func byWeight(a, b Cause) int {
	return cmp.Or(cmp.Compare(blame(a.Verdict), blame(b.Verdict)), cmp.Compare(a.order, b.order), compareBool(a.Never, b.Never), -cmp.Compare(a.Runs, b.Runs),
		cmp.Compare(a.example.index, b.example.index), cmp.Compare(a.Position, b.Position), cmp.Compare(a.Evidence, b.Evidence))
}

// blame orders verdicts: the device's, then those that say nothing about it.
func blame(v run.Verdict) int {
	return slices.Index([]run.Verdict{run.Fail, run.Invalid, run.Infra}, v)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
