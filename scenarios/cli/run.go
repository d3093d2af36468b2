package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// wrapped is a text in lines of the width that the texts of --help have.
func wrapped(text string) string {
	const width = 100
	var lines strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case column+1+len(word) > width:
			lines.WriteByte('\n')
			column = 0
		default:
			lines.WriteByte(' ')
			column++
		}
		lines.WriteString(word)
		column += len(word)
	}
	return lines.String()
}

// runFlags are the flags of `twinrig run`.
type runFlags struct {
	mode  string
	seed  uint64
	seeds int
	// Given: the flag stands on the command line.
	seedGiven, seedsGiven bool
	set                   []string
	tags                  []string
	jobs                  int
	out                   string
	verify                bool
	noSkip                bool
	noCache               bool
	listen                string
	json                  bool
	sweep                 string
	report                reportWhen
	mutant                string
	annotate              string
	exports
}

func (s *state) runCommand() *cobra.Command {
	f := runFlags{report: reportFailed}
	c := &cobra.Command{
		Use:   "run FILE|DIR|library:NAME...",
		Short: "Run scenarios",
		Long: `run runs scenario files: every device is a twin, which runs firmware in virtual time, against an
embedded MQTT broker over a modelled network. With --mode live the same happens on the wall clock,
over loopback TCP.

Each run writes trace.jsonl (every event), junit.xml and summary.json into a folder of its own,
.twinrig/runs/SCENARIO-SEED/ unless --out names another; one that fails writes report.html too.

Exit codes: 0 pass or skipped, 1 the device did the wrong thing, 2 a file is wrong or the run tested
nothing, 3 the bench failed, 130 interrupted.

` + wrapped("The library: "+strings.Join(library.Names(), ", ")+"."),
		Example: `  twinrig run library:thermostat-outage
  twinrig run scenarios/ --tags smoke --jobs 2
  twinrig run outage.yaml --seed 7 --set outage=10m
  twinrig run outage.yaml --seeds 200 --jobs 2
  twinrig run outage.yaml --verify`,
		Args:              someScenario,
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.seedGiven, f.seedsGiven = cmd.Flags().Changed("seed"), cmd.Flags().Changed("seeds")
			return s.annotateFaults(f.annotate, s.runScenarios(cmd.Context(), f, args))
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.mode, "mode", run.Sim, "`MODE`: sim for virtual time, or live for the wall clock over loopback TCP")
	fl.Uint64Var(&f.seed, "seed", 1, "`N`, the seed of all chance")
	fl.IntVar(&f.seeds, "seeds", 1, "run `N` seeds, from --seed upwards; without it and --seed, as many as the scenario says")
	fl.StringArrayVar(&f.set, "set", nil, "set a param of the scenario: `NAME=VALUE` (repeatable)")
	fl.StringSliceVar(&f.tags, "tags", nil, "run only scenarios that have all of these `TAGS`")
	fl.IntVar(&f.jobs, "jobs", min(2, runtime.NumCPU()), "do `N` runs at once")
	fl.StringVar(&f.out, "out", "", "write the results to `DIR` (several runs: to a folder each in it)")
	fl.StringVar(&f.sweep, "sweep", "", "of a scenario's sweep only the run with this `CUT`: WRITE/TORN, as in 17/half")
	fl.StringVar(&f.mutant, "mutant", "", "run the mutant `NAME` of a device's kind in the place of its firmware")
	fl.BoolVar(&f.verify, "verify", false, "run twice and compare the traces, byte for byte")
	fl.StringVar(&f.listen, "listen", "", "with --mode live: the broker listens on `HOST:PORT`, to look on with another client")
	fl.Var(&f.report, "report", "write report.html: `WHEN` is always (as --report alone), failed or never; of many runs that failed, of a few")
	fl.Lookup("report").NoOptDefVal = string(reportAlways)
	fl.BoolVar(&f.noSkip, "no-skip", false, "a run that would be skipped fails")
	fl.BoolVar(&f.VCD, "vcd", false, "write the pins to "+vcdFile+" as well, for GTKWave and PulseView")
	fl.BoolVar(&f.Pcap, "pcap", false, "write every byte of MQTT to "+pcapFile+" as well, for Wireshark and tshark")
	fl.BoolVar(&f.noCache, "no-cache", false, "do every run, also those whose results are known and would be the same")
	s.annotateFlag(c, &f.annotate)
	fl.BoolVar(&f.json, "json", false, "print the summaries as JSON")
	completeScenarioFlags(c)
	register(c, "mutant", s.completeMutant)
	offer(c, "report", string(reportAlways), string(reportFailed), string(reportNever))
	return c
}

