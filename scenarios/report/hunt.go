package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fatih/color"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios/run"
)

// Hunt is what a hunt for mutants came to: which scenario kills which. The good firmware passed them all.
type Hunt struct {
	Scenarios []string `json:"scenarios"`
	Mutants   []Mutant `json:"mutants"`
	Killed    int      `json:"killed"` // mutants
}

// Mutant is firmware with a bug, and what found it.
type Mutant struct {
	Name     string     `json:"name"`
	Kind     string     `json:"kind"`
	Language string     `json:"language"` // go, c or wasm
	About    string     `json:"about,omitempty"`
	Kills    []Kill     `json:"kills"`              // in the order of the scenarios
	Unjudged []Unjudged `json:"unjudged,omitempty"` // runs that tested nothing, or whose bench failed
}

// Kill is a scenario that fails with a mutant.
type Kill struct {
	Scenario string `json:"scenario"`
	Position string `json:"position"` // of the step or invariant that failed
	Step     string `json:"step"`     // its text; of an invariant its path
	Message  string `json:"message"`
}

// Unjudged is a run that is neither a kill nor a pass.
type Unjudged struct {
	Scenario string      `json:"scenario"`
	Verdict  run.Verdict `json:"verdict"`
	Reason   string      `json:"reason"`
}

// Add takes in a mutant whose runs are all there.
func (h *Hunt) Add(m Mutant) {
	h.Mutants = append(h.Mutants, m)
	if len(m.Kills) > 0 {
		h.Killed++
	}
}

// Add takes in a run of a scenario. The first run of a scenario that fails is the one that tells how.
func (m *Mutant) Add(scenario string, r run.Result) {
	switch r.Verdict {
	case run.Pass, run.Skipped:
	case run.Fail:
		if !slices.ContainsFunc(m.Kills, func(k Kill) bool { return k.Scenario == scenario }) {
			m.Kills = append(m.Kills, killOf(scenario, r))
		}
	default:
		u := Unjudged{Scenario: scenario, Verdict: r.Verdict, Reason: r.Reason}
		if len(r.Failures) > 0 {
			u.Reason = r.Failures[0].Message
		}
		m.Unjudged = append(m.Unjudged, u)
	}
}

func killOf(scenario string, r run.Result) Kill {
	k := Kill{Scenario: scenario, Message: r.Reason}
	if len(r.Failures) == 0 {
		return k
	}
	f := r.Failures[0]
	k.Position, k.Step, k.Message = f.Pos.String(), f.Step, f.Message
	if n := len(r.Steps); n > 0 && r.Steps[n-1].Verdict == run.Fail {
		k.Step = r.Steps[n-1].Text
	}
	return k
}

// Idle returns the scenarios that kill nothing.
func (h Hunt) Idle() []string {
	return slices.DeleteFunc(slices.Clone(h.Scenarios), func(s string) bool {
		return slices.ContainsFunc(h.Mutants, func(m Mutant) bool {
			return slices.ContainsFunc(m.Kills, func(k Kill) bool { return k.Scenario == s })
		})
	})
}

// The widths of the table's columns, so that it fits a terminal of 100 columns.
const (
	mutantWidth = 36
	killsWidth  = 58
)

// Hunt writes what kills what: survivors first, then a row for each mutant, what could not be judged, and the score.
func (t Text) Hunt(h Hunt) error {
	var b page
	survivors := slices.DeleteFunc(slices.Clone(h.Mutants), func(m Mutant) bool { return len(m.Kills) > 0 })
	for _, m := range survivors {
		line := "SURVIVES  " + m.Name
		if m.About != "" {
			line += ": " + m.About
		}
		b.printf("%s\n", t.paint(color.FgRed, line))
	}
	if h.Killed > 0 {
		if len(survivors) > 0 {
			b.WriteString("\n")
		}
		b.WriteString(t.kills(h) + "\n\n") // made visible in the making
	}
	for _, m := range h.Mutants {
		for _, u := range m.Unjudged {
			b.printf("%s  %s in %s: %s\n", t.paint(colorOf(u.Verdict), strings.ToUpper(string(u.Verdict))), m.Name, u.Scenario, u.Reason)
		}
	}
	if idle := h.Idle(); len(idle) > 0 {
		b.printf("%s\n", t.paint(color.FgYellow, "kills nothing: "+strings.Join(idle, ", ")))
	}
	b.printf("%s\n", t.score(h))
	_, err := io.WriteString(t.W, b.String())
	return err
}

// BadFirmware writes which runs of the good firmware did not pass, and how to repeat each.
func (t Text) BadFirmware(results []run.Result, repeat func(i int) string) error {
	var b page
	for i, r := range results {
		if r.Verdict == run.Pass || r.Verdict == run.Skipped {
			continue
		}
		where, why := r.File, r.Reason
		if len(r.Failures) > 0 {
			where, why = r.Failures[0].Pos.String(), r.Failures[0].Message
		}
		b.printf("%s  %s: %s\n         to repeat: %s\n", t.paint(colorOf(r.Verdict), strings.ToUpper(string(r.Verdict))), where, why, repeat(i))
	}
	_, err := io.WriteString(t.W, b.String())
	return err
}

func (t Text) score(h Hunt) painted {
	paint := color.FgGreen
	if h.Killed < len(h.Mutants) {
		paint = color.FgRed
	}
	return t.paint(paint, fmt.Sprintf("%d of %d mutants killed by %s", h.Killed, len(h.Mutants), counted(len(h.Scenarios), "scenario")))
}

func (t Text) kills(h Hunt) string {
	w := table.NewWriter()
	w.SetStyle(table.StyleLight)
	w.Style().Options.DrawBorder = false
	w.Style().Options.SeparateColumns = false
	w.Style().Format.Header = text.FormatDefault
	w.SetColumnConfigs([]table.ColumnConfig{
		{Number: 1, WidthMax: mutantWidth}, {Number: 2, WidthMax: killsWidth, WidthMaxEnforcer: text.WrapSoft},
	})
	w.AppendHeader(table.Row{"mutant", "killed by"})
	for _, m := range h.Mutants {
		if len(m.Kills) == 0 {
			continue
		}
		w.AppendRow(table.Row{visible.Line(m.Name), visible.Line(strings.Join(m.killers(), ", "))})
	}
	w.SuppressTrailingSpaces()
	return w.Render()
}
