package report

import (
	"slices"
	"time"

	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/run"
)

// Campaign is what several runs came to together: summary.json of a campaign, and what --json prints.
type Campaign struct {
	Verdict   run.Verdict         `json:"verdict"`
	ExitCode  int                 `json:"exit_code"`
	Runs      int                 `json:"runs"`                // that ended
	NotBegun  int                 `json:"not_begun,omitempty"` // since the campaign was interrupted
	Verdicts  map[run.Verdict]int `json:"verdicts"`            // how many runs came to which
	Cached    int                 `json:"cached,omitempty"`    // runs whose results were known, and which were not done anew
	Wall      float64             `json:"wall"`                // seconds
	Causes    []Cause             `json:"causes"`
	Scenarios []Scenario          `json:"scenarios"`
	Results   []Summary           `json:"results,omitempty"` // of each run, in --json only
}

// Scenario is what the runs of one scenario came to: its cells and its seeds.
type Scenario struct {
	Scenario     string      `json:"scenario"`
	File         string      `json:"file"`
	Mode         string      `json:"mode"`
	Verdict      run.Verdict `json:"verdict"`
	Reason       string      `json:"reason,omitempty"` // why it was skipped
	Runs         int         `json:"runs"`
	Passed       int         `json:"passed"`         // skipped ones too
	Elapsed      float64     `json:"elapsed"`        // seconds on the clocks of all its runs
	Axes         []string    `json:"axes,omitempty"` // of the matrix
	Cells        []Cell      `json:"cells"`          // one where there is no matrix
	FailingSeeds []uint64    `json:"failing_seeds,omitempty"`
	Sweep        string      `json:"sweep,omitempty"` // what its sweep came to, in one line

	never []run.Failure // what was true in none of its runs
}

// Cell is a cell of a matrix: all its seeds.
type Cell struct {
	Values       map[string]string `json:"values,omitempty"`
	Verdict      run.Verdict       `json:"verdict"`
	Runs         int               `json:"runs"`
	Passed       int               `json:"passed"`
	FailingSeeds []uint64          `json:"failing_seeds,omitempty"`
	settings     []lang.Setting
}

// Ended is a run of a campaign that ended.
type Ended struct {
	Group  int // the same for the runs of one scenario, which stand together
	Result run.Result
	Out    string // the folder of its results
	Cached bool   // the result was known
}

// NewCampaign puts the results of runs together, in their order: that in which they were to be done, not that in
// which they ended. repeat returns the command that repeats the i-th, or, where cut is not empty, one cut of it; that
// of -1 repeats all.
func NewCampaign(runs []Ended, notBegun int, wall time.Duration, repeat func(i int, cut string) string) Campaign {
	c := Campaign{Verdict: run.Skipped, Runs: len(runs), NotBegun: notBegun, Wall: wall.Seconds(), Verdicts: map[run.Verdict]int{}, Causes: []Cause{}, Scenarios: []Scenario{}}
	if notBegun > 0 {
		c.Verdict = run.Interrupted
	}
	norm := newNormaliser()
	for from := 0; from < len(runs); {
		to := from
		for ; to < len(runs) && runs[to].Group == runs[from].Group; to++ {
			c.Verdicts[runs[to].Result.Verdict]++
			if runs[to].Cached {
				c.Cached++
			}
		}
		c.add(runs[from:to], from, norm)
		from = to
	}
	slices.SortStableFunc(c.Causes, byWeight)
	for i := range c.Causes {
		cause := &c.Causes[i]
		x := cause.example
		if cause.Never {
			cause.Repeat = repeat(-1, "")
			continue
		}
		cause.Repeat, cause.Out = repeat(x.index, x.cut), runs[x.index].Out
		cause.Seed, cause.Cell, cause.Cut = runs[x.index].Result.Seed, lang.CellText(runs[x.index].Result.Cell), x.cut
	}
	c.ExitCode = c.Verdict.ExitCode()
	return c
}

// add takes in the runs of one scenario.
func (c *Campaign) add(runs []Ended, from int, norm *normaliser) {
	s := newScenario(runs)
	causes := causesOf(s.Scenario, s.File, trials(runs, from), norm)
	for _, f := range s.never {
		s.Verdict = s.Verdict.Worse(f.Verdict)
		causes = append(causes, Cause{Scenario: s.Scenario, File: s.File, Position: f.Pos.String(), Step: f.Step, Verdict: f.Verdict, Evidence: norm.normal(f.Message), Message: f.Message,
			Key: keyOf(s.Scenario, f, norm.normal(f.Message)), Runs: s.Runs, Of: s.Runs, Never: true})
	}
	for i := range causes {
		causes[i].order = len(c.Scenarios)
	}
	c.Causes = append(c.Causes, causes...)
	c.Scenarios = append(c.Scenarios, s)
	c.Verdict = c.Verdict.Worse(s.Verdict)
}

func newScenario(runs []Ended) Scenario {
	first := &runs[0].Result
	s := Scenario{Scenario: first.Scenario, File: first.File, Mode: first.Mode, Verdict: run.Skipped}
	for _, x := range first.Cell {
		s.Axes = append(s.Axes, x.Name)
	}
	var elapsed time.Duration
	var results []run.Result
	cells := map[string]int{}
	for _, e := range runs {
		r := e.Result
		results = append(results, r)
		key := lang.CellText(r.Cell)
		at, ok := cells[key]
		if !ok {
			at = len(s.Cells)
			cells[key] = at
			s.Cells = append(s.Cells, Cell{Values: values(r.Cell), Verdict: run.Skipped, settings: r.Cell})
		}
		s.Runs++
		elapsed += r.Elapsed
		s.Verdict = s.Verdict.Worse(r.Verdict)
		if r.Verdict == run.Skipped {
			s.Reason = r.Reason
		}
		if r.Sweep != nil && r.Sweep.Runs > 0 {
			s.Sweep = r.Sweep.Describe()[0]
		}
		if s.Cells[at].add(r) {
			s.Passed++
		} else if r.Verdict != run.Interrupted && !slices.Contains(s.FailingSeeds, r.Seed) {
			s.FailingSeeds = append(s.FailingSeeds, r.Seed)
		}
	}
	slices.Sort(s.FailingSeeds)
	s.Elapsed, s.never = elapsed.Seconds(), run.NeverSeen(results)
	return s
}

func values(cell []lang.Setting) map[string]string {
	all := map[string]string{}
	for _, s := range cell {
		all[s.Name] = s.Value
	}
	return all
}

// add counts a run; passed also where it was skipped.
func (c *Cell) add(r run.Result) (passed bool) {
	c.Runs++
	c.Verdict = c.Verdict.Worse(r.Verdict)
	if r.Verdict == run.Pass || r.Verdict == run.Skipped {
		c.Passed++
		return true
	}
	if r.Verdict != run.Interrupted {
		c.FailingSeeds = append(c.FailingSeeds, r.Seed)
	}
	return false
}
