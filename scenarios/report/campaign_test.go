package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/run"
)

func TestOneTestCaseForEachScenario(t *testing.T) {
	skipped := ended(2, 1, "v1", "1s", "")
	skipped.Result.Verdict, skipped.Result.Reason = run.Skipped, "not offered here: flash"
	broken := ended(3, 1, "v1", "1s", "")
	broken.Result.Verdict, broken.Result.Reason = run.Infra, "a full disk"
	c := NewCampaign([]Ended{ended(0, 1, "v1", "1s", ""), ended(0, 2, "v1", "1s", ""), ended(1, 1, "v1", "1s", "a gap of 1"), ended(1, 2, "v1", "1s", "a gap of 2"), ended(1, 3, "v1", "1s", ""), skipped, broken}, 0, 0, repeat)
	var b bytes.Buffer
	require.NoError(t, CampaignJUnit(&b, c))
	var suites junit.Testsuites
	require.NoError(t, xml.Unmarshal(b.Bytes(), &suites), b.String())
	require.Equal(t, []int{4, 1, 1, 1}, []int{suites.Tests, suites.Failures, suites.Errors, suites.Skipped})
	cases := suites.Suites[0].Testcases
	require.Equal(t, "120.000", cases[0].Time, "of all runs")
	require.Contains(t, cases[1].Failure.Data, "2 of 3 runs")
	require.Contains(t, cases[1].Failure.Data, "to repeat: repeat 2")
	require.Equal(t, "not offered here: flash", cases[2].Skipped.Message)
	require.Contains(t, cases[3].Error.Message, "a full disk")
}

// A table fits the terminal, whatever the matrix, as long as a few characters of each value do.
func TestTablesFit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		width := rapid.IntRange(50, 160).Draw(rt, "width")
		values := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9.]{1,30}`), 1, 9, rapid.ID[string])
		rows, columns := values.Draw(rt, "rows"), values.Draw(rt, "columns")
		s := Scenario{Axes: []string{"firmware", "latency"}}
		for _, row := range rows {
			for _, column := range columns {
				s.Cells = append(s.Cells, Cell{Verdict: run.Fail, Runs: 100, Passed: 7, settings: []lang.Setting{{Name: "firmware", Value: row}, {Name: "latency", Value: column}}})
			}
		}
		drawn := Text{Width: width, Color: rapid.Bool().Draw(rt, "colour")}.matrix(&s)
		require.LessOrEqual(rt, text.LongestLineLen(drawn)+gridMargin, width, drawn)
		require.Equal(rt, len(rows)*len(columns), strings.Count(drawn, "93/100"), "every cell is there")
	})
}

func TestAnAxisWithOneValueIsLeftOut(t *testing.T) {
	s := Scenario{Axes: []string{"firmware", "latency"}}
	for _, latency := range []string{"1s", "2s"} {
		s.Cells = append(s.Cells, Cell{Verdict: run.Pass, Runs: 1, Passed: 1, settings: []lang.Setting{{Name: "firmware", Value: "v1"}, {Name: "latency", Value: latency}}})
	}
	require.Equal(t, " latency │ 1s   │ 2s   \n─────────┼──────┼──────\n verdict │ pass │ pass ", Text{}.matrix(&s))
}

// hostile is text as a device may send it.
const hostile = "\x1b[2J\x1b]0;owned\x07\u009b31m\r\u202egnp.exe\u2069\x9b\b"

// Wherever a string of a device or of a file stands in a result, no printer passes on what a terminal obeys.
func TestNoPrinterObeysADevice(t *testing.T) {
	x := ended(0, 1, "v"+hostile, "1s", "said "+hostile)
	r := &x.Result
	r.Scenario, r.File, r.Notes, r.Mode = "scenario "+hostile, "file"+hostile, []string{hostile}, run.Sim
	r.Failures[0].Detail, r.Failures[0].Pos.File = "nearest: "+hostile+"\n  more", "file"+hostile
	r.Cell = append(r.Cell, lang.Setting{Name: "axis" + hostile, Value: hostile})
	r.Steps = []run.StepResult{{Text: "send " + hostile, Verdict: run.Fail}}
	r.Recorded, r.Sometimes, r.Measured = []run.Record{{Name: hostile, Value: hostile}, {Name: "x", Why: hostile}}, []run.Sometimes{{Text: hostile}}, []run.Measurement{{Name: hostile}}
	other := ended(0, 2, "v2", "2s", "")
	other.Result.Cell = append(other.Result.Cell, lang.Setting{Name: "axis" + hostile, Value: "2"})
	skipped := ended(1, 1, "v", "1s", "")
	skipped.Result.Verdict, skipped.Result.Reason, skipped.Result.Scenario = run.Skipped, hostile, hostile
	c := NewCampaign([]Ended{x, other, skipped}, 0, 0, func(int, string) string { return hostile })
	c.Causes[0].Report, c.Causes[0].Out = hostile, hostile

	printed := map[string]func(w *bytes.Buffer) error{
		"run": func(w *bytes.Buffer) error {
			return Text{W: w}.Run(*r, Extra{Out: hostile, Repeat: hostile, Report: hostile})
		},
		"campaign": func(w *bytes.Buffer) error { return Text{W: w}.Campaign(c) },
		"narrow":   func(w *bytes.Buffer) error { return Text{W: w, Width: 60}.Campaign(c) },
		"json":     func(w *bytes.Buffer) error { return JSON(w, c) },
		"summary":  func(w *bytes.Buffer) error { return JSON(w, NewSummary(*r, Extra{Out: hostile})) },
		"junit":    func(w *bytes.Buffer) error { return JUnit(w, *r) },
		"junits":   func(w *bytes.Buffer) error { return CampaignJUnit(w, c) },
	}
	for name, print := range printed {
		var b bytes.Buffer
		require.NoError(t, print(&b), name)
		for _, bad := range b.String() {
			if unicode.IsControl(bad) && bad != '\n' && bad != '\t' || unicode.Is(unicode.Bidi_Control, bad) {
				t.Errorf("%s: prints %U in %q", name, bad, around(b.String(), bad))
				break
			}
		}
		require.NotContains(t, b.String(), "\x9b", name)
		switch name {
		case "json", "summary":
			var back any
			require.NoError(t, json.Unmarshal(b.Bytes(), &back))
			require.Contains(t, fmt.Sprint(back), "\x1b[2J", "JSON keeps what was said")
		case "junit", "junits":
			var back junit.Testsuites
			require.NoError(t, xml.Unmarshal(b.Bytes(), &back), name)
		default:
			require.Contains(t, b.String(), `\x1b[2J\x1b]0;owned\x07\x9b31m\r\u202egnp.exe\u2069\x9b\x08`, name)
		}
	}
}

func around(s string, r rune) string {
	at := strings.IndexRune(s, r)
	return s[max(0, at-30):min(len(s), at+30)]
}
