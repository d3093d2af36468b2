package scenarios

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/twin/wasm"
)

// runsOf returns the runs of a scenario: for each cell of its matrix one for each seed. The error lists the
// faults of all cells.
func runsOf(file string, o options) ([]options, error) {
	p, _, err := load(file, o)
	if err != nil {
		return nil, err
	}
	seeds := max(1, p.Scenario.Seeds)
	if o.seed != nil {
		seeds = 1
	}
	var runs []options
	for _, cell := range p.Scenario.Matrix.Cells(o.set) {
		one := o
		one.set = maps.Clone(o.set)
		for _, s := range cell {
			one.set[s.Name] = s.Value
		}
		if _, _, err := load(file, one); err != nil {
			return nil, err
		}
		for n := range seeds {
			s := o.firstSeed() + seed.Seed(n)
			one.seed = &s
			runs = append(runs, one)
		}
	}
	return runs, nil
}

// execute does the runs one after the other, up to one that leaves goroutines behind.
func execute(t *testing.T, file string, o options, runs []options) []run.Result {
	t.Helper()
	modules := wasm.NewCache()
	defer modules.Close()
	var results []run.Result
	for i, one := range runs {
		p, program, err := load(file, one)
		if err != nil {
			t.Fatalf("the scenario has faults\n%s", err)
		}
		out := one.trace
		if out == nil || i > 0 {
			name := "trace.jsonl"
			if i > 0 {
				name = fmt.Sprintf("trace-%d.jsonl", i+1)
			}
			f, err := os.Create(filepath.Join(t.ArtifactDir(), name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			out = f
		}
		bubble := func(body func()) error { return vtime.Bubble(t, body) }
		r := run.Run(p, program, run.Options{Mode: o.mode, Firmware: o.firmware, Modules: modules, Bubble: bubble, Trace: out})
		if r.Leftover && r.Verdict == run.Pass {
			r.Verdict, r.Reason = run.Fail, "goroutines of the firmware go on after the run; let them end when a hardware call fails"
		}
		results = append(results, r)
		if r.Leftover {
			break
		}
	}
	return results
}

// judge fails t for every run that did not pass, and for what none of them saw.
func judge(t *testing.T, name string, results []run.Result) {
	t.Helper()
	skipped := 0
	for _, r := range results {
		switch r.Verdict {
		case run.Pass:
		case run.Skipped:
			skipped++
		default:
			t.Error(explain(t, r, name))
		}
	}
	for _, f := range run.NeverSeen(results) {
		t.Errorf("%s: %s", f.Pos, f.Message)
	}
	if skipped == len(results) {
		t.Skipf("%s: %s", name, results[0].Reason)
	}
}
