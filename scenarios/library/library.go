// Package library holds the ready-made scenarios, which `twinrig run library:NAME` runs.
package library

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/fixtures/logger"
	"github.com/twinrig/twinrig/fixtures/meter"
	"github.com/twinrig/twinrig/fixtures/mutants"
	"github.com/twinrig/twinrig/fixtures/thermostat"
	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

//go:embed *.yaml
var files embed.FS

// Prefix marks a name of the library where a file could stand.
const Prefix = "library:"

// mutantDir is where ReadFile has the modules of mutants.
const mutantDir = "mutants/"

// MutantModule returns the path at which ReadFile has the module of a mutant in C.
func MutantModule(name string) string { return Prefix + mutantDir + name + ".wasm" }

// Names returns the names of the scenarios, sorted.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil // an embedded folder is always there
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	slices.Sort(names)
	return names
}

// Resolve turns library:NAME into the path that ReadFile knows; library:all and library: mean every one.
func Resolve(name string) ([]string, error) {
	want := strings.TrimPrefix(name, Prefix)
	names := Names()
	if want != "" && want != "all" {
		if !slices.Contains(names, want) {
			hint := diag.DidYouMean(want, names)
			if hint == "" {
				hint = "see twinrig run --help"
			}
			return nil, fmt.Errorf("%s: no such scenario in the library; %s", name, hint)
		}
		names = []string{want}
	}
	paths := make([]string, len(names))
	for i, n := range names {
		paths[i] = Prefix + n + ".yaml"
	}
	return paths, nil
}

// Display returns a path as a user names it: library:NAME for what Resolve made, else the path itself.
func Display(file string) string {
	if inside, ok := strings.CutPrefix(file, Prefix); ok {
		return Prefix + strings.TrimSuffix(inside, ".yaml")
	}
	return file
}

// ReadFile reads a file of the library, by a path that begins with library:, or of the file system.
func ReadFile(file string) ([]byte, error) {
	inside, ok := strings.CutPrefix(file, Prefix)
	if !ok {
		return lang.ReadFile(file)
	}
	if name, ok := strings.CutPrefix(inside, mutantDir); ok {
		m, _ := mutants.Find(strings.TrimSuffix(name, ".wasm"))
		if m.Module == nil {
			return nil, fmt.Errorf("library: no module of a mutant %s: %w", name, fs.ErrNotExist)
		}
		return m.Module, nil
	}
	switch inside {
	case "logger.kind.yaml":
		return logger.Kind, nil
	case "meter.kind.yaml":
		return meter.Kind, nil
	case "thermostat.kind.yaml":
		return thermostat.Kind, nil
	case "thermostat.wasm":
		return thermostat.Module, nil
	}
	return files.ReadFile(path.Clean(inside))
}
