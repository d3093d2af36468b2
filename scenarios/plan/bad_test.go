package plan_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/plan"
)

var golden = flag.Bool("golden", false, "rewrite the wanted diagnostics")

// load loads main.yaml of an archive. Lines before the first file are options: set NAME=VALUE, mode MODE.
func load(archive *txtar.Archive) (*plan.Plan, diag.List) {
	files := map[string][]byte{}
	for _, f := range archive.Files {
		files[f.Name] = f.Data
	}
	opts := plan.Options{File: "main.yaml", Seed: 7, Firmware: []string{"old", "new"}, Set: map[string]string{}, CheckModule: checkModule}
	opts.ReadFile = func(name string) ([]byte, error) {
		if data, ok := files[filepath.ToSlash(name)]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
	for line := range strings.Lines(string(archive.Comment)) {
		words := strings.Fields(line)
		if len(words) == 2 && words[0] == "set" {
			name, value, _ := strings.Cut(words[1], "=")
			opts.Set[name] = value
		} else if len(words) == 2 {
			opts.Mode = words[1]
		}
	}
	return plan.Load(opts)
}

// checkModule stands in for the check of WebAssembly modules, which archives cannot hold: a module here is text that says
// what is wrong with it, a line each.
func checkModule(code []byte, memory int64) (faults []error) {
	for line := range strings.Lines(string(code)) {
		what, of, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch what {
		case "lacks":
			faults = append(faults, fmt.Errorf("wasm: it does not export %s", of))
		case "wants":
			faults = append(faults, fmt.Errorf("wasm: it wants more memory than %d bytes: %s; raise ram", memory, of))
		default:
			faults = append(faults, errors.New("wasm: this is not a WebAssembly module"))
		}
	}
	return faults
}

// TestGoldenBad holds each archive of testdata against the diagnostics in its last file.
func TestGoldenBad(t *testing.T) {
	names, err := filepath.Glob("testdata/*.bad.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			want := ""
			if last := len(archive.Files) - 1; archive.Files[last].Name == "want" {
				want = string(archive.Files[last].Data)
				archive.Files = archive.Files[:last]
			}
			_, diags := load(archive)
			require.NotEmpty(t, diags)
			got := diags.Error() + "\n"
			if *golden {
				archive.Files = append(archive.Files, txtar.File{Name: "want", Data: []byte(got)})
				require.NoError(t, os.WriteFile(name, txtar.Format(archive), 0o600))
				return
			}
			require.Equal(t, want, got)
		})
	}
}
