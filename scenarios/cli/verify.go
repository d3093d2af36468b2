package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// verifyOne runs a job twice, with one processor and with two, and compares the traces. The first
// run's results stay in the job's folder; where the traces differ, the second is in `second` below it.
func (s *state) verifyOne(ctx context.Context, f runFlags, j job, a *report.Annotations) (run.Verdict, error) {
	second := j
	second.Dir = filepath.Join(j.Dir, "second")
	outcomes := make([]outcome, 2)
	for i, x := range []job{j, second} {
		p := &pool{state: s, workers: 1, maxprocs: i + 1, progress: func(job, run.Progress) {},
			done: func(_ int, _ job, o outcome) { outcomes[i] = o }}
		p.run(ctx, []job{x})
	}
	if ctx.Err() != nil {
		return run.Interrupted, nil
	}
	c := newConsole(s.forCI(), f, 1)
	c.progress = newProgress(io.Discard, nil, time.Now)
	if outcomes[0].Result.Sweep != nil && j.Cut == "" {
		outcomes[0].Result.Sweep = nil // none of its cuts was done
		fmt.Fprintf(s.stderr, "%s: of its sweep only the run that counts the writes is verified; --sweep 1/none verifies a cut\n", displayName(j))
	}
	c.done(0, j, outcomes[0])
	v := c.verdicts[0]
	a.Result(c.results[0])
	if f.json {
		c.campaign([]job{j})
	}
	same, difference, err := compareTraces(filepath.Join(j.Dir, traceFile), filepath.Join(second.Dir, traceFile))
	if err != nil {
		return run.Infra, err
	}
	if !same {
		a.Failure(j.Name, run.Failure{Pos: diag.Position{File: j.File}, Verdict: run.Invalid, Message: "the run is not repeatable: " + difference})
		fmt.Fprintf(c.stderr, "NOT REPEATABLE  %s: %s\n", displayName(j), difference)
		return v.Worse(run.Invalid), nil
	}
	fmt.Fprintf(s.stderr, "repeatable: %s, both traces have the digest %.12s\n", displayName(j), outcomes[0].Digest)
	return v, os.RemoveAll(second.Dir)
}

// compareTraces names the first event in which two traces differ, and its device.
func compareTraces(a, b string) (same bool, difference string, err error) {
	first, closeFirst, err := openReader(a)
	if err != nil {
		return false, "", err
	}
	defer closeFirst()
	second, closeSecond, err := openReader(b)
	if err != nil {
		return false, "", err
	}
	defer closeSecond()
	for n := 1; ; n++ {
		inFirst, inSecond := first.Next(), second.Next()
		if err := errors.Join(faultIn(a, first), faultIn(b, second)); err != nil {
			return false, "", err
		}
		switch {
		case !inFirst && !inSecond:
			return true, "", nil
		case !inFirst:
			return false, fmt.Sprintf("the first trace ends after %d events, the second goes on with\n  %s", n-1, describe(second.Event())), nil
		case !inSecond:
			return false, fmt.Sprintf("the second trace ends after %d events, the first goes on with\n  %s", n-1, describe(first.Event())), nil
		}
		if x, y := describe(first.Event()), describe(second.Event()); x != y {
			return false, fmt.Sprintf("event %d, of %s, differs\n  first:  %s\n  second: %s", n, whose(first.Event(), second.Event()), x, y), nil
		}
	}
}

func openReader(file string) (t *trace.Reader, closeFile func(), err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	return trace.NewReader(f), func() { f.Close() }, nil
}

func faultIn(file string, t *trace.Reader) error {
	if err := t.Err(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func whose(a, b trace.Event) string {
	for _, e := range []trace.Event{a, b} {
		if e.Device != "" {
			return "device " + e.Device
		}
	}
	return "the bench"
}

func describe(e trace.Event) string {
	line, err := e.MarshalJSON()
	if err != nil {
		return err.Error()
	}
	return string(line[:len(line)-1])
}
