package starter

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/sumdb/dirhash"

	"github.com/twinrig/twinrig"
	"github.com/twinrig/twinrig/internal/need"
)

// TestProjects makes a project of each language and does all that its README and its Makefile say, as a user would.
func TestProjects(t *testing.T) {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "twinrig"), twinrig.Path+"/cmd/twinrig")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for language, commands := range map[string][]string{
		Go: {"go run . check scenarios", "go run . run scenarios", "go test ./...", "go vet ./..."},
		C:  {"twinrig check scenarios", "twinrig run scenarios", "go test ./...", "go vet ./..."},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "tank-meter")
			commands = append([]string{"twinrig init . --firmware " + language}, commands...)
			require.NoError(t, os.Mkdir(dir, 0o750))
			for _, command := range commands {
				cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "GOFLAGS=-mod=readonly", "GOWORK=off")
				out, err := cmd.CombinedOutput()
				require.NoError(t, err, "%s\n%s", command, out)
			}
			unformatted, err := exec.Command("gofmt", "-l", dir).CombinedOutput()
			require.NoError(t, err)
			require.Empty(t, string(unformatted))
		})
	}
}

// TestModuleIsItsSource builds the firmware in C by the project's own Makefile: what a project brings ready-made must be that.
func TestModuleIsItsSource(t *testing.T) {
	need.Program(t, "clang")
	need.Program(t, "wasm-ld")
	dir := t.TempDir()
	project := Project{Name: "tank", Firmware: C}
	all, err := project.Files()
	require.NoError(t, err)
	require.NoError(t, Write(dir, all))
	module := filepath.Join(dir, "firmware", "firmware.wasm")
	ready, err := os.ReadFile(module)
	require.NoError(t, err)
	require.NoError(t, os.Remove(module))
	cmd := exec.Command("make")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	built, err := os.ReadFile(module)
	require.NoError(t, err)
	require.Equal(t, ready, built, "make wasm builds it anew")
}

func TestProjectOfARelease(t *testing.T) {
	info := &debug.BuildInfo{Main: debug.Module{Path: twinrig.Path, Version: "v0.9.0", Sum: "h1:sum="}}
	p := Project{Name: "tank", Firmware: Go, Source: SourceOf(info)}
	mod, sum, err := p.module()
	require.NoError(t, err)
	f, err := modfile.Parse("go.mod", mod, nil)
	require.NoError(t, err)
	require.Equal(t, "example.com/tank", f.Module.Mod.Path)
	require.Empty(t, f.Replace)
	require.Equal(t, "v0.9.0", f.Require[0].Mod.Version)

	hash, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(twinrig.GoMod)), nil
	})
	require.NoError(t, err)
	require.Contains(t, string(sum), twinrig.Path+" v0.9.0 h1:sum=\n"+twinrig.Path+" v0.9.0/go.mod "+hash+"\n")
	require.Contains(t, string(sum), "github.com/spf13/cobra ")
}

// TestSource tells releases from builds in a clone, of twinrig's own command and of a user's.
func TestSource(t *testing.T) {
	released := &debug.Module{Path: twinrig.Path, Version: "v0.9.0", Sum: "h1:sum="}
	inAClone := debug.Module{Path: twinrig.Path, Version: "v0.9.1-0.20261125080000-0123456789ab+dirty"}
	replaced := &debug.Module{Path: twinrig.Path, Version: "v0.0.0", Replace: &debug.Module{Path: "../twinrig"}}
	user := debug.Module{Path: "example.com/tank"}
	require.Equal(t, "v0.9.0", SourceOf(&debug.BuildInfo{Main: *released}).Version)
	require.Equal(t, "v0.9.0", SourceOf(&debug.BuildInfo{Main: user, Deps: []*debug.Module{released}}).Version)
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	require.NoError(t, err)
	require.Equal(t, Source{Dir: root}, SourceOf(&debug.BuildInfo{Main: inAClone}))
	require.Equal(t, Source{Dir: root}, SourceOf(&debug.BuildInfo{Main: user, Deps: []*debug.Module{replaced}}))
	require.Contains(t, Source{}.Describe(), "go mod edit -replace")
}

// TestWriteLeavesNothing breaks off at the last file, for which there is no room.
func TestWriteLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	err := Write(dir, []File{{"a/b/one", []byte("1")}, {"two", nil}, {"two/three", nil}})
	require.ErrorContains(t, err, "is a file, not a folder")
	require.NoDirExists(t, dir)
}

func TestNames(t *testing.T) {
	for name, good := range map[string]bool{"tank": true, "tank-2": true, "": false, "2tank": false, "tank-": false, "tank_meter": false, "../x": false} {
		require.Equal(t, good, Project{Name: name, Firmware: C}.Validate() == nil, name)
	}
}

// TestNothingIsLeftToReplace looks for words that no project has a value for.
func TestNothingIsLeftToReplace(t *testing.T) {
	for _, language := range []string{Go, C} {
		all, err := Project{Name: "tank", Firmware: language}.Files()
		require.NoError(t, err)
		for _, f := range all {
			require.True(t, fs.ValidPath(f.Path), f.Path)
			require.NotRegexp(t, `\{\{[a-z]`, string(f.Data), f.Path)
		}
	}
}
