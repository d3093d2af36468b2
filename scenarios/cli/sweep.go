package cli

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
)

// sweptOr does one run of a job: of a scenario with a sweep the one that counts the writes, or the one with the cut asked for.
func (w *worker) sweptOr(p *plan.Plan, program *expect.Program, opts run.Options, j job) run.Result {
	if p.Sweep == nil {
		return run.Run(p, program, opts)
	}
	if j.Cut == "" {
		opts.Count = true
		return run.Run(p, program, opts)
	}
	cut, err := run.ParseCut(j.Cut)
	if err != nil {
		return run.Result{Scenario: j.Name, File: j.File, Mode: j.Mode, Seed: uint64(j.Seed), Verdict: run.Invalid, Reason: err.Error()}
	}
	if not := run.Locate(p, program, opts, &cut); not != nil {
		return *not
	}
	opts.Cut = &cut
	return run.Run(p, program, opts)
}

// sweep does the runs of a batch of cuts, one after the other.
func (w *worker) sweep(bubble func(func()) error, j job) outcome {
	j.reading = &readings{}
	p, program, faults := w.load(j.File, j)
	if p == nil {
		return faulty(j, faults)
	}
	o := outcome{Inputs: j.reading.sum(0)}
	for i := range j.Cuts {
		opts := w.options(bubble, j)
		opts.Cut = &j.Cuts[i]
		r := run.Run(p, program, opts)
		if r.Verdict == run.Pass {
			r.Steps = nil // nobody asks for them
		}
		o.Swept = append(o.Swept, r)
		if o.Result.Leftover = r.Leftover; r.Leftover || r.Verdict == run.Interrupted {
			break
		}
	}
	return o
}

// sweep is a scenario whose writes are counted, and whose cuts are under way.
type sweep struct {
	index   int // of the job
	job     job
	outcome outcome // of the run that counted
	cuts    []run.Cut
	results []*run.Result // of cuts; nil: not yet
}

// batch is some consecutive cuts of a sweep.
type batch struct {
	of       *sweep
	from, to int
}

// maxBatch is how many cuts a worker gets at once at the most: they share the reading of the files.
const maxBatch = 50

// hold keeps a job whose writes are counted until the runs of all jobs are done.
func (c *console) hold(i int, j job, o outcome) bool {
	if !c.sweeps || o.cached || o.Result.Sweep == nil || o.Result.Verdict != run.Pass || j.Cut != "" {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &sweep{index: i, job: j, outcome: o, cuts: run.Cuts(o.Result.Sweep.Sizes, o.Result.Sweep.Torn)}
	s.results = make([]*run.Result, len(s.cuts))
	c.held[i] = s
	return true
}

// sweepAll does the cuts of all sweeps, and shows what each came to.
func (c *console) sweepAll(ctx context.Context) {
	var held []*sweep
	total, start := 0, time.Now()
	for _, i := range slices.Sorted(maps.Keys(c.held)) {
		held = append(held, c.held[i])
		total += len(c.held[i].cuts)
	}
	if total > 0 {
		c.progress.begin("cut", total)
	}
	size := min(maxBatch, max(1, total/(10*c.flags.jobs)))
	for ctx.Err() == nil {
		batches := open(held, size)
		if len(batches) == 0 {
			break
		}
		c.sweepBatches(ctx, batches)
		size = 1 // what a lost process left open is done one by one, so that it is known which cut it was
	}
	for _, s := range held {
		o := s.merged()
		o.Wall += time.Since(start)
		if failed := o.Result.Sweep.Failed; len(failed) > 0 && ctx.Err() == nil {
			c.firstFailure(ctx, s.job, failed[0].Cut)
		}
		if c.known != nil && o.Result.Verdict == run.Pass { // of one that failed a folder of a cut belongs to the results
			c.known.keep(s.job, o)
		}
		c.show(s.index, s.job, o)
	}
}

// open returns the cuts that were not done yet.
func open(held []*sweep, size int) []batch {
	var batches []batch
	for _, s := range held {
		for from := 0; from < len(s.cuts); from++ {
			if s.results[from] != nil {
				continue
			}
			to := from + 1
			for to < len(s.cuts) && to-from < size && s.results[to] == nil {
				to++
			}
			batches = append(batches, batch{s, from, to})
			from = to - 1
		}
	}
	return batches
}

func (c *console) sweepBatches(ctx context.Context, batches []batch) {
	jobs := make([]job, len(batches))
	for i, b := range batches {
		jobs[i] = b.of.job
		jobs[i].Dir, jobs[i].Cuts = "", b.of.cuts[b.from:b.to]
	}
	p := &pool{state: c.state, workers: c.flags.jobs, maxprocs: 1, progress: func(job, run.Progress) {}}
	p.done = func(i int, j job, o outcome) {
		c.mu.Lock()
		defer c.mu.Unlock()
		b := batches[i]
		if o.Inputs != b.of.outcome.Inputs {
			b.of.outcome.Inputs = "" // a file is not what it was
		}
		for k := range o.Swept {
			if r := &o.Swept[k]; r.Verdict != run.Interrupted {
				b.of.results[b.from+k] = r
			}
		}
		if len(o.Swept) == 0 && len(j.Cuts) == 1 && o.Result.Verdict != run.Interrupted {
			b.of.results[b.from] = &o.Result // its process was lost
		}
		failed := 0
		for _, r := range o.Swept {
			if r.Verdict != run.Pass {
				failed++
			}
		}
		c.progress.done("", len(o.Swept), failed, false)
	}
	p.run(ctx, jobs)
}

// merged puts the results of all cuts together.
func (s *sweep) merged() outcome {
	o := s.outcome
	for i, r := range s.results {
		if r == nil {
			o.Result.Verdict, o.Result.Reason = o.Result.Verdict.Worse(run.Interrupted), "interrupted"
			break
		}
		o.Result.Add(s.cuts[i], *r)
	}
	return o
}

// firstFailure repeats the first run of a sweep that did not pass, so that its trace and its report are there
// to be looked into.
func (c *console) firstFailure(ctx context.Context, j job, cut run.Cut) {
	j.Cut, j.Dir = cut.String(), cutDir(j.Dir, cut.String())
	p := &pool{state: c.state, workers: 1, progress: func(job, run.Progress) {}}
	p.done = func(_ int, j job, o outcome) {
		err := save(j, o, c.extra(j, o), c.total > 1)
		if err == nil && c.flags.report != reportNever {
			_, err = writeReport(j.Dir)
		}
		if err != nil {
			c.complain(err)
		}
	}
	p.run(ctx, []job{j})
}

func cutDir(dir, cut string) string {
	return filepath.Join(dir, "cut-"+strings.ReplaceAll(cut, "/", "-"))
}
