package trial

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// Failed says why a run did not pass: at the beginning of a line the position, as editors want it, and at the
// end the command that repeats it.
func Failed(o Outcome) string {
	r, repeat := o.Result, o.Extra.Repeat
	var b strings.Builder
	verdict := strings.ToUpper(string(r.Verdict))
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "%s: %s: %s\n", Place(f.Pos), strings.ToUpper(string(f.Verdict)), visible.Line(f.Message))
		for line := range strings.Lines(f.Detail) {
			b.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
		}
	}
	if len(r.Failures) == 0 {
		fmt.Fprintf(&b, "%s: %s: %s\n", Place(diag.Position{File: r.File}), verdict, visible.Line(r.Reason))
	}
	if r.Sweep != nil {
		b.WriteString(strings.Join(r.Sweep.Describe(), "\n") + "\n")
	}
	for _, note := range r.Notes {
		b.WriteString("note: " + visible.Line(note) + "\n")
	}
	fmt.Fprintf(&b, "%s: %s (%s)\n", verdict, visible.Line(r.Scenario), visible.Line(which(r)))
	if o.Extra.Out != "" {
		b.WriteString("results: " + o.Extra.Out + "\n")
	}
	if repeat != "" {
		b.WriteString("to repeat: " + repeat + "\n")
	}
	return visible.Text(b.String())
}

// which tells a run from others of its scenario.
func which(r run.Result) string {
	words := fmt.Sprintf("seed %d", r.Seed)
	if len(r.Cell) > 0 {
		words = lang.CellText(r.Cell) + ", " + words
	}
	return words
}

// Faults says what is wrong in files, one line each, beginning with its position. err may be any error.
func Faults(err error) string {
	var faults diag.List
	if !errors.As(err, &faults) {
		return visible.Text(err.Error() + "\n")
	}
	text := ""
	for _, d := range faults {
		where := Place(d.Position)
		d.Position = diag.Position{}
		text += where + d.Error() + "\n"
	}
	return visible.Text(text + "the scenario has faults; nothing was started\n")
}

// NeverSeen says what was true in no run.
func NeverSeen(f run.Failure) string {
	return visible.Text(fmt.Sprintf("%s: %s: %s\n", Place(f.Pos), strings.ToUpper(string(f.Verdict)), f.Message))
}

// Place is a position with the whole path, which leads there from whatever folder `go test` was started in: a test
// runs in the folder of its package, and the reader is elsewhere.
func Place(p diag.Position) string {
	p.File = library.Display(p.File)
	if strings.HasPrefix(p.File, library.Prefix) {
		return p.String()
	}
	if whole, err := filepath.Abs(p.File); err == nil {
		p.File = whole
	}
	return p.String()
}

// Steps writes the steps of a run, and what it measured.
func Steps(w io.Writer, o Outcome) error {
	r, x := o.Result, o.Extra
	r.Failures, r.Notes, x.Repeat = nil, nil, "" // Failed says them
	return report.Text{W: w}.Run(r, x)
}

// Repeat is the command that runs the test called name alone, in the module's folder or below.
func Repeat(name string) string {
	elements := strings.Split(name, "/")
	for i, e := range elements {
		elements[i] = "^" + regexp.QuoteMeta(e) + "$"
	}
	command := "go test -run " + Quote(strings.Join(elements, "/"))
	if info, ok := debug.ReadBuildInfo(); ok {
		command += argument(info.Path)
	}
	return command
}

// argument is what names the package of a test binary to go test, with a space before it. The binary's path in the
// build information is that of the package with .test behind it; for a package main, that of the package itself.
func argument(path string) string {
	path = strings.TrimSuffix(path, ".test")
	if path == "" || path == "command-line-arguments" { // of files that were named one by one
		return ""
	}
	return " " + path
}

// Quote makes s one word of a shell.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// AnnotateFaults adds what is wrong in files; err may be any error.
func AnnotateFaults(a *report.Annotations, err error) {
	var faults diag.List
	if errors.As(err, &faults) {
		a.Faults(faults)
	}
}
