package trial

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/report/html"
	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/twin/wasm"
)

// Outcome is what a run came to.
type Outcome struct {
	run.Result
	Extra report.Extra
}

// Do does the run in a bubble of t, which must not be in one, and keeps what belongs to it in the folder dir; ""
// keeps nothing. repeat is the command that repeats it. The error is a diag.List where the files have
// become faulty meanwhile; whatever else goes wrong is in the result.
func (r Run) Do(t *testing.T, modules *wasm.Cache, dir, repeat string) (Outcome, error) {
	p, program, err := r.Options.Load(r.File)
	if err != nil {
		return Outcome{}, err
	}
	failed := func(err error) Outcome {
		return Outcome{Result: run.Result{Scenario: p.Scenario.Scenario, File: library.Display(r.File), Mode: r.Options.Mode, Seed: uint64(r.Seed), Cell: p.Scenario.Cell, Verdict: run.Infra, Reason: err.Error()}}
	}
	out, closeTrace := r.Options.Trace, func() error { return nil }
	if r.Index > 0 {
		out = nil
	}
	if dir != "" && out == nil {
		f, err := os.Create(filepath.Join(dir, "trace.jsonl"))
		if err != nil {
			return failed(err), nil
		}
		out, closeTrace = f, f.Close
	}
	start := time.Now()
	result := run.Run(p, program, run.Options{Mode: r.Options.Mode, Firmware: r.Options.Firmware, Modules: modules, Trace: out,
		Bubble: func(body func()) error { return vtime.Bubble(t, body) }})
	result.File = library.Display(r.File)
	if result.Leftover && result.Verdict == run.Pass {
		result.Verdict, result.Reason = run.Fail, "goroutines of the firmware go on after the run; let them end when a hardware call fails"
	}
	err = closeTrace()
	x := report.Extra{Wall: time.Since(start), Out: dir, Repeat: repeat}
	if dir != "" {
		err = errors.Join(err, keep(dir, result, x))
	}
	if err != nil {
		result.Verdict, result.Reason = result.Verdict.Worse(run.Infra), "the results cannot be written: "+err.Error()
	}
	return Outcome{result, x}, nil
}

// keep writes what belongs beside the trace.
func keep(dir string, r run.Result, x report.Extra) error {
	err := errors.Join(
		write(filepath.Join(dir, "junit.xml"), func(w io.Writer) error { return report.JUnit(w, r) }),
		write(filepath.Join(dir, "summary.json"), func(w io.Writer) error { return report.JSON(w, report.NewSummary(r, x)) }))
	if err != nil {
		return err
	}
	if trace, err := os.Stat(filepath.Join(dir, "trace.jsonl")); err != nil || trace.Size() == 0 {
		return nil // the trace goes elsewhere, or nothing was started
	}
	in, err := html.FromDir(dir)
	if err != nil {
		return err
	}
	in.ReadFile = library.ReadFile
	return html.WriteFile(filepath.Join(dir, html.FileName), in)
}

func write(name string, content func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("trial: %w", err)
	}
	return errors.Join(content(f), f.Close())
}
