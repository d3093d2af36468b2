package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fatih/color"

	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/run"
)

// Text writes results for a person.
type Text struct {
	W     io.Writer
	Color bool
	Width int // columns of the terminal; 0: it is none, and nothing is made to fit
}

// paint makes s visible, and colours it.
func (t Text) paint(attr color.Attribute, s string) painted {
	c := color.New(attr)
	if t.Color {
		c.EnableColor()
	} else {
		c.DisableColor()
	}
	return painted(c.Sprint(visible.Line(s)))
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

// stepWidth keeps a step on one line of a terminal of 100 columns; with fewer columns, stepMargin is what the line
// has beside the step.
const (
	stepWidth  = 74
	stepMargin = 25
)

// Run writes one run: its steps, its failures and a closing line.
func (t Text) Run(r run.Result, x Extra) error {
	var b page
	t.steps(&b, r)
	if r.Sweep != nil {
		b.WriteString("\n")
		b.indented("", strings.Join(r.Sweep.Describe(), "\n"))
	}
	for _, f := range r.Failures {
		b.printf("\n%s %s: %s\n", t.verdict(f.Verdict, 0), f.Pos, f.Message)
		b.indented("    ", f.Detail)
	}
	t.judged(&b, r)
	if len(r.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, note := range r.Notes {
		b.printf("note: %s\n", note)
	}
	if r.Verdict != run.Pass && r.Verdict != run.Skipped && x.Repeat != "" {
		b.printf("\nto repeat: %s\n", x.Repeat)
	}
	if x.Report != "" {
		b.printf("report:    %s\n", x.Report)
	}
	if len(r.Failures) == 0 {
		b.WriteString("\n")
	}
	t.closing(&b, r, x)
	_, err := io.WriteString(t.W, b.String())
	return err
}

func (t Text) steps(b *page, r run.Result) {
	b.printf("%s  %s\n", t.paint(color.Bold, r.Scenario), t.paint(color.Faint, fmt.Sprintf("%s, %s, %s", r.File, which(r), r.Mode)))
	width := stepWidth
	if t.Width > 0 {
		width = min(width, max(10, t.Width-stepMargin))
	}
	for _, s := range r.Steps {
		took := ""
		if d := s.End - s.Begin; d >= time.Millisecond {
			took = "+" + Duration(d)
		}
		b.printf("  %s %s  %s\n", t.mark(s.Verdict), t.paint(color.Faint, fmt.Sprintf("%9s %9s", Duration(s.Begin), took)), clip(visible.Line(s.Text), width))
	}
}

func (t Text) mark(v run.Verdict) painted {
	marks := map[run.Verdict]string{run.Pass: "✓", run.Fail: "✗", run.Skipped: "-", run.Interrupted: "…"}
	return t.paint(colorOf(v), cmp.Or(marks[v], "!"))
}

// verdict writes a verdict in capitals, in at least so many columns.
func (t Text) verdict(v run.Verdict, width int) painted {
	return t.paint(colorOf(v), fmt.Sprintf("%-*s", width, strings.ToUpper(string(v))))
}

func (t Text) closing(b *page, r run.Result, x Extra) {
	b.printf("%s  %s", t.verdict(r.Verdict, 7), r.Scenario)
	if r.Reason != "" {
		b.printf(": %s", r.Reason)
	}
	clock := "of virtual time in " + Duration(x.Wall)
	if r.Mode != run.Sim {
		clock = "of wall time"
	}
	facts := fmt.Sprintf("%s %s, %d events", Duration(r.Elapsed), clock, r.Events)
	if x.Out != "" {
		facts += ", " + x.Out
	}
	if x.Cached {
		facts += ", cached"
	}
	b.printf("\n%s\n", t.paint(color.Faint, "         "+facts))
}

// which tells a run from others of its scenario.
func which(r run.Result) string {
	words := fmt.Sprintf("seed %d", r.Seed)
	if len(r.Cell) > 0 {
		words = lang.CellText(r.Cell) + ", " + words
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
