package cli

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// loadCells reads, checks and compiles a scenario for each cell of its matrix, and returns the plan for the first. A
// cell that does not fit in memory has a fault.
func (s *state) loadCells(j job) (*plan.Plan, diag.List) {
	p, _, faults := s.load(j.File, j)
	if p == nil {
		return nil, faults
	}
	root := os.DirFS("/")
	faults = append(faults, run.TooLarge(p, root)...)
	for _, cell := range p.Scenario.Matrix.Cells(j.Set)[1:] {
		other, _, found := s.load(j.File, j.of(cell))
		if other != nil {
			found = append(found, run.TooLarge(other, root)...)
		}
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

// runsOf lays out the runs of one scenario: for each cell of its matrix a run for each seed. like has been loaded for
// each cell.
func runsOf(f runFlags, group int, p *plan.Plan, like job) ([]job, diag.List) {
	count := f.seedCount(p.Scenario)
	if f.seed > math.MaxUint64-uint64(count-1) {
		return nil, diag.List{{Position: p.Scenario.Keys.At("seeds", p.Scenario.Pos), Path: "seeds", Message: fmt.Sprintf("from --seed %d on there are not so many seeds", f.seed)}}
	}
	var jobs []job
	for i, cell := range p.Scenario.Matrix.Cells(like.Set) {
		j := like.of(cell)
		j.inputs = like.reading.sum(i)
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

// campaign shows and saves what all runs came to together, and returns its verdict.
func (c *console) campaign(jobs []job) run.Verdict {
	var ended []report.Ended
	var begun []job
	for i, j := range jobs {
		if r, ok := c.results[i]; ok {
			ended = append(ended, report.Ended{Group: j.group, Result: r, Out: j.Dir, Cached: c.cached[i]})
			begun = append(begun, j)
		}
	}
	x := report.NewCampaign(ended, len(jobs)-len(ended), time.Since(c.start), func(i int, cut string) string {
		if i < 0 {
			return wholeCommand(c.program, c.args)
		}
		j := begun[i]
		if cut != "" {
			j.Cut = cut
		}
		return repeatCommand(c.program, j)
	})
	if len(jobs) > 1 {
		c.reportCauses(&x)
		if err := errors.Join(compareWithKnown(c.flags.causesFile(), &x, begun, ended), saveCampaign(c.flags.base(), x)); err != nil {
			c.complain(fmt.Errorf("the results of the campaign cannot be written: %w", err))
			x.Verdict = x.Verdict.Worse(run.Infra)
			x.ExitCode = x.Verdict.ExitCode()
		}
	}
	if err := c.print(x, len(jobs) > 1); err != nil {
		c.complain(err)
		return x.Verdict.Worse(run.Infra)
	}
	return x.Verdict
}

// print writes a campaign to standard output. Of a single run all was said, unless its sweep has causes of its own.
func (c *console) print(x report.Campaign, many bool) error {
	if c.flags.json {
		x.Results = c.inOrder()
		return report.JSON(c.stdout, x)
	}
	if !many && len(x.Causes) < 2 && !(len(x.Causes) == 1 && c.results[0].Verdict == run.Pass) {
		return nil
	}
	return c.text().Campaign(x)
}

// saveCampaign writes what belongs to all runs.
func saveCampaign(dir string, x report.Campaign) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeAll(dir, map[string]func(f *os.File) error{
		junitFile:   func(f *os.File) error { return report.CampaignJUnit(f, x) },
		summaryFile: func(f *os.File) error { return report.JSON(f, x) },
	})
}
