package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// console shows runs to whoever started them.
type console struct {
	*state
	flags     runFlags
	total     int
	start     time.Time
	mu        sync.Mutex // guards all below and the writing
	progress  *progress
	verdicts  []run.Verdict
	summaries map[int]report.Summary // by the index of the job; with --json
	results   map[int]run.Result     // the same
	cached    map[int]bool           // the same: the result was known
	known     *known                 // nil: every run is done
	sweeps    bool                   // do the cuts of scenarios with a sweep
	held      map[int]*sweep         // by the index of the job
}

func newConsole(s *state, f runFlags, total int) *console {
	c := &console{state: s, flags: f, total: total, start: time.Now(), summaries: map[int]report.Summary{}, held: map[int]*sweep{}, results: map[int]run.Result{}, cached: map[int]bool{}}
	columns := s.columns
	if !s.terminal || f.json {
		columns = nil
	}
	w := s.stderr
	if f.json {
		w = io.Discard // a program reads; nobody waits
	}
	c.progress = newProgress(w, columns, time.Now)
	return c
}

func (c *console) text() report.Text { return report.Text{W: c.stdout, Color: c.color, Width: c.width} }

// run does the jobs and returns their verdicts. The results are on disk when it returns.
func (c *console) run(ctx context.Context, jobs []job) []run.Verdict {
	p := &pool{state: c.state, workers: c.flags.jobs, progress: c.moved, done: c.done}
	if len(jobs) > 1 || c.flags.mode == run.Sim {
		// A run is sequential: a second processor would do little but wake up each time that one goroutine makes way for
		// another, which costs half as much again as the run.
		p.maxprocs = 1
	}
	if c.known != nil {
		p.known = c.known.find
	}
	c.sweeps = true
	c.progress.begin("run", len(jobs))
	p.run(ctx, jobs)
	c.sweepAll(ctx)
	c.progress.clear()
	return append(c.verdicts, c.campaign(jobs))
}

// moved is told how far a run is.
func (c *console) moved(j job, p run.Progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	share := 0.0
	if p.Steps > 0 {
		share = float64(p.Step) / float64(p.Steps)
	}
	c.progress.at(j.Dir, share, fmt.Sprintf("%s seed %d at %s: %s", j.Name, j.Seed, report.Duration(p.Elapsed), p.Text))
}

// done is told of a run that ended.
func (c *console) done(i int, j job, o outcome) {
	o.Result.Cell = j.Cell // a run that was lost does not know
	if c.hold(i, j, o) {
		return
	}
	if c.known != nil {
		c.known.keep(j, o)
	}
	c.show(i, j, o)
}

// extra is what the reports of a run say beside its result.
func (c *console) extra(j job, o outcome) report.Extra {
	id := identityOf(j) // whatever cut failed: the folder is that of the whole sweep
	if s := o.Result.Sweep; s != nil && len(s.Failed) > 0 {
		j.Cut = s.Failed[0].Cut.String()
	}
	return report.Extra{Wall: o.Wall, Digest: o.Digest, Out: j.Dir, ID: id, Repeat: repeatCommand(c.program, j), Cached: o.cached}
}

// show saves one run, and shows it where it is the only one.
func (c *console) show(i int, j job, o outcome) {
	x := c.extra(j, o)
	if err := save(j, o, x, c.total > 1); err != nil {
		o.Result.Verdict = o.Result.Verdict.Worse(run.Infra)
		o.Result.Reason = "the results cannot be written: " + err.Error()
	}
	if !o.Taken {
		var err error
		if x.Report, err = c.report(j.Dir, o.Result.Verdict); err != nil {
			o.Result.Verdict = o.Result.Verdict.Worse(run.Infra)
			o.Result.Reason = "the report cannot be written: " + err.Error()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verdicts = append(c.verdicts, o.Result.Verdict)
	c.results[i] = o.Result
	c.cached[i] = o.cached
	failed := 0
	if o.Result.Verdict != run.Pass && o.Result.Verdict != run.Skipped {
		failed = 1
	}
	if c.held[i] == nil {
		c.progress.done(j.Dir, 1, failed, o.cached)
	}
	if c.flags.json {
		c.summaries[i] = report.NewSummary(o.Result, x)
		return
	}
	if len(o.Faults) > 0 {
		c.progress.clear()
		fmt.Fprintln(c.stderr, o.Faults.Error())
	}
	if c.total > 1 {
		return // the campaign tells
	}
	c.progress.clear()
	if err := c.text().Run(o.Result, x); err != nil {
		c.unheard(err)
	}
}

// unheard makes the command fail where its results cannot be printed.
func (c *console) unheard(err error) {
	c.complain(err)
	c.verdicts = append(c.verdicts, run.Infra)
}

// inOrder returns the summaries in the order of the jobs, whichever ended first.
func (c *console) inOrder() []report.Summary {
	all := make([]report.Summary, 0, len(c.summaries))
	for _, i := range slices.Sorted(maps.Keys(c.summaries)) {
		all = append(all, c.summaries[i])
	}
	return all
}

// verify runs each job twice and compares the traces.
func (s *state) verify(ctx context.Context, f runFlags, jobs []job) error {
	var verdicts []run.Verdict
	var a report.Annotations
	for _, j := range jobs {
		v, err := s.verifyOne(ctx, f, j, &a)
		if err != nil {
			return err
		}
		verdicts = append(verdicts, v)
		if ctx.Err() != nil {
			return &exit{code: run.Interrupted.ExitCode()}
		}
	}
	if err := s.annotate(f.annotate, &a); err != nil {
		return err
	}
	return verdictError(verdicts)
}

func displayName(j job) string { return fmt.Sprintf("%s, seed %d", library.Display(j.File), j.Seed) }
