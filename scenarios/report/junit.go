package report

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/twinrig/twinrig/internal/visible"
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
	return writeSuites(w, all)
}

func writeJUnit(w io.Writer, s junit.Testsuite) error {
	var all junit.Testsuites
	all.AddSuite(s)
	return writeSuites(w, all)
}

func writeSuites(w io.Writer, all junit.Testsuites) error {
	if _, err := io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"); err != nil {
		return fmt.Errorf("report: junit: %w", err)
	}
	if err := all.WriteXML(w); err != nil {
		return fmt.Errorf("report: junit: %w", err)
	}
	return nil
}

func suite(id int, r run.Result) junit.Testsuite {
	s := junit.Testsuite{ID: id, Name: visible.Line(r.Scenario), File: visible.Line(r.File), Time: junitSeconds(r.Elapsed)}
	s.AddProperty("seed", strconv.FormatUint(r.Seed, 10))
	s.AddProperty("mode", r.Mode)
	if len(r.Cell) > 0 {
		s.Name += " [" + visible.Line(lang.CellText(r.Cell)) + "]"
		for _, x := range r.Cell {
			s.AddProperty(visible.Line(x.Name), visible.Line(x.Value))
		}
	}
	s.AddProperty("verdict", string(r.Verdict))
	ofStep := map[string]run.Failure{}
	for _, f := range r.Failures {
		ofStep[f.Step] = f
	}
	for i, step := range r.Steps {
		c := junit.Testcase{Name: fmt.Sprintf("%d %s", i+1, visible.Line(step.Text)), Classname: visible.Line(r.Scenario), Time: junitSeconds(step.End - step.Begin)}
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
			c := junit.Testcase{Name: visible.Line(f.Step), Classname: visible.Line(r.Scenario)}
			mark(&c, f)
			s.AddTestcase(c)
		}
	}
	if len(r.Failures) == 0 && (r.Verdict != run.Pass || len(r.Steps) == 0) {
		c := junit.Testcase{Name: "run", Classname: visible.Line(r.Scenario)}
		if r.Verdict == run.Skipped {
			c.Skipped = &junit.Result{Message: visible.Line(r.Reason)}
		} else {
			c.Error = &junit.Result{Message: visible.Line(r.Reason), Type: string(r.Verdict)}
		}
		s.AddTestcase(c)
	}
	return s
}

// sweepCases adds a test case for the runs of a sweep that passed, and one for each that did not.
func sweepCases(s *junit.Testsuite, r run.Result) {
	s.AddTestcase(junit.Testcase{Name: fmt.Sprintf("sweep: %d of %d runs passed", r.Sweep.Runs-len(r.Sweep.Failed), r.Sweep.Runs), Classname: visible.Line(r.Scenario)})
	for _, f := range r.Sweep.Failed {
		c := junit.Testcase{Name: "sweep: cut " + f.Cut.String(), Classname: visible.Line(r.Scenario)}
		mark(&c, run.Failure{Pos: f.Pos, Verdict: f.Verdict, Message: f.Message})
		s.AddTestcase(c)
	}
}

func mark(c *junit.Testcase, f run.Failure) {
	res := &junit.Result{Message: visible.Text(fmt.Sprintf("%s: %s", f.Pos, f.Message)), Type: string(f.Verdict), Data: visible.Text(f.Detail)}
	if f.Verdict == run.Fail {
		c.Failure = res
	} else {
		c.Error = res
	}
}

func junitSeconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
