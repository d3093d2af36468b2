package plan

import (
	"fmt"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// Mutant is firmware that takes the place of every version of a kind: a faulty one, or one of the versions for all.
type Mutant struct {
	Kind string // the name of the kind file, as Kinds has it
	Name string // what the kind lists under mutants, or under firmware; unless Build says what it is
	// Build is the firmware; zero: what the kind lists.
	Build lang.Build
}

// KindFile returns the name of the file in which a kind stands.
func KindFile(k *lang.Kind) string { return k.Pos.File }

// build returns what a device runs: its version's build, or the mutant in its place.
func (l *loader) build(kind *lang.Kind, version lang.Build, path string) (build lang.Build, at string) {
	m := l.opts.Mutant
	if m == nil || m.Kind != KindFile(kind) {
		return version, path
	}
	path = "mutants." + m.Name
	if m.Build.Go != "" || m.Build.Wasm != "" {
		return m.Build, path
	}
	if build, ok := kind.Mutants.Get(m.Name); ok {
		return build, path
	}
	build, ok := kind.Firmware.Get(m.Name)
	if !ok {
		l.diags.Add(kind.Keys.At("mutants", kind.Pos), "mutants", fmt.Sprintf("the kind %s has no mutant %q", kind.Kind, m.Name), diag.DidYouMean(m.Name, kind.Mutants.Names()))
		return version, path
	}
	return build, "firmware." + m.Name
}
