package trial

import (
	"io"
	"maps"
	"os"
	"slices"

	"github.com/twinrig/twinrig/fixtures"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/wasm"
)

// Options are what a scenarios.Option sets.
type Options struct {
	Firmware map[string]twin.Firmware
	Set      map[string]string
	Seed     *seed.Seed // nil: 1, or the seeds of the scenario
	Mode     string     // run.Sim or run.Live
	Trace    io.Writer  // of the first run; nil: where artefacts go
	Parallel bool       // the tests of the runs are parallel ones
	Short    bool       // of each cell the first seed alone
}

// NewOptions returns the defaults: the built-in firmware in virtual time.
func NewOptions() Options {
	return Options{Firmware: fixtures.Firmware(), Set: map[string]string{}, Mode: run.Sim}
}

func (o Options) firstSeed() seed.Seed {
	if o.Seed == nil {
		return 1
	}
	return *o.Seed
}

// Load makes a plan of a scenario; the error is a diag.List of every fault in its files.
func (o Options) Load(file string) (*plan.Plan, *expect.Program, error) {
	p, faults := plan.Load(plan.Options{File: file, ReadFile: library.ReadFile, Set: o.Set, Seed: o.firstSeed(), Firmware: slices.Sorted(maps.Keys(o.Firmware)), CheckModule: wasm.Check, Mode: o.Mode})
	if p == nil {
		return nil, nil, faults.Err()
	}
	program, more := expect.Compile(p)
	faults = append(faults, more...)
	if len(faults) == 0 {
		faults = run.TooLarge(p, os.DirFS("/"))
	}
	faults.Sort()
	return p, program, faults.Err()
}

// Trial is one scenario with all its runs.
type Trial struct {
	Scenario *lang.Scenario
	File     string
	Cells    []Cell
	Short    bool // seeds were left out
}

// Cell is a cell of the scenario's matrix with its runs, one for each seed.
type Cell struct {
	Settings []lang.Setting // empty where there is no matrix
	Runs     []Run
}

// Run is one run.
type Run struct {
	Index   int // in all of the scenario
	Seed    seed.Seed
	File    string
	Options Options // with the values of the cell and the seed
}

// New lays out the runs of a scenario: for each cell of its matrix one for each seed. The error is a diag.List of
// the faults of all cells.
func New(file string, o Options) (*Trial, error) {
	p, _, err := o.Load(file)
	if err != nil {
		return nil, err
	}
	seeds := max(1, p.Scenario.Seeds)
	if o.Seed != nil {
		seeds = 1
	}
	t := &Trial{Scenario: p.Scenario, File: file, Short: o.Short && seeds > 1}
	if t.Short {
		seeds = 1
	}
	for _, settings := range p.Scenario.Matrix.Cells(o.Set) {
		one := o
		one.Set = maps.Clone(o.Set)
		for _, s := range settings {
			one.Set[s.Name] = s.Value
		}
		if _, _, err := one.Load(file); err != nil {
			return nil, err
		}
		cell := Cell{Settings: settings}
		for n := range seeds {
			s := o.firstSeed() + seed.Seed(n)
			one.Seed = &s
			cell.Runs = append(cell.Runs, Run{Index: len(t.Cells)*seeds + n, Seed: s, File: file, Options: one})
		}
		t.Cells = append(t.Cells, cell)
	}
	return t, nil
}

// Count is how many runs there are.
func (t *Trial) Count() int {
	n := 0
	for _, c := range t.Cells {
		n += len(c.Runs)
	}
	return n
}
