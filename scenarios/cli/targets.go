package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/scenarios/target"
	"github.com/twinrig/twinrig/twin/wasm"
)

// expandTargets returns the scenario files that the arguments stand for.
func expandTargets(args []string) ([]string, error) {
	targets, err := target.Expand(args...)
	files := make([]string, len(targets))
	for i, t := range targets {
		files[i] = t.File
	}
	return files, err
}

// parseSet reads --set NAME=VALUE.
func parseSet(set []string) (map[string]string, error) {
	overrides := map[string]string{}
	for _, s := range set {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--set %s: want NAME=VALUE, as in --set outage=10m", s)
		}
		overrides[name] = value
	}
	return overrides, nil
}

// loading calls f, which reads files. A file may be a pipe that nobody writes to, so once ctx is done it
// waits no longer: f is left behind.
func loading[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var zero T
		return zero, &exit{code: run.Interrupted.ExitCode(), err: errors.New("interrupted; nothing was started")}
	}
}

// load reads, checks and compiles a scenario.
func (s *state) load(file string, j job) (*plan.Plan, *expect.Program, diag.List) {
	read := j.reading.next()
	p, faults := plan.Load(plan.Options{
		File: file, ReadFile: read.read, Set: j.Set, Seed: j.Seed, Mode: j.Mode,
		Firmware: slices.Sorted(maps.Keys(s.firmwareOf(j))), CheckModule: wasm.Check, Mutant: j.Mutant.plan(),
	})
	if p == nil {
		return nil, nil, faults
	}
	read.zone(p)
	program, more := expect.Compile(p)
	faults = append(faults, more...)
	if len(faults) > 0 {
		return nil, nil, faults
	}
	return p, program, nil
}

// repeatCommand is what a user types to get the same run again.
func repeatCommand(program string, j job) string {
	words := []string{calledAs(program), "run", shellQuote(library.Display(j.File)), "--seed", fmt.Sprint(j.Seed)}
	if j.Mode != "sim" {
		words = append(words, "--mode", j.Mode)
	}
	if j.Listen != "" {
		words = append(words, "--listen", shellQuote(j.Listen))
	}
	if j.NoSkip {
		words = append(words, "--no-skip")
	}
	if j.Cut != "" {
		words = append(words, "--sweep", j.Cut)
	}
	if j.Mutant != nil {
		words = append(words, "--mutant", shellQuote(j.Mutant.Name))
	}
	for _, name := range slices.Sorted(maps.Keys(j.Set)) {
		words = append(words, "--set", shellQuote(name+"="+j.Set[name]))
	}
	return strings.Join(words, " ")
}

// wholeCommand is what a user types to get all the same runs again.
func wholeCommand(program string, args []string) string {
	words := []string{calledAs(program)}
	for _, a := range args {
		words = append(words, shellQuote(a))
	}
	return strings.Join(words, " ")
}

// calledAs returns how to start the program again: as the user did, or by go run where that started it.
func calledAs(program string) string {
	info, ok := debug.ReadBuildInfo()
	if ok && info.Path != "" && strings.Contains(program, string(filepath.Separator)+"go-build") {
		return "go run " + info.Path
	}
	return shellQuote(program)
}

func shellQuote(s string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=./:,+@%", r)
	}
	switch {
	case s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0:
		return s
	case visible.Line(s) != s:
		return ansiQuote(s)
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// ansiQuote quotes text with characters that must not reach a terminal: bash, zsh and ksh read $'...'.
func ansiQuote(s string) string {
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(rune(c)))
		case c >= ' ' && c < 0x7f:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	b.WriteString("'")
	return b.String()
}
