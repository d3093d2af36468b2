package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/run"
)

// JUnit writes one test suite for each run, with a test case for each step and each failure that
// belongs to no step. What is the device's fault is a failure; what is the bench's or the
// scenario's is an error.
func JUnit(w io.Writer, results ...run.Result) error {
	var all junit.Testsuites
	for i, r := range results {
		all.AddSuite(suite(i, r))
	}
	if _, err := io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"); err != nil {
		return fmt.Errorf("report: junit: %w", err)
	}
	if err := all.WriteXML(w); err != nil {
		return fmt.Errorf("report: junit: %w", err)
	}
	return nil
}

func suite(id int, r run.Result) junit.Testsuite {
	s := junit.Testsuite{ID: id, Name: printable(r.Scenario), File: r.File, Time: junitSeconds(r.Elapsed)}
	s.AddProperty("seed", strconv.FormatUint(r.Seed, 10))
	s.AddProperty("mode", r.Mode)
	if len(r.Cell) > 0 {
		s.Name += " [" + printable(lang.CellText(r.Cell)) + "]"
		for _, x := range r.Cell {
			s.AddProperty(x.Name, printable(x.Value))
		}
	}
	s.AddProperty("verdict", string(r.Verdict))
	ofStep := map[string]run.Failure{}
	for _, f := range r.Failures {
		ofStep[f.Step] = f
	}
	for i, step := range r.Steps {
		c := junit.Testcase{Name: fmt.Sprintf("%d %s", i+1, printable(step.Text)), Classname: printable(r.Scenario), Time: junitSeconds(step.End - step.Begin)}
		f, failed := ofStep[step.Path]
		switch {
		case failed && step.Verdict != run.Pass:
			mark(&c, f)
			delete(ofStep, step.Path)
		case step.Verdict == run.Skipped:
			c.Skipped = &junit.Result{Message: "its `when` is false, or the cut of the sweep came before its end"}
		case step.Verdict == run.Interrupted:
			c.Skipped = &junit.Result{Message: "did not end"}
		}
		s.AddTestcase(c)
	}
	if r.Sweep != nil {
		sweepCases(&s, r)
	}
	for _, f := range r.Failures {
		if _, left := ofStep[f.Step]; left {
			c := junit.Testcase{Name: f.Step, Classname: printable(r.Scenario)}
			mark(&c, f)
			s.AddTestcase(c)
		}
	}
	if len(r.Failures) == 0 && (r.Verdict != run.Pass || len(r.Steps) == 0) {
		c := junit.Testcase{Name: "run", Classname: printable(r.Scenario)}
		if r.Verdict == run.Skipped {
			c.Skipped = &junit.Result{Message: printable(r.Reason)}
		} else {
			c.Error = &junit.Result{Message: printable(r.Reason), Type: string(r.Verdict)}
		}
		s.AddTestcase(c)
	}
	return s
}

// sweepCases adds a test case for the runs of a sweep that passed, and one for each that did not.
func sweepCases(s *junit.Testsuite, r run.Result) {
	s.AddTestcase(junit.Testcase{Name: fmt.Sprintf("sweep: %d of %d runs passed", r.Sweep.Runs-len(r.Sweep.Failed), r.Sweep.Runs), Classname: printable(r.Scenario)})
	for _, f := range r.Sweep.Failed {
		c := junit.Testcase{Name: "sweep: cut " + f.Cut.String(), Classname: printable(r.Scenario)}
		mark(&c, run.Failure{Pos: f.Pos, Verdict: f.Verdict, Message: f.Message})
		s.AddTestcase(c)
	}
}

func mark(c *junit.Testcase, f run.Failure) {
	res := &junit.Result{Message: printable(fmt.Sprintf("%s: %s", f.Pos, f.Message)), Type: string(f.Verdict), Data: printable(f.Detail)}
	if f.Verdict == run.Fail {
		c.Failure = res
	} else {
		c.Error = res
	}
}

func junitSeconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// printable replaces what XML 1.0 has no way to write, and what a terminal would obey.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || !unicode.IsControl(r) && r != unicode.ReplacementChar && r != '\uFFFE' && r != '\uFFFF' {
			return r
		}
		return '·'
	}, s)
}