func (f runFlags) validate() error {
	switch {
	case f.mode != run.Sim && f.mode != run.Live:
		return fmt.Errorf("--mode %s: want sim or live", f.mode)
	case checkAnnotate(f.annotate) != nil:
		return checkAnnotate(f.annotate)
	case f.seeds < 1:
		return fmt.Errorf("--seeds %d: want 1 or more", f.seeds)
	case f.seed > math.MaxUint64-uint64(f.seeds-1):
		return fmt.Errorf("--seed %d --seeds %d: the seeds would go past the largest, %d", f.seed, f.seeds, uint64(math.MaxUint64))
	case f.jobs < 1:
		return fmt.Errorf("--jobs %d: want 1 or more", f.jobs)
	case f.listen != "" && f.mode != run.Live:
		return errors.New("--listen: only --mode live has a broker that others can reach")
	case f.listen != "" && f.seeds > 1:
		return errors.New("--listen: one address serves one run; leave out --seeds")
	case f.sweep != "" && cutError(f.sweep) != nil:
		return fmt.Errorf("--sweep: %w", cutError(f.sweep))
	case f.verify && f.mode == run.Live:
		return errors.New("--verify: only --mode sim repeats to the byte")
	}
	return nil
}

func cutError(text string) error {
	_, err := run.ParseCut(text)
	return err
}

func (s *state) runScenarios(ctx context.Context, f runFlags, args []string) error {
	if err := f.validate(); err != nil {
		return err
	}
	known := newKnown(s, f)
	overrides, err := parseSet(f.set)
	if err != nil {
		return err
	}
	jobs, err := loading(ctx, func() ([]job, error) {
		targets, err := expandTargets(args)
		if err != nil {
			return nil, err
		}
		return s.plan(f, targets, overrides)
	})
	if err != nil {
		return err
	}
	if len(jobs) == 0 {
		return fmt.Errorf("no scenario has the tags %s; nothing is run", strings.Join(f.tags, ", "))
	}
	if f.verify {
		return s.verify(ctx, f, jobs)
	}
	c := newConsole(s.forCI(), f, len(jobs))
	c.known = known
	verdicts := c.run(ctx, jobs)
	if err := s.annotate(f.annotate, c.annotations(jobs)); err != nil {
		return err
	}
	return verdictError(verdicts)
}

