package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

func failed() run.Result {
	pos := diag.Position{File: "a.yaml", Line: 8, Col: 5}
	return run.Result{
		Scenario: "a <device> fails", File: "a.yaml", Mode: "sim", Seed: 7, Verdict: run.Fail, Elapsed: 90 * time.Second, Events: 12,
		Steps: []run.StepResult{
			{Pos: pos, Path: "steps[0]", Verb: "power", Text: "power thermo: on", Verdict: run.Pass},
			{Pos: pos, Path: "steps[1]", Verb: "wait", Text: "wait 1m", End: time.Minute, Verdict: run.Skipped},
			{Pos: pos, Path: "steps[2]", Verb: "expect", Text: "expect pin: thermo.HEATER", Begin: time.Minute, End: 90 * time.Second, Verdict: run.Fail},
		},
		Failures: []run.Failure{
			{Pos: pos, Step: "steps[2]", At: 90 * time.Second, Verdict: run.Fail, Message: "thermo.HEATER is low", Detail: "expected: high\nnearest: \x1b[31m]]> none"},
			{Pos: pos, Step: "never[0]", At: 90 * time.Second, Verdict: run.Invalid, Message: "never judged"},
		},
	}
}

func parseJUnit(t *testing.T, results ...run.Result) junit.Testsuites {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.JUnit(&b, results...))
	var suites junit.Testsuites
	require.NoError(t, xml.Unmarshal(b.Bytes(), &suites), b.String())
	return suites
}

func TestJUnitTellsTheDeviceFromTheBench(t *testing.T) {
	s := parseJUnit(t, failed())
	require.Equal(t, []int{4, 1, 1, 1}, []int{s.Tests, s.Failures, s.Errors, s.Skipped})
	cases := s.Suites[0].Testcases
	require.Equal(t, "a <device> fails", s.Suites[0].Name)
	require.Equal(t, "30.000", cases[2].Time)
	require.Contains(t, cases[2].Failure.Message, "a.yaml:8:5: thermo.HEATER is low")
	require.Contains(t, cases[2].Failure.Data, `\x1b[31m]]> none`, "what XML cannot hold is escaped, what it can is kept")
	require.Equal(t, "never[0]", cases[3].Name)
	require.Equal(t, "invalid", cases[3].Error.Type)
}

func TestJUnitOfRunsWithoutSteps(t *testing.T) {
	for verdict, count := range map[run.Verdict]func(junit.Testsuites) int{
		run.Infra:       func(s junit.Testsuites) int { return s.Errors },
		run.Interrupted: func(s junit.Testsuites) int { return s.Errors },
		run.Skipped:     func(s junit.Testsuites) int { return s.Skipped },
	} {
		s := parseJUnit(t, run.Result{Verdict: verdict, Reason: "why"})
		require.Equal(t, 1, s.Tests, verdict)
		require.Equal(t, 1, count(s), verdict)
	}
}

func TestSummaryHoldsWhatARunCameTo(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.JSON(&b, report.NewSummary(failed(), report.Extra{Wall: time.Second, Digest: "d", Out: "o", Repeat: "twinrig run a.yaml --seed 7"})))
	var got map[string]any
	require.NoError(t, json.Unmarshal(b.Bytes(), &got))
	require.EqualValues(t, 1, got["exit_code"])
	require.EqualValues(t, 90, got["elapsed"])
	require.Equal(t, "twinrig run a.yaml --seed 7", got["repeat"])
	require.Equal(t, "a.yaml:8:5", got["failures"].([]any)[0].(map[string]any)["position"])
	require.Len(t, got["steps"], 3)
	require.Contains(t, b.String(), "a <device> fails", "HTML is not escaped: people read it")

	b.Reset()
	require.NoError(t, report.JSON(&b, report.NewSummary(run.Result{}, report.Extra{})))
	require.Contains(t, b.String(), `"steps": []`)
}

func TestTextPaintsOnlyWhereAsked(t *testing.T) {
	var plain, painted bytes.Buffer
	require.NoError(t, report.Text{W: &plain}.Run(failed(), report.Extra{}))
	require.NoError(t, report.Text{W: &painted, Color: true}.Run(failed(), report.Extra{}))
	require.NotContains(t, plain.String(), "\x1b")
	require.Contains(t, painted.String(), "\x1b[31m")
}

func ExampleText() {
	r := failed()
	r.Notes = []string{"thermo faulted once, first at 1m12s: out of memory"}
	r.Failures = r.Failures[:1]
	r.Failures[0].Detail = "expected: high"
	report.Text{W: os.Stdout}.Run(r, report.Extra{Wall: 20 * time.Millisecond, Out: "runs/a-7", Repeat: "twinrig run a.yaml --seed 7"}) // standard output
	// Output:
	// a <device> fails  a.yaml, seed 7, sim
	//   ✓        0s            power thermo: on
	//   -        0s     +1m0s  wait 1m
	//   ✗      1m0s      +30s  expect pin: thermo.HEATER
	//
	// FAIL a.yaml:8:5: thermo.HEATER is low
	//     expected: high
	//
	// note: thermo faulted once, first at 1m12s: out of memory
	//
	// to repeat: twinrig run a.yaml --seed 7
	// FAIL     a <device> fails
	//          1m30s of virtual time in 20ms, 12 events, runs/a-7
}

func TestATerminalObeysNoDevice(t *testing.T) {
	r := failed()
	r.Scenario, r.Reason, r.Notes = "a\x1b[2J", "b\x9b", []string{"c\x07\x00"}
	r.Steps[0].Text, r.Failures[0].Message = "send \x1b]0;", "said \x08"
	var b bytes.Buffer
	require.NoError(t, report.Text{W: &b}.Run(r, report.Extra{}))
	require.Empty(t, strings.Map(func(c rune) rune {
		if c == '\n' || !unicode.IsControl(c) {
			return -1
		}
		return c
	}, b.String()))
	require.Contains(t, b.String(), "nearest: \\x1b[31m]]> none\n")
	require.Equal(t, "a\x1b[2J", r.Scenario)
	require.Contains(t, r.Failures[0].Detail, "\x1b", "the result itself stays as it is")
}
