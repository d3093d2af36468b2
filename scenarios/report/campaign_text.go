package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios/run"
)

// Campaign writes what many runs came to: why some did not pass, first what is the device's fault; then a line for
// each scenario, with the table of its matrix; then the count.
func (t Text) Campaign(c Campaign) error {
	var b page
	for _, v := range []run.Verdict{run.Fail, run.Invalid, run.Infra} {
		t.causes(&b, c.Causes, v)
	}
	for i := range c.Scenarios {
		t.scenario(&b, &c.Scenarios[i])
	}
	t.count(&b, c)
	_, err := io.WriteString(t.W, b.String())
	return err
}

// causes writes the causes of one verdict.
func (t Text) causes(b *page, causes []Cause, v run.Verdict) {
	headings := map[run.Verdict]string{
		run.Invalid: "Not tested: the scenario or the bench is at fault, not the device.",
		run.Infra:   "Not tested: the bench failed.",
	}
	for i := range causes {
		if causes[i].Verdict != v {
			continue
		}
		if h := headings[v]; h != "" {
			b.printf("%s\n\n", t.paint(color.Bold, h))
			delete(headings, v)
		}
		t.cause(b, &causes[i])
	}
}

// maxDetail is how many lines of a detail are shown; a panic's stack may have hundreds.
const maxDetail = 14

func (t Text) cause(b *page, c *Cause) {
	b.printf("%s %s  %s", t.verdict(c.Verdict, 0), t.paint(color.Bold, c.Position), c.Scenario)
	if c.Status != "" {
		b.printf("  %s", t.status(c.Status))
	}
	b.WriteString("\n")
	t.folded(b, "  ", c.Message)
	t.folded(b, "  ", c.howMany())
	lines := strings.Split(strings.TrimRight(c.Detail, "\n"), "\n")
	if c.Detail != "" {
		for _, line := range lines[:min(len(lines), maxDetail)] {
			t.detail(b, line)
		}
	}
	if more := len(lines) - maxDetail; more > 0 {
		b.printf("      … %d more lines in %s\n", more, c.Out)
	}
	b.printf("  %s %s\n", t.paint(color.Faint, "to repeat:"), c.Repeat)
	if c.Report != "" {
		b.printf("  %s    %s\n", t.paint(color.Faint, "report:"), c.Report)
	}
	b.printf("\n")
}

// detail writes a line of evidence, which is a table as it is: what is too long is cut off on a terminal.
func (t Text) detail(b *page, line string) {
	line = "    " + visible.Line(line)
	if t.Width > 0 && text.StringWidth(line) > t.Width {
		line = text.Trim(line, t.Width-1) + "…"
	}
	b.printf("%s\n", t.paint(color.Faint, line))
}

// folded writes a sentence, on a terminal in lines that fit.
func (t Text) folded(b *page, indent, sentence string) {
	sentence = visible.Line(sentence)
	if t.Width > len(indent)+20 {
		sentence = text.WrapSoft(sentence, t.Width-len(indent))
	}
	for line := range strings.Lines(sentence) {
		b.printf("%s%s\n", indent, strings.TrimRight(line, " \n"))
	}
}

func (t Text) status(s string) painted {
	if s == StatusKnown {
		return t.paint(color.Faint, "("+s+")")
	}
	return t.paint(color.FgYellow, "("+s+")")
}

// howMany says how many runs have the cause, and what they share.
func (c *Cause) howMany() string {
	words := fmt.Sprintf("%d of %s", c.Runs, counted(c.Of, "run"))
	if c.Runs == c.Of {
		words = map[bool]string{true: "the only run", false: fmt.Sprintf("all %d runs", c.Of)}[c.Of == 1]
	}
	if c.Shared != nil {
		return words + ": " + c.Shared.String()
	}
	if len(c.Seeds) > 0 && c.Runs < c.Of {
		return fmt.Sprintf("%s: seeds %s", words, seeds(c.Seeds))
	}
	return words
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// manySeeds is how many seeds a line lists.
const manySeeds = 12

func seeds(failing []uint64) string {
	words := make([]string, 0, manySeeds)
	for _, s := range failing[:min(len(failing), manySeeds)] {
		words = append(words, fmt.Sprint(s))
	}
	if more := len(failing) - manySeeds; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(words, ", "), more)
	}
	return strings.Join(words, ", ")
}

// scenario writes how one scenario came out, and the table of its matrix.
func (t Text) scenario(b *page, s *Scenario) {
	facts := ""
	switch {
	case s.Verdict == run.Skipped:
		facts = s.Reason
	case s.Runs > 1:
		facts = fmt.Sprintf("%d of %s passed", s.Passed, counted(s.Runs, "run"))
	default:
		facts = Duration(time.Duration(s.Elapsed * float64(time.Second)))
	}
	if s.Sweep != "" {
		facts += "; " + s.Sweep
	}
	b.printf("%s  %s  %s\n", t.verdict(s.Verdict, 7), s.Scenario, t.paint(color.Faint, facts))
	if len(s.Axes) > 0 && len(s.Cells) > 1 {
		b.WriteString("\n")
		for line := range strings.Lines(t.matrix(s)) {
			b.WriteString("  " + strings.TrimRight(line, " \n") + "\n") // made visible in the making
		}
		b.WriteString("\n")
	}
}

// count writes how many runs there were, and how they ended.
func (t Text) count(b *page, c Campaign) {
	var parts []string
	for _, v := range []run.Verdict{run.Pass, run.Fail, run.Invalid, run.Infra, run.Skipped, run.Interrupted} {
		if n := c.Verdicts[v]; n > 0 {
			parts = append(parts, string(t.paint(colorOf(v), fmt.Sprintf("%d %s", n, v))))
		}
	}
	line := counted(c.Runs, "run") + ": " + strings.Join(parts, ", ")
	if c.Cached > 0 {
		line += fmt.Sprintf(" (%d cached)", c.Cached)
	}
	if len(c.Causes) > 0 {
		line += "; " + c.tally()
	}
	if c.NotBegun > 0 {
		line += fmt.Sprintf("; %s not begun", counted(c.NotBegun, "run"))
	}
	b.printf("%s\n", painted(line))
}

// tally counts the causes.
func (c Campaign) tally() string {
	status := map[string]int{}
	for _, x := range c.Causes {
		status[x.Status]++
	}
	words := counted(len(c.Causes), "cause")
	var parts []string
	for _, s := range []string{StatusNew, StatusBack, StatusKnown} {
		if status[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", status[s], s))
		}
	}
	return cmp.Or(strings.TrimSuffix(words+" ("+strings.Join(parts, ", ")+")", " ()"), words)
}

// How a cause stands to the campaigns before.
const (
	StatusNew   = "new"   // none of them had it
	StatusKnown = "known" // the last one that could have it had it
	StatusBack  = "back"  // it had gone: the run that had it passed meanwhile
)
