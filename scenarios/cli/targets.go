package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/twin/wasm"
)

// expandTargets turns FILE, DIR and library:NAME into scenario files. A folder means the scenarios in
// it and below: YAML files whose first key is `scenario`. A file that is named twice is there once.
func expandTargets(args []string) ([]string, error) {
	all, err := everyTarget(args)
	if err != nil {
		return nil, err
	}
	var targets []string
	seen := map[string]bool{}
	for _, t := range all {
		if clean := filepath.Clean(t); !seen[clean] {
			seen[clean] = true
			targets = append(targets, t)
		}
	}
	return targets, nil
}

func everyTarget(args []string) ([]string, error) {
	var targets []string
	for _, arg := range args {
		if strings.HasPrefix(arg, library.Prefix) {
			file, err := library.Resolve(arg)
			if err != nil {
				return nil, err
			}
			targets = append(targets, file...)
			continue
		}
		info, err := os.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("%s: no such file or folder, and not library:NAME", arg)
		}
		if !info.IsDir() {
			targets = append(targets, arg)
			continue
		}
		found, err := scenariosBelow(arg)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: no scenario in this folder; a scenario is a .yaml file with the key `scenario`", arg)
		}
		targets = append(targets, found...)
	}
	return targets, nil
}

func scenariosBelow(dir string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != dir {
			return fs.SkipDir
		}
		if ext := filepath.Ext(path); d.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		// Reading a pipe would wait for whoever writes to it; a link is judged by what it names.
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return nil
		}
		if lang.IsScenario(path) {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the folder %s: %w", dir, err)
	}
	return found, nil
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
	p, faults := plan.Load(plan.Options{File: file, ReadFile: library.ReadFile, Set: j.Set, Seed: j.Seed, Firmware: s.firmwareNames(), CheckModule: wasm.Check, Mode: j.Mode})
	if p == nil {
		return nil, nil, faults
	}
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
