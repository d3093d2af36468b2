package cli

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

// cacheCommands are what cache.txtar needs.
func cacheCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){"known": knownRun, "append": appendText, "program": program, "damage": damage}
}

// known ARGS...: the run of twinrig ARGS was not done, since its results are known.
func knownRun(ts *testscript.TestScript, neg bool, args []string) {
	_ = ts.Exec("twinrig", args...)
	if cached := strings.Contains(ts.ReadFile("stdout"), ", cached\n"); cached == neg {
		ts.Fatalf("twinrig %v: known: %v", args, cached)
	}
}

// append FILE TEXT: adds a line to a file.
func appendText(ts *testscript.TestScript, neg bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.WriteString("\n" + args[1] + "\n")
	ts.Check(err)
	ts.Check(f.Close())
}

// program DIR: copies the program into a folder.
func program(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(ts.Exec("sh", "-c", `mkdir `+args[0]+` && cp "$(command -v twinrig)" `+args[0]))
}

// damage DIR: cuts every entry of a cache in half.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	found := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".tgz" {
			return err
		}
		found++
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.Truncate(name, info.Size()/2)
	}))
	if found == 0 {
		ts.Fatalf("nothing is in %s", args[0])
	}
}

// A file without which a scenario has faults goes in, and so it must count; any other must not.
func TestEveryFileThatIsReadCounts(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "docs", "examples", "language"))))
	module, err := os.ReadFile(filepath.Join("..", "..", "twin", "wasm", "testdata", "unruly.wasm"))
	require.NoError(t, err)
	t.Chdir(dir)
	for name, content := range map[string]string{
		"module.wasm": string(module), "module.kind.yaml": "kind: m\nconsole: {}\nfirmware: {v1: {wasm: module.wasm}}\n",
		"module.yaml": "scenario: m\ndevices: {m: {kind: module.kind.yaml}}\nsteps: [{power: {m: on}}]\n",
	} {
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	}
	var files []string
	require.NoError(t, filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, name)
		}
		return err
	}))
	s := &state{firmware: badFirmware()}
	load := func(scenario string) (sum, faults string) {
		reading := &readings{}
		_, _, found := s.load(scenario, job{File: scenario, Seed: 1, Mode: "sim", reading: reading})
		return reading.sum(0), found.Error()
	}
	kinds := map[string]int{} // of files that go in, by how their names end
	for _, scenario := range []string{"module.yaml", "tls-files.yaml", "events-and-schemas.yaml", "sense.yaml", "steps.yaml"} {
		sum, had := load(scenario)
		require.NotEmpty(t, sum)
		for _, name := range files {
			content, err := os.ReadFile(name)
			require.NoError(t, err)
			require.NoError(t, os.Remove(name))
			_, has := load(scenario)
			require.NoError(t, os.WriteFile(name, append(bytes.Clone(content), '\n'), 0o600))
			other, _ := load(scenario)
			require.NoError(t, os.WriteFile(name, content, 0o600))
			require.Equal(t, has != had, other != sum, "%s, read by %s: another content is another key", name, scenario)
			if has != had {
				kinds[name[strings.LastIndex(name, ".")+1:]]++
			}
		}
		again, _ := load(scenario)
		require.Equal(t, sum, again)
	}
	for _, kind := range []string{"yaml", "wasm", "csv", "json", "pem", "key"} {
		require.Positive(t, kinds[kind], "no file of the kind %s goes into these scenarios", kind)
	}
}

func TestAFileThatChangesMeanwhileIsNotKnown(t *testing.T) {
	t.Chdir(t.TempDir())
	r := &reads{}
	require.NoError(t, os.WriteFile("a", []byte("1"), 0o600))
	_, err := r.read("a")
	require.NoError(t, err)
	require.NotEmpty(t, r.sum())
	require.NoError(t, os.WriteFile("a", []byte("2"), 0o600))
	_, err = r.read("a")
	require.NoError(t, err)
	require.Empty(t, r.sum())
}
