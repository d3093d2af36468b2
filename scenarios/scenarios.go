// Package scenarios runs scenario files from `go test`.
//
//	func TestOutage(t *testing.T) {
//		scenarios.Run(t, "outage.yaml", scenarios.Firmware("meter", meter.Firmware))
//	}
//
// The command `twinrig run` does the same from a shell; package scenarios/cli is that command as a
// function, for a program with firmware of its own.
package scenarios

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

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

// Option changes how Run runs a scenario.
type Option func(*options)

type options struct {
	firmware map[string]twin.Firmware
	set      map[string]string
	seed     *seed.Seed // nil: 1, or the seeds of the scenario
	mode     string
	trace    io.Writer
}

func (o options) firstSeed() seed.Seed {
	if o.seed == nil {
		return 1
	}
	return *o.seed
}

// Firmware registers Go firmware under the name that kind files use: firmware: {v1.0.0: {go: NAME}}.
// It may take the place of the built-in `thermostat`.
func Firmware(name string, firmware twin.Firmware) Option {
	return func(o *options) { o.firmware[name] = firmware }
}

// Set sets a param of the scenario, as --set does.
func Set(name, value string) Option { return func(o *options) { o.set[name] = value } }

// Seed sets the seed of all chance; it is 1 otherwise, or goes through the seeds of the scenario from 1 upwards.
func Seed(s uint64) Option { return func(o *options) { x := seed.Seed(s); o.seed = &x } }

// Live runs on the wall clock over loopback TCP instead of in virtual time.
func Live() Option { return func(o *options) { o.mode = run.Live } }

// Trace writes the trace to w instead of to trace.jsonl in the test's artifact folder; of several runs the first one's.
func Trace(w io.Writer) Option { return func(o *options) { o.trace = w } }

// Run runs a scenario, a file or library:NAME, and fails t where it does not pass, with the position
// in the YAML file. A scenario with faults, or one that tested nothing, fails t as well; one that is
// skipped skips t. With a matrix or seeds it does all their runs, one after the other, each of which may fail t;
// Set can pick a cell, and Seed a seed. t must not be inside a bubble of testing/synctest: Run makes its own.
func Run(t *testing.T, file string, opts ...Option) {
	t.Helper()
	o := options{firmware: fixtures.Firmware(), set: map[string]string{}, mode: run.Sim}
	for _, opt := range opts {
		opt(&o)
	}
	name := file
	if strings.HasPrefix(file, library.Prefix) {
		files, err := library.Resolve(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != 1 {
			t.Fatalf("%s: Run runs one scenario; one of %s", file, strings.Join(library.Names(), ", "))
		}
		file = files[0]
	}
	runs, err := runsOf(file, o)
	if err != nil {
		t.Fatalf("the scenario has faults\n%s", err)
	}
	judge(t, name, execute(t, file, o, runs))
}

// load makes a plan of a scenario; the error lists every fault in its files.
func load(file string, o options) (*plan.Plan, *expect.Program, error) {
	p, faults := plan.Load(plan.Options{File: file, ReadFile: library.ReadFile, Set: o.set, Seed: o.firstSeed(), Firmware: slices.Sorted(maps.Keys(o.firmware)), CheckModule: wasm.Check, Mode: o.mode})
	if p == nil {
		return nil, nil, faults.Err()
	}
	program, more := expect.Compile(p)
	faults = append(faults, more...)
	faults.Sort()
	return p, program, faults.Err()
}

func explain(t *testing.T, r run.Result, name string) string {
	which := ""
	for _, s := range r.Cell {
		which += fmt.Sprintf(", %s=%s", s.Name, s.Value)
	}
	return explainResult(r) + fmt.Sprintf("\nto repeat (%s, seed %d%s): go test -run '^%s$'", name, r.Seed, which, strings.ReplaceAll(t.Name(), "/", "$/^"))
}

func explainResult(r run.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", strings.ToUpper(string(r.Verdict)), r.Scenario)
	if len(r.Cell) > 0 {
		b.WriteString(" (" + lang.CellText(r.Cell) + ")")
	}
	if r.Reason != "" {
		b.WriteString(": " + r.Reason)
	}
	if r.Sweep != nil {
		b.WriteString("\n" + strings.Join(r.Sweep.Describe(), "\n"))
	}
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "\n%s: %s", f.Pos, f.Message)
		for line := range strings.Lines(f.Detail) {
			b.WriteString("\n    " + strings.TrimRight(line, "\n"))
		}
	}
	for _, note := range r.Notes {
		b.WriteString("\nnote: " + note)
	}
	return b.String()
}
