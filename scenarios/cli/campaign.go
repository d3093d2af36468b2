package cli

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// loadCells reads, checks and compiles a scenario for each cell of its matrix, and returns the plan for the first.
func (s *state) loadCells(j job) (*plan.Plan, diag.List) {
	p, _, faults := s.load(j.File, j)
	if p == nil {
		return nil, faults
	}
	for _, cell := range p.Scenario.Matrix.Cells(j.Set)[1:] {
		_, _, found := s.load(j.File, j.of(cell))
		faults = append(faults, found...)
	}
	return p, faults
}

// of returns the job for a cell.
func (j job) of(cell []lang.Setting) job {
	set := maps.Clone(j.Set)
	if set == nil {
		set = map[string]string{}
	}
	for _, s := range cell {
		set[s.Name] = s.Value
	}
	j.Set, j.Cell = set, cell
	return j
}

// runsOf lays out the runs of one scenario: for each cell of its matrix a run for each seed.
func runsOf(f runFlags, group int, p *plan.Plan, like job) ([]job, diag.List) {
	count := f.seedCount(p.Scenario)
	if f.seed > math.MaxUint64-uint64(count-1) {
		return nil, diag.List{{Position: p.Scenario.Keys.At("seeds", p.Scenario.Pos), Path: "seeds", Message: fmt.Sprintf("from --seed %d on there are not so many seeds", f.seed)}}
	}
	var jobs []job
	for _, cell := range p.Scenario.Matrix.Cells(like.Set) {
		j := like.of(cell)
		j.Name, j.group = p.Scenario.Scenario, group
		for n := range count {
			j.Seed = seed.Seed(f.seed + uint64(n))
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// seedCount is how many seeds to run: what the command line says, or else the scenario.
func (f runFlags) seedCount(s *lang.Scenario) int {
	if f.seedsGiven || f.seedGiven || s.Seeds == 0 || f.sweep != "" || f.verify {
		return f.seeds
	}
	return s.Seeds
}

// stem names the folders of a job's scenario.
func stem(j job) string {
	return strings.TrimSuffix(filepath.Base(strings.TrimPrefix(j.File, library.Prefix)), filepath.Ext(j.File))
}

// cellStem names the folders of a cell: outage-v1.4.0-v7.
func cellStem(j job) string {
	name := stem(j)
	for _, s := range j.Cell {
		name += "-" + unsafeInFiles().ReplaceAllString(s.Value, "_")
	}
	return name
}

func unsafeInFiles() *regexp.Regexp { return regexp.MustCompile(`[^A-Za-z0-9._+-]`) }

// campaigns shows and saves what the runs of each scenario came to together, and returns the verdicts that only
// all of them have.
func (c *console) campaigns(jobs []job) []run.Verdict {
	var verdicts []run.Verdict
	for from := 0; from < len(jobs); {
		to := from
		for to < len(jobs) && jobs[to].group == jobs[from].group {
			to++
		}
		verdicts = append(verdicts, c.campaign(jobs, from, to)...)
		from = to
	}
	return verdicts
}

func (c *console) campaign(jobs []job, from, to int) []run.Verdict {
	var results []run.Result
	var kept []int
	for i := from; i < to; i++ {
		if r, ok := c.results[i]; ok {
			results, kept = append(results, r), append(kept, i)
		}
	}
	if len(results) == 0 || to-from == 1 && results[0].Sweep == nil {
		return nil
	}
	x := report.NewCampaign(results, func(i int) string { return c.extra(jobs[kept[i]], outcome{Result: results[i]}).Repeat })
	var verdicts []run.Verdict
	for _, f := range x.Never() {
		verdicts = append(verdicts, f.Verdict)
		if c.flags.json {
			fmt.Fprintf(c.stderr, "%s: %s\n", f.Pos, f.Message)
		}
	}
	if to-from > 1 {
		if err := saveCampaign(filepath.Join(c.flags.base(), stem(jobs[from])), x, results); err != nil {
			c.complain(err)
			verdicts = append(verdicts, run.Infra)
		}
	}
	if !c.flags.json {
		t := report.Text{W: c.stdout, Color: c.color}
		if err := t.Campaign(x); err != nil {
			c.unheard(err)
		}
	}
	return verdicts
}

// saveCampaign writes what belongs to all runs of a scenario.
func saveCampaign(dir string, x report.Campaign, results []run.Result) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeAll(dir, map[string]func(f *os.File) error{
		"junit.xml": func(f *os.File) error { return report.JUnit(f, results...) },
		summaryFile: func(f *os.File) error { return report.JSON(f, x) },
	})
}
