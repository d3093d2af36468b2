package starter

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/twinrig/twinrig"
)

// Source is where a project takes twinrig from.
type Source struct {
	Version string // of a release; "" with a development build
	Sum     string // of the release's source, as go.sum has it
	Dir     string // with a development build: the clone that it was built from; "" where that is not known
}

// SourceOf returns where the running program took twinrig from.
func SourceOf(info *debug.BuildInfo) Source {
	var s Source
	for _, m := range append(info.Deps, &info.Main) {
		// Only what came through the module proxy has a sum; a build in a clone has a version at best.
		if m.Path == twinrig.Path && m.Replace == nil && m.Sum != "" {
			s.Version, s.Sum = m.Version, m.Sum
		}
	}
	if s.Version == "" {
		s.Dir = clone()
	}
	return s
}

// clone returns the folder of the sources that this program was compiled from, if they are still there.
func clone() string {
	_, file, _, _ := runtime.Caller(0)
	dir := filepath.Dir(filepath.Dir(filepath.Dir(filepath.Dir(file))))
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil || modfile.ModulePath(data) != twinrig.Path || !filepath.IsAbs(dir) {
		return ""
	}
	return dir
}

// Describe says in a sentence of Markdown where the project takes twinrig from.
func (s Source) Describe() string {
	const later = "Once you want a release: `go mod edit -dropreplace " + twinrig.Path + "`, then `go get " + twinrig.Path + "@latest`."
	switch {
	case s.Version != "":
		return "It takes twinrig " + s.Version + " from its release."
	case s.Dir != "":
		return "It was made by a development build of twinrig, so `go.mod` takes twinrig from the clone in `" + s.Dir + "` (`replace`).\n" + later
	default:
		return "It was made by a development build of twinrig, whose sources are not on this machine. Before Go can build anything here, tell it\n" +
			"where a clone is: `go mod edit -replace " + twinrig.Path + "=CLONE`. " + later
	}
}

// noRelease is the version that go.mod requires beside a replace, which says what is really taken.
const noRelease = "v0.0.0"

// module makes go.mod and go.sum, with all that twinrig itself requires. So nothing is missing whatever of twinrig a test
// imports, and the project can be built without `go mod tidy`, which would look for modules on the network.
func (p Project) module() (mod, sum []byte, err error) {
	own, err := modfile.Parse("go.mod", twinrig.GoMod, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("starter: %w", err)
	}
	version := p.Source.Version
	if version == "" {
		version = noRelease
	}
	f := new(modfile.File)
	if err := f.AddModuleStmt(p.Module()); err != nil {
		return nil, nil, fmt.Errorf("starter: module %s: %w", p.Module(), err)
	}
	if err := f.AddGoStmt(own.Go.Version); err != nil {
		return nil, nil, fmt.Errorf("starter: go %s: %w", own.Go.Version, err)
	}
	require := []*modfile.Require{requirement(twinrig.Path, version, false)}
	for _, r := range own.Require {
		direct := p.Firmware == Go && r.Mod.Path == "periph.io/x/conn/v3" // the firmware imports it
		require = append(require, requirement(r.Mod.Path, r.Mod.Version, !direct))
	}
	f.SetRequireSeparateIndirect(require)
	f.Cleanup()
	if p.Source.Dir != "" {
		if err := f.AddReplace(twinrig.Path, "", p.Source.Dir, ""); err != nil {
			return nil, nil, fmt.Errorf("starter: replace %s: %w", p.Source.Dir, err)
		}
	}
	mod, err = f.Format()
	if err != nil {
		return nil, nil, fmt.Errorf("starter: %w", err)
	}
	return mod, p.Source.goSum(), nil
}

func requirement(path, version string, indirect bool) *modfile.Require {
	r := &modfile.Require{Indirect: indirect}
	r.Mod.Path, r.Mod.Version = path, version
	return r
}

// goSum is twinrig's own go.sum, and the sums of twinrig itself where it is a release.
func (s Source) goSum() []byte {
	var b strings.Builder
	if s.Version != "" {
		// The sum of a go.mod is that of a list with one file: golang.org/x/mod/sumdb/dirhash, Hash1.
		list := sha256.Sum256(fmt.Appendf(nil, "%x  go.mod\n", sha256.Sum256(twinrig.GoMod)))
		fmt.Fprintf(&b, "%s %s %s\n", twinrig.Path, s.Version, s.Sum)
		fmt.Fprintf(&b, "%s %s/go.mod h1:%s\n", twinrig.Path, s.Version, base64.StdEncoding.EncodeToString(list[:]))
	}
	b.Write(twinrig.GoSum)
	return []byte(b.String())
}
