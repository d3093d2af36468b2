package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// console shows runs to whoever started them: a live line on a terminal, plain lines elsewhere.
type console struct {
	*state
	flags     runFlags
	total     int
	mu        sync.Mutex // guards all below and the writing
	bar       *progressbar.ProgressBar
	verdicts  []run.Verdict
	summaries map[int]report.Summary // by the index of the job
	results   map[int]run.Result     // the same
	sweeps    bool                   // do the cuts of scenarios with a sweep
	held      map[int]*sweep         // by the index of the job
}

func newConsole(s *state, f runFlags, total int) *console {
	c := &console{state: s, flags: f, total: total, summaries: map[int]report.Summary{}, held: map[int]*sweep{}, results: map[int]run.Result{}}
	if s.terminal && !f.json {
		c.bar = progressbar.NewOptions(100, progressbar.OptionSetWriter(s.stderr), progressbar.OptionSetWidth(20), progressbar.OptionSetPredictTime(false),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetElapsedTime(false), progressbar.OptionEnableColorCodes(false), progressbar.OptionThrottle(50*time.Millisecond))
	}
	return c
}

// run does the jobs and returns their verdicts. The results are on disk when it returns.
func (c *console) run(ctx context.Context, jobs []job) []run.Verdict {
	p := &pool{state: c.state, workers: c.flags.jobs, progress: c.progress, done: c.done}
	if len(jobs) > 1 {
		p.maxprocs = 1 // a run is sequential; the runs share the processors
	}
	c.sweeps = true
	p.run(ctx, jobs)
	c.sweepAll(ctx)
	c.clear()
	if missing := len(jobs) - len(c.verdicts); missing > 0 {
		c.verdicts = append(c.verdicts, run.Interrupted)
		fmt.Fprintf(c.stderr, "interrupted: %s not begun\n", plural(missing, "run"))
	}
	together := c.campaigns(jobs)
	switch {
	case c.flags.json:
		if err := report.JSON(c.stdout, c.inOrder()); err != nil {
			c.unheard(err)
		}
	case c.total > 1:
		fmt.Fprintln(c.stdout, c.tally())
	}
	return append(c.verdicts, together...)
}

func (c *console) progress(j job, p run.Progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar == nil {
		return
	}
	done := float64(len(c.verdicts))
	if p.Steps > 0 {
		done += float64(p.Step) / float64(p.Steps)
	}
	text := fmt.Sprintf("%s seed %d at %s: %s", j.Name, j.Seed, report.Duration(p.Elapsed), p.Text)
	if r := []rune(text); len(r) > 70 {
		text = string(r[:69]) + "…"
	}
	c.bar.Describe(fmt.Sprintf("%-70s", text))
	c.bar.Set(int(100 * done / float64(c.total))) //nolint:errcheck // a progress bar is no loss
}

func (c *console) clear() {
	if c.bar != nil {
		c.bar.Clear() //nolint:errcheck // a progress bar is no loss
	}
}

// done is told of a run that ended.
func (c *console) done(i int, j job, o outcome) {
	o.Result.Cell = j.Cell // a run that was lost does not know
	if !c.hold(i, j, o) {
		c.show(i, j, o)
	}
}

// extra is what the reports of a run say beside its result.
func (c *console) extra(j job, o outcome) report.Extra {
	id := identityOf(j) // whatever cut failed: the folder is that of the whole sweep
	if s := o.Result.Sweep; s != nil && len(s.Failed) > 0 {
		j.Cut = s.Failed[0].Cut.String()
	}
	return report.Extra{Wall: o.Wall, Digest: o.Digest, Out: j.Dir, ID: id, Repeat: repeatCommand(c.program, j)}
}

// show saves and shows one run.
func (c *console) show(i int, j job, o outcome) {
	x := c.extra(j, o)
	if err := save(j, o, x); err != nil {
		o.Result.Verdict = o.Result.Verdict.Worse(run.Infra)
		o.Result.Reason = "the results cannot be written: " + err.Error()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verdicts = append(c.verdicts, o.Result.Verdict)
	c.results[i] = o.Result
	if c.flags.json {
		c.summaries[i] = report.NewSummary(o.Result, x)
		return
	}
	c.clear()
	if len(o.Faults) > 0 {
		fmt.Fprintln(c.stderr, o.Faults.Error())
	}
	text := report.Text{W: c.stdout, Color: c.color}
	if err := text.Run(o.Result, x, c.total == 1); err != nil {
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

func (c *console) tally() string {
	counts := map[run.Verdict]int{}
	for _, v := range c.verdicts {
		counts[v]++
	}
	var parts []string
	for _, v := range []run.Verdict{run.Pass, run.Fail, run.Invalid, run.Infra, run.Skipped, run.Interrupted} {
		if counts[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[v], v))
		}
	}
	return plural(len(c.verdicts), "run") + ": " + strings.Join(parts, ", ")
}

// verify runs each job twice and compares the traces.
func (s *state) verify(ctx context.Context, f runFlags, jobs []job) error {
	var verdicts []run.Verdict
	for _, j := range jobs {
		v, err := s.verifyOne(ctx, f, j)
		if err != nil {
			return err
		}
		verdicts = append(verdicts, v)
		if ctx.Err() != nil {
			return &exit{code: run.Interrupted.ExitCode()}
		}
	}
	return verdictError(verdicts)
}

func displayName(j job) string { return fmt.Sprintf("%s, seed %d", library.Display(j.File), j.Seed) }
