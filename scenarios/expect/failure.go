package expect

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/payload"
	"github.com/twinrig/twinrig/internal/trace"
)

// Failure says what was expected and what happened instead.
type Failure struct {
	Pos      diag.Position // of the expectation or the invariant
	Path     string        // where in the tree, as in steps[3].expect
	Verdict  Verdict       // Failed or Invalid
	At       time.Duration // when it was decided, since the start of the run
	Expected string        // in the words of the file
	Message  string        // what is wrong, in one line
	Window   string        // which events were read; empty for an invariant
	Nearest  []Near        // the nearest things that did happen, in the order of time
	Start    time.Duration // when the expect step started; for an invariant equal to At
}

// Near is something that did happen.
type Near struct {
	At   time.Duration // since the start of the run
	What string
	Why  string // why it did not count; may be empty
}

// String returns the failure as a block of lines for a person, without a final newline.
func (f Failure) String() string {
	return fmt.Sprintf("%s: %s: %s\n%s", f.Pos, f.Path, f.Message, f.Detail())
}

// Detail returns what was expected, what was read, and the nearest things that happened, as indented
// lines without a final newline. Times are from the start of the run, and from the start of the step.
func (f Failure) Detail() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  expected: %s\n  decided:  at %s", f.Expected, clock(f.At))
	if f.At != f.Start {
		fmt.Fprintf(&b, ", %s into the step", clock(f.At-f.Start))
	}
	if f.Window != "" {
		fmt.Fprintf(&b, "\n  read:     %s", f.Window)
	}
	if len(f.Nearest) == 0 {
		return b.String()
	}
	b.WriteString("\n  nearest:")
	width := 0
	for _, n := range f.Nearest {
		width = max(width, utf8.RuneCountInString(n.What))
	}
	for _, n := range f.Nearest {
		line := fmt.Sprintf("    %11s  %11s  %s", clock(n.At), relative(n.At-f.Start), n.What)
		if n.Why != "" {
			line += strings.Repeat(" ", width-utf8.RuneCountInString(n.What)) + "  ← " + n.Why
		}
		b.WriteString("\n" + line)
	}
	return b.String()
}

// clock renders a time since the start of the run: 12.310s, 2m03.500s, 1h02m03.000s.
func clock(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	d = d.Round(time.Millisecond)
	s, ms := int64(d/time.Second), int64(d%time.Second/time.Millisecond)
	switch {
	case s < 60:
		return fmt.Sprintf("%s%d.%03ds", sign, s, ms)
	case s < 3600:
		return fmt.Sprintf("%s%dm%02d.%03ds", sign, s/60, s%60, ms)
	}
	return fmt.Sprintf("%s%dh%02dm%02d.%03ds", sign, s/3600, s/60%60, s%60, ms)
}

// relative renders a time from the start of the step: +12.310s, -0.500s.
func relative(d time.Duration) string {
	if d < 0 {
		return clock(d)
	}
	return "+" + clock(d)
}

// length renders a length of time as a scenario has it: 90s, 1m30s, 250ms.
func length(d time.Duration) string {
	text := d.String()
	if rest, ok := strings.CutSuffix(text, "m0s"); ok {
		text = rest + "m"
	}
	if rest, ok := strings.CutSuffix(text, "h0m"); ok {
		text = rest + "h"
	}
	return text
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// eventText renders an event in one line.
func eventText(e *trace.Event) string {
	parts := []string{}
	switch e.Kind {
	case trace.Console:
		return e.Device + " console: " + shorten(e.Text, 100)
	case trace.Pin:
		return fmt.Sprintf("%s.%s %s", e.Device, e.Name, level(e.Value != 0))
	case trace.Sensor:
		return fmt.Sprintf("%s.%s = %s", e.Device, e.Name, formatValue(e.Value))
	case trace.Memory:
		return fmt.Sprintf("%s memory: %d bytes", e.Device, e.Count)
	case trace.Traffic:
		return fmt.Sprintf("%s traffic: %d bytes sent, %d received", e.Device, e.Count, e.Offset)
	case trace.Battery:
		return fmt.Sprintf("%s battery: %.4g%%, %.6gmAh taken", e.Device, e.Value, float64(e.Count)/nanocoulombs)
	}
	if e.Device != "" {
		parts = append(parts, e.Device)
	}
	parts = append(parts, string(e.Kind))
	for _, text := range []string{e.Name, e.Topic} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if len(e.Payload) > 0 {
		parts = append(parts, payloadText(e))
	}
	if e.Retain {
		parts = append(parts, "retained")
	}
	if e.Dup {
		parts = append(parts, "dup")
	}
	if e.Cause != "" {
		parts = append(parts, "("+e.Cause+")")
	}
	if e.Text != "" {
		parts = append(parts, shorten(e.Text, 80))
	}
	return strings.Join(parts, " ")
}

// payloadText is a payload as a person reads it: decoded, or text, or hexadecimal.
func payloadText(e *trace.Event) string {
	switch {
	case e.Decoded != "":
		return shorten(e.Decoded, 100)
	case !utf8.Valid(e.Payload):
		return fmt.Sprintf("%s: %s", plural(len(e.Payload), "byte", "bytes"), shorten(payload.Hex(e.Payload), 60))
	}
	return shorten(strings.Join(strings.Fields(string(e.Payload)), " "), 100)
}
