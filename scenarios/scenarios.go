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
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twinrig/twinrig/fixtures"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/expect"
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
	seed     seed.Seed
	mode     string
	trace    io.Writer
}

// Firmware registers Go firmware under the name that kind files use: firmware: {v1.0.0: {go: NAME}}.
// It may take the place of the built-in `thermostat`.
func Firmware(name string, firmware twin.Firmware) Option {
	return func(o *options) { o.firmware[name] = firmware }
}

// Set sets a param of the scenario, as --set does.
func Set(name, value string) Option { return func(o *options) { o.set[name] = value } }

// Seed sets the seed of all chance; it is 1 otherwise.
func Seed(s uint64) Option { return func(o *options) { o.seed = seed.Seed(s) } }

// Live runs on the wall clock over loopback TCP instead of in virtual time.
func Live() Option { return func(o *options) { o.mode = run.Live } }

// Trace writes the trace to w instead of to trace.jsonl in the test's artifact folder.
func Trace(w io.Writer) Option { return func(o *options) { o.trace = w } }

// Run runs a scenario, a file or library:NAME, and fails t where it does not pass, with the position
// in the YAML file. A scenario with faults, or one that tested nothing, fails t as well; one that is
// skipped skips t. t must not be inside a bubble of testing/synctest: Run makes its own.
func Run(t *testing.T, file string, opts ...Option) {
	t.Helper()
	result, name := execute(t, file, opts)
	switch result.Verdict {
	case run.Pass:
	case run.Skipped:
		t.Skipf("%s: %s", name, result.Reason)
	default:
		t.Error(explain(t, result, name))
	}
}

func execute(t *testing.T, file string, opts []Option) (run.Result, string) {
	t.Helper()
	o := options{firmware: fixtures.Firmware(), set: map[string]string{}, seed: 1, mode: run.Sim}
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
	p, program, err := load(file, o)
	if err != nil {
		t.Fatalf("the scenario has faults\n%s", err)
	}
	if o.trace == nil {
		f, err := os.Create(filepath.Join(t.ArtifactDir(), "trace.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		o.trace = f
	}
	bubble := func(body func()) error { return vtime.Bubble(t, body) }
	result := run.Run(p, program, run.Options{Mode: o.mode, Firmware: o.firmware, Bubble: bubble, Trace: o.trace})
	if result.Leftover && result.Verdict == run.Pass {
		result.Verdict, result.Reason = run.Fail, "goroutines of the firmware go on after the run; let them end when a hardware call fails"
	}
	return result, name
}

// load makes a plan of a scenario; the error lists every fault in its files.
func load(file string, o options) (*plan.Plan, *expect.Program, error) {
	p, faults := plan.Load(plan.Options{File: file, ReadFile: library.ReadFile, Set: o.set, Seed: o.seed, Firmware: slices.Sorted(maps.Keys(o.firmware)), CheckModule: wasm.Check, Mode: o.mode})
	if p == nil {
		return nil, nil, faults.Err()
	}
	program, more := expect.Compile(p)
	faults = append(faults, more...)
	faults.Sort()
	return p, program, faults.Err()
}

func explain(t *testing.T, r run.Result, name string) string {
	return explainResult(r) + fmt.Sprintf("\nto repeat (%s, seed %d): go test -run '^%s$'", name, r.Seed, strings.ReplaceAll(t.Name(), "/", "$/^"))
}

func explainResult(r run.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", strings.ToUpper(string(r.Verdict)), r.Scenario)
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
