package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// huntFlags are the flags of `twinrig hunt`.
type huntFlags struct {
	mutants []string
	seed    uint64
	jobs    int
	json    bool
	// markdown: for a page, or the summary of a CI job.
	markdown bool
}

// everyMutant is what --mutants without a value means.
const everyMutant = "all"

func (s *state) huntCommand() *cobra.Command {
	var f huntFlags
	c := &cobra.Command{
		Use:   "hunt --mutants [FILE|DIR|library:NAME...]",
		Short: "Find out which scenarios find which bugs",
		Long: `hunt holds scenarios against mutants: firmware with one bug each. It runs every scenario with the good
firmware first, which must pass, and then with each mutant of its devices' kinds in the place of the
firmware. A scenario that fails kills the mutant. It prints what kills what, the mutants that survive, and
the scenarios that kill nothing.

The mutants are those that a kind file lists under mutants, and for the kinds of the library those that
come with it. Without a scenario it takes the whole library. Nothing is written to disk;
'twinrig run SCENARIO --mutant NAME' shows how one of them fails.

Exit codes: 0 all are killed, 1 a mutant survives or the good firmware fails, 2 a file is wrong, or the
good firmware tested nothing, 3 the bench failed, 130 interrupted.`,
		Example: `  twinrig hunt --mutants
  twinrig hunt --mutants library:thermostat-outage
  twinrig hunt --mutants=v1.4.0-nobuffer,v1.4.0-hasty outage.yaml`,
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(f.mutants) == 0 {
				return errors.New("say what to hunt: --mutants, or --mutants=NAME,NAME")
			}
			return s.hunt(cmd.Context(), f, args)
		},
	}
	fl := c.Flags()
	fl.StringSliceVar(&f.mutants, "mutants", nil, "hunt mutants: all, or those with these `NAMES`")
	fl.Lookup("mutants").NoOptDefVal = everyMutant
	fl.Uint64Var(&f.seed, "seed", 1, "`N`, the seed of all chance")
	fl.IntVar(&f.jobs, "jobs", min(2, runtime.NumCPU()), "do `N` runs at once")
	fl.BoolVar(&f.json, "json", false, "print the result as JSON")
	fl.BoolVar(&f.markdown, "markdown", false, "print the result as tables in Markdown, for a page or the summary of a CI job")
	return c
}

func (s *state) hunt(ctx context.Context, f huntFlags, args []string) error {
	switch {
	case f.jobs < 1:
		return fmt.Errorf("--jobs %d: want 1 or more", f.jobs)
	case f.json && f.markdown:
		return errors.New("--json and --markdown: want one of them")
	}
	if len(args) == 0 {
		args = []string{library.Prefix}
	}
	h, err := loading(ctx, func() (*hunter, error) {
		targets, err := expandTargets(args)
		if err != nil {
			return nil, err
		}
		return s.newHunter(f, targets)
	})
	if err != nil {
		return err
	}
	good := h.run(ctx, h.good, "good run")
	if v := worst(good); v != run.Pass && ctx.Err() == nil {
		return s.badGood(h.good, good, v)
	}
	hunted := h.run(ctx, h.jobs, "run")
	if ctx.Err() != nil {
		fmt.Fprintf(s.stderr, "interrupted: %d of %s done\n", done(good)+done(hunted), plural(len(h.good)+len(h.jobs), "run"))
		return &exit{code: run.Interrupted.ExitCode()}
	}
	x := h.report(hunted)
	if err := s.printHunt(f, x); err != nil {
		return err
	}
	if x.Killed < len(x.Mutants) {
		return &exit{code: run.Fail.ExitCode()}
	}
	return nil
}

func (s *state) printHunt(f huntFlags, x report.Hunt) error {
	switch {
	case f.json:
		return report.JSON(s.stdout, x)
	case f.markdown:
		return x.Markdown(s.stdout)
	}
	return report.Text{W: s.stdout, Color: s.color, Width: s.width}.Hunt(x)
}

// badGood tells of good firmware that does not pass: what scenarios then say of mutants is worth nothing.
func (s *state) badGood(jobs []job, outcomes []outcome, v run.Verdict) error {
	results := make([]run.Result, len(outcomes))
	for i, o := range outcomes {
		results[i] = o.Result
		if len(o.Faults) > 0 {
			fmt.Fprintln(s.stderr, o.Faults.Error())
		}
	}
	text := report.Text{W: s.stdout, Color: s.color, Width: s.width}
	if err := text.BadFirmware(results, func(i int) string { return repeatCommand(s.program, jobs[i]) }); err != nil {
		return err
	}
	return &exit{code: v.ExitCode(), err: errors.New("the good firmware does not pass; no mutant was hunted")}
}

func worst(outcomes []outcome) run.Verdict {
	v := run.Pass
	for _, o := range outcomes {
		if o.Result.Verdict != run.Skipped {
			v = v.Worse(o.Result.Verdict)
		}
	}
	return v
}

// done counts the runs that were not interrupted.
func done(outcomes []outcome) int {
	n := 0
	for _, o := range outcomes {
		if v := o.Result.Verdict; v != "" && v != run.Interrupted {
			n++
		}
	}
	return n
}

// run does jobs, which are counted as units, and returns what each came to.
func (h *hunter) run(ctx context.Context, jobs []job, unit string) []outcome {
	outcomes := make([]outcome, len(jobs))
	w, columns := h.stderr, h.columns
	if h.flags.json {
		w = io.Discard // a program reads; nobody waits
	}
	if h.flags.json || !h.terminal {
		columns = nil
	}
	var mu sync.Mutex // guards the progress
	shown := newProgress(w, columns, time.Now)
	shown.begin(unit, len(jobs))
	p := &pool{state: h.state, workers: h.flags.jobs, maxprocs: 1, progress: func(job, run.Progress) {}}
	p.done = func(i int, j job, o outcome) {
		outcomes[i] = o
		mu.Lock()
		defer mu.Unlock()
		shown.done("", 1, 0, false)
		name := j.Name
		if j.Mutant != nil {
			name = j.Mutant.Name + ": " + name
		}
		shown.show(name)
	}
	p.run(ctx, jobs)
	shown.clear()
	return outcomes
}

// report puts what the runs with mutants came to together, in the order of the mutants.
func (h *hunter) report(outcomes []outcome) report.Hunt {
	x := report.Hunt{Scenarios: h.scenarios, Mutants: []report.Mutant{}}
	for _, m := range h.mutants {
		one := report.Mutant{Name: m.Name, Kind: m.kind, Language: m.language, About: m.about, Kills: []report.Kill{}}
		for i, j := range h.jobs {
			if *j.Mutant == m.mutant {
				one.Add(h.scenarios[j.group], outcomes[i].Result)
			}
		}
		x.Add(one)
	}
	slices.SortStableFunc(x.Mutants, func(a, b report.Mutant) int { return strings.Compare(a.Kind, b.Kind) })
	return x
}