// plan checks every file, all faults at once, and lays out the runs.
func (s *state) plan(f runFlags, targets []string, set map[string]string) ([]job, error) {
	var jobs []job
	var faults diag.List
	sweeps := false
	for group, t := range targets {
		reading := &readings{}
		p, found := s.loadCells(job{File: t, Seed: seed.Seed(f.seed), Mode: f.mode, Set: set, reading: reading})
		faults = append(faults, found...)
		if p == nil || !hasTags(p.Scenario.Tags, f.tags) {
			continue
		}
		sweeps = sweeps || p.Sweep != nil
		if f.Pcap && p.External != nil {
			return nil, fmt.Errorf("--pcap: the broker of %s is elsewhere, and what it reads and writes is not seen here; capture there, or by tcpdump", library.Display(t))
		}
		like := job{File: t, Mode: f.mode, Set: set, NoSkip: f.noSkip, Listen: f.listen, Cut: f.sweep, exports: f.exports, reading: reading}
		if f.mutant != "" {
			var err error
			if like.Mutant, err = findMutant(p, f.mutant); err != nil {
				return nil, err
			}
			_, _, found := s.load(t, like)
			faults = append(faults, found...)
		}
		more, found := runsOf(f, group, p, like)
		jobs, faults = append(jobs, more...), append(faults, found...)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if f.sweep != "" && !sweeps {
		return nil, fmt.Errorf("--sweep %s: no scenario here has a sweep", f.sweep)
	}
	if f.listen != "" && len(jobs) > 1 {
		return nil, fmt.Errorf("--listen: one address serves one run, and these are %d", len(jobs))
	}
	layOut(jobs, f.out)
	return jobs, nil
}

func hasTags(has, want []string) bool {
	return !slices.ContainsFunc(want, func(t string) bool { return !slices.Contains(has, t) })
}

// base is the folder of the folders of several runs.
func (f runFlags) base() string {
	if f.out == "" {
		return filepath.Join(".twinrig", "runs")
	}
	return f.out
}

// layOut gives each run its folder.
func layOut(jobs []job, out string) {
	base := out
	if base == "" {
		base = filepath.Join(".twinrig", "runs")
	} else if len(jobs) == 1 {
		jobs[0].Dir = out
		return
	}
	taken := map[string]bool{}
	for i := range jobs {
		j := &jobs[i]
		name := cellStem(*j)
		if j.Mutant != nil {
			name += "-" + unsafeInFiles().ReplaceAllString(j.Mutant.Name, "_")
		}
		dir := filepath.Join(base, fmt.Sprintf("%s-%d", name, j.Seed))
		if j.Cut != "" {
			dir = cutDir(dir, j.Cut)
		}
		if taken[dir] || heldByAnother(dir, *j) {
			dir += "-" + identityOf(*j)[:8]
		}
		taken[dir] = true
		j.Dir = dir
	}
}

// identityOf tells apart runs whose results must not overwrite each other: a hash, hexadecimal.
func identityOf(j job) string {
	file, err := filepath.Abs(j.File)
	if err != nil || strings.HasPrefix(j.File, library.Prefix) {
		file = j.File
	}
	words, err := json.Marshal(struct {
		File, Mode string
		Set        map[string]string
		Cut        string  `json:",omitempty"`
		Mutant     *mutant `json:",omitempty"`
	}{file, j.Mode, j.Set, j.Cut, j.Mutant})
	if err != nil {
		words = []byte(file)
	}
	sum := sha256.Sum256(words)
	return hex.EncodeToString(sum[:])
}

func heldByAnother(dir string, j job) bool {
	name := filepath.Join(dir, summaryFile)
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return true // whatever it is; and a pipe would wait for who writes to it
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return false
	}
	var held report.Summary
	return json.Unmarshal(data, &held) != nil || held.ID != identityOf(j)
}

// verdictError turns the verdicts of all runs into the exit code.
func verdictError(verdicts []run.Verdict) error {
	worst := run.Skipped
	for _, v := range verdicts {
		worst = worst.Worse(v)
	}
	if code := worst.ExitCode(); code != 0 {
		return &exit{code: code}
	}
	return nil
}

const (
	traceFile   = "trace.jsonl"
	summaryFile = "summary.json"
)

const junitFile = "junit.xml"

// save writes what belongs beside the trace. Of a run that is one of many it writes no JUnit file: CI would count
// it beside that of the campaign, and an old one would say what is not so any more.
func save(j job, o outcome, x report.Extra, many bool) error {
	if o.Taken {
		return nil // what is there belongs to another run
	}
	if err := os.MkdirAll(j.Dir, 0o755); err != nil {
		return err
	}
	files := map[string]func(f *os.File) error{summaryFile: func(f *os.File) error { return report.JSON(f, report.NewSummary(o.Result, x)) }}
	if !many {
		files[junitFile] = func(f *os.File) error { return report.JUnit(f, o.Result) }
	} else if err := os.Remove(filepath.Join(j.Dir, junitFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return writeAll(j.Dir, files)
}

// writeAll writes files of a folder, by their names.
func writeAll(dir string, files map[string]func(f *os.File) error) error {
	var all error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all = errors.Join(all, writeFile(filepath.Join(dir, name), files[name]))
	}
	return all
}

// writeFile writes a file anew: whoever reads it meanwhile sees the old one or the new one, whole.
func writeFile(name string, content func(f *os.File) error) error {
	f, err := os.OpenFile(fmt.Sprintf("%s.%d", name, os.Getpid()), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if err = errors.Join(content(f), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name()) //nolint:errcheck // what could not be written is no loss
	}
	return err
}
