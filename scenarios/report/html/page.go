package html

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// page is what the template puts in place. All text in it is as the run said it; the template escapes it.
type page struct {
	Summary   *report.Summary
	Title     string
	Verdict   verdict
	Facts     []fact
	Failures  []failure
	Notes     []string
	Timeline  bool
	Devices   bool // there are lanes of devices
	Plots     bool
	Fleets    []fleetTable
	Delivered []latencyRow
	Measured  []latencyRow
	Recorded  []recorded
	Sometimes []report.Sometimes
	Sources   []source
	Steps     []stepRow
	Sweep     *sweepTable
}

// verdict is a verdict in words and as a mark.
type verdict struct {
	Class string // pass, fail or other
	Mark  string
	Word  string
	Line  string // in one sentence
}

type fact struct{ Name, Value string }

type stepRow struct {
	report.Step
	Mark, Class, At, Took string
}

type recorded struct {
	report.Record
	Text, When string
}

type fleetTable struct {
	Name     string
	Members  int
	Heads    []string
	Rankings []ranking
}

func newPage(m *model, sum *report.Summary, readFile func(string) ([]byte, error)) *page {
	p := &page{Summary: sum, Title: cmp.Or(sum.Scenario, sum.File, "a run"), Verdict: verdictOf(sum)}
	p.Facts = facts(m, sum)
	for _, f := range sum.Failures {
		p.Failures = append(p.Failures, newFailure(f))
	}
	p.Notes = slices.Concat(sum.Notes, m.leftOut())
	if s := sum.Sweep; s != nil && len(s.Failed) > 0 {
		p.Notes = append(p.Notes, "Steps and diagrams are of the first run that did not pass, the one with the power cut at "+s.Failed[0].Cut.String()+".")
	}
	if m.survey.flaw != "" {
		p.Notes = append([]string{m.survey.flaw}, p.Notes...)
	}
	p.Timeline = m.survey.events > 0 || len(sum.Steps) > 0
	p.Devices = len(m.lanes) > 0
	list, _ := m.plots.list()
	p.Plots = len(list) > 0
	for _, name := range sortedKeys(m.fleets) {
		p.Fleets = append(p.Fleets, newFleetTable(m.fleets[name], m.survey.end))
	}
	p.Delivered, p.Measured = m.latencies.rows(), measuredRows(sum.Measured)
	for _, x := range sum.Recorded {
		p.Recorded = append(p.Recorded, newRecorded(x))
	}
	p.Sometimes = sum.Sometimes
	p.Sources = sourcesOf(m.survey, sum, readFile)
	for _, st := range sum.Steps {
		v := markOf(st.Verdict)
		p.Steps = append(p.Steps, stepRow{st, v.Mark, v.Class, clock(seconds(st.Begin)), short(seconds(st.End - st.Begin))})
	}
	p.Sweep = newSweep(sum.Sweep)
	return p
}

func markOf(v run.Verdict) verdict {
	switch v {
	case run.Pass:
		return verdict{Class: "pass", Mark: "✓", Word: "Passed"}
	case run.Fail:
		return verdict{Class: "fail", Mark: "✗", Word: "Failed"}
	case run.Skipped:
		return verdict{Class: "other", Mark: "–", Word: "Skipped"}
	case run.Interrupted:
		return verdict{Class: "other", Mark: "…", Word: "Interrupted"}
	case run.Invalid:
		return verdict{Class: "fail", Mark: "!", Word: "Invalid"}
	case run.Infra:
		return verdict{Class: "fail", Mark: "!", Word: "Bench failed"}
	}
	return verdict{Class: "other", Mark: "?", Word: string(v)}
}

// verdictOf says what the run came to.
func verdictOf(sum *report.Summary) verdict {
	v := markOf(sum.Verdict)
	held := 0
	for _, s := range sum.Steps {
		if s.Verdict == run.Pass {
			held++
		}
	}
	switch {
	case sum.Verdict == run.Pass:
		v.Line = fmt.Sprintf("%s held.", every(counted(len(sum.Steps), "step")))
	case sum.Verdict == run.Interrupted && len(sum.Steps) > 0:
		v.Line = "It had come to: " + sum.Steps[len(sum.Steps)-1].Text
	case sum.Reason != "":
		v.Line = sentence(sum.Reason)
	case len(sum.Failures) > 0:
		v.Line = fmt.Sprintf("%d of the %s that began held.", held, counted(len(sum.Steps), "step"))
	}
	return v
}

func every(counted string) string {
	if strings.HasPrefix(counted, "1 ") {
		return "The one step"
	}
	return "All " + counted
}

// sentence makes a phrase one.
func sentence(s string) string {
	return strings.TrimRight(strings.ToUpper(s[:1])+s[1:], ".") + "."
}

func facts(m *model, sum *report.Summary) []fact {
	clockName := "virtual time"
	if sum.Mode == run.Live {
		clockName = "wall time"
	}
	list := []fact{{"file", sum.File}}
	if len(sum.Cell) > 0 {
		list = append(list, fact{"cell", lang.CellText(sum.Cell)})
	}
	if sum.Cut != "" {
		list = append(list, fact{"cut", sum.Cut})
	}
	list = append(list, fact{"seed", fmt.Sprint(sum.Seed)}, fact{"mode", sum.Mode}, fact{clockName, short(seconds(sum.Elapsed))})
	if sum.Wall > 0 && sum.Mode != run.Live {
		list = append(list, fact{"took", short(seconds(sum.Wall))})
	}
	list = append(list, fact{"events", fmt.Sprint(sum.Events)}, fact{"devices", fmt.Sprint(len(m.survey.devices))})
	return list
}

func newRecorded(x report.Record) recorded {
	text := x.Why
	if value, err := json.Marshal(x.Value); err == nil && text == "" {
		text = string(value)
	}
	return recorded{x, text, clock(seconds(x.At))}
}

func newFleetTable(f *fleet, end time.Duration) fleetTable {
	t := fleetTable{Name: f.name, Members: f.count, Rankings: f.rankings(end)}
	for _, p := range percentiles() {
		t.Heads = append(t.Heads, map[float64]string{0: "min", 50: "median", 100: "max"}[p])
		if t.Heads[len(t.Heads)-1] == "" {
			t.Heads[len(t.Heads)-1] = fmt.Sprintf("p%g", p)
		}
	}
	return t
}
