package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/run"
)

// Text writes results for a person.
type Text struct {
	W     io.Writer
	Color bool
}

func (t Text) paint(attr color.Attribute, s string) string {
	c := color.New(attr)
	if t.Color {
		c.EnableColor()
	} else {
		c.DisableColor()
	}
	return c.Sprint(s)
}

func colorOf(v run.Verdict) color.Attribute {
	switch v {
	case run.Pass:
		return color.FgGreen
	case run.Fail:
		return color.FgRed
	case run.Invalid, run.Infra:
		return color.FgMagenta
	default:
		return color.FgYellow
	}
}

// stepWidth keeps a step on one line of a terminal of 100 columns.
const stepWidth = 74

// Run writes one run: its failures and a closing line, and, where it is the only one, its steps.
func (t Text) Run(r run.Result, x Extra, only bool) error {
	r = visible(r)
	var b strings.Builder
	if only {
		t.steps(&b, r)
	}
	if r.Sweep != nil && (only || len(r.Sweep.Failed) > 0) {
		b.WriteString("\n" + strings.Join(r.Sweep.Describe(), "\n") + "\n")
	}
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "\n%s %s: %s\n", t.paint(colorOf(f.Verdict), strings.ToUpper(string(f.Verdict))), f.Pos, f.Message)
		for line := range strings.Lines(f.Detail) {
			b.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
		}
	}
	if only {
		t.judged(&b, r)
	}
	if len(r.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, note := range r.Notes {
		b.WriteString("note: " + note + "\n")
	}
	if r.Verdict != run.Pass && r.Verdict != run.Skipped && x.Repeat != "" {
		fmt.Fprintf(&b, "\nto repeat: %s\n", x.Repeat)
	}
	if only && len(r.Failures) == 0 {
		b.WriteString("\n")
	}
	b.WriteString(t.closing(r, x, only))
	_, err := io.WriteString(t.W, b.String())
	return err
}

// visible returns r for a terminal: what a device says shall not move its cursor or clear it.
func visible(r run.Result) run.Result {
	r.Scenario, r.Reason = printable(r.Scenario), printable(r.Reason)
	r.Steps, r.Failures, r.Notes = slices.Clone(r.Steps), slices.Clone(r.Failures), slices.Clone(r.Notes)
	for i := range r.Steps {
		r.Steps[i].Text = printable(r.Steps[i].Text)
	}
	for i := range r.Failures {
		f := &r.Failures[i]
		f.Message, f.Detail = printable(f.Message), printable(f.Detail)
	}
	for i := range r.Notes {
		r.Notes[i] = printable(r.Notes[i])
	}
	return r
}

func (t Text) steps(b *strings.Builder, r run.Result) {
	fmt.Fprintf(b, "%s  %s\n", t.paint(color.Bold, r.Scenario), t.paint(color.Faint, fmt.Sprintf("%s, %s, %s", r.File, which(r), r.Mode)))
	for _, s := range r.Steps {
		took := ""
		if d := s.End - s.Begin; d >= time.Millisecond {
			took = "+" + Duration(d)
		}
		fmt.Fprintf(b, "  %s %s  %s\n", t.mark(s.Verdict), t.paint(color.Faint, fmt.Sprintf("%9s %9s", Duration(s.Begin), took)), clip(s.Text, stepWidth))
	}
}

func (t Text) mark(v run.Verdict) string {
	marks := map[run.Verdict]string{run.Pass: "✓", run.Fail: "✗", run.Skipped: "-", run.Interrupted: "…"}
	m, ok := marks[v]
	if !ok {
		m = "!"
	}
	return t.paint(colorOf(v), m)
}

func (t Text) closing(r run.Result, x Extra, only bool) string {
	line := fmt.Sprintf("%s  %s", t.paint(colorOf(r.Verdict), fmt.Sprintf("%-7s", strings.ToUpper(string(r.Verdict)))), r.Scenario)
	if r.Reason != "" {
		line += ": " + r.Reason
	}
	clock := "of virtual time in " + Duration(x.Wall)
	if r.Mode != "sim" {
		clock = "of wall time"
	}
	if !only {
		return line + t.paint(color.Faint, fmt.Sprintf("  %s, %s", which(r), Duration(r.Elapsed))) + "\n"
	}
	facts := fmt.Sprintf("%s %s, %d events", Duration(r.Elapsed), clock, r.Events)
	if x.Out != "" {
		facts += ", " + x.Out
	}
	return line + "\n" + t.paint(color.Faint, "         "+facts) + "\n"
}

// which tells a run from others of its scenario.
func which(r run.Result) string {
	words := fmt.Sprintf("seed %d", r.Seed)
	if len(r.Cell) > 0 {
		words = printable(lang.CellText(r.Cell)) + ", " + words
	}
	if r.Cut != "" {
		words += ", cut " + r.Cut
	}
	return words
}

// clip shortens s to n runes, with an ellipsis.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// Duration writes d with at most millisecond digits: 0s, 12ms, 3.25s, 1m30s, 24h0m0s.
func Duration(d time.Duration) string {
	if d >= time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}
