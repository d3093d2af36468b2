package docs

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// notRun returns why a command that a page shows is not run here; "" for those that are.
func notRun(command string) string {
	for _, skip := range []struct{ prefix, why string }{
		{"git clone ", "the test works on this clone"},
		{"go test . ", "TestExampleFromACleanClone runs it, in the example"},
		{"go test ./suite ", "the same"},
		{"go tool ginkgo ", "the same"},
		{"make test", "would run this test in itself"},
		{"make race", "as make test, and minutes of it"},
		{"make lint", "builds the linter; CI runs it"},
		{"make fuzz", "minutes; CI runs it"},
		{"make golden", "rewrites the repository's files"},
		{"make determinism", "minutes; CI runs it"},
		{"make bench", "minutes, and needs a quiet machine"},
		{"go test -run '^$' -bench", "the same"},
		{"go install ./cmd/twinrig", "the same build, into the user's own folder"},
		{"clang ", "TestGuestInC runs it, where there is one"},
		{"rustc ", "TestGuestInRust runs it, where there is one"},
		{"twinrig run blink.yaml", "needs what the one before builds; TestGuestInC runs it"},
		{"tshark ", "TestTsharkDecodesTheCapture runs it, where there is one"},
		{"make wasm", "needs clang; the tests of twin/wasm build the same"},
		{"make deps-debian", "installs packages, as root"},
		{".ci/run", "runs all tests, this one too"},
	} {
		if strings.HasPrefix(command, skip.prefix) {
			return skip.why
		}
	}
	return ""
}

// TestEveryCommand runs the shell blocks of each page, in their order, as a reader would: in a folder of
// its own beside a clone. A block that shows a file writes it; one marked `output` is what the commands
// before it print, but for numbers. exit=N behind the fence is the exit code that is meant.
func TestEveryCommand(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "twinrig"), "./cmd/twinrig")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, page := range pages(t) {
		t.Run(filepath.Base(page), func(t *testing.T) {
			r := newReader(t, root, bin)
			ran := 0
			for _, b := range blocks(t, page) {
				ran += r.read(b)
			}
			t.Logf("%d commands", ran)
		})
	}
}

// reader does what a page says.
type reader struct {
	t      *testing.T
	env    []string
	dir    string // where the last block left off
	where  string // the file that says so
	stdout string // of the last block of commands
}

func newReader(t *testing.T, root, bin string) *reader {
	desk := t.TempDir()
	require.NoError(t, os.Symlink(root, filepath.Join(desk, "twinrig")))
	require.NoError(t, os.Symlink(filepath.Join(root, "Makefile"), filepath.Join(desk, "Makefile")))
	r := &reader{t: t, dir: desk, where: filepath.Join(t.TempDir(), "where")}
	r.env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "WHERE="+r.where, "GOWORK=", "GOFLAGS=", "NO_COLOR=1", "TWINRIG_CACHE="+t.TempDir())
	return r
}

// read does one block and returns how many commands it ran.
func (r *reader) read(b block) int {
	switch name := b.option("file") + b.option("as"); {
	case name != "":
		path := filepath.Join(r.dir, name)
		require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(r.t, os.WriteFile(path, []byte(b.text), 0o600))
	case b.lang == "sh":
		return r.run(b)
	case b.lang == "text" && len(b.words) > 0 && b.words[0] == "output":
		require.Equal(r.t, normal(b.text), normal(r.stdout), "%s shows something else than the commands before it print", b)
	}
	return 0
}

func (r *reader) run(b block) int {
	script, ran := "set -eu\ntrap 'pwd >\"$WHERE\"' EXIT\n", 0
	for line := range strings.Lines(b.text) {
		command := strings.TrimSpace(strings.Replace(line, "go run ./cmd/twinrig", "twinrig", 1))
		if command == "" || strings.HasPrefix(command, "#") || notRun(command) != "" {
			continue
		}
		script += command + "\n"
		ran++
	}
	if ran == 0 {
		return 0
	}
	cmd := exec.CommandContext(r.t.Context(), "sh", "-c", script)
	cmd.Dir, cmd.Env = r.dir, r.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	code := "0"
	if err := cmd.Run(); err != nil {
		var failed *exec.ExitError
		require.ErrorAs(r.t, err, &failed, "%s", b)
		code = fmt.Sprint(failed.ExitCode())
	}
	want := b.option("exit")
	if want == "" {
		want = "0"
	}
	require.Equal(r.t, want, code, "exit code of %s\n%s\n%s%s", b, b.text, &stdout, &stderr)
	where, err := os.ReadFile(r.where)
	require.NoError(r.t, err)
	r.dir, r.stdout = strings.TrimSpace(string(where)), stdout.String()
	return ran
}

// normal leaves out what differs from machine to machine, and the numbers: how long a connection takes on a
// modelled network may change; what a page says of a run may not.
func normal(text string) string {
	for _, r := range []struct{ pattern, by string }{
		{`(virtual time in) [0-9zmsµ.]+`, "$1 …"},
		{`(runs/[a-z]+-[0-9]+)-[0-9a-f]{8}`, "$1-…"}, // the hash is of the folder's path, too
		{`[0-9]+(\.[0-9]+)?`, "0"},
		{`[ \t]+`, " "},
		{`(?m) $`, ""},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.by)
	}
	return strings.TrimRight(text, "\n")
}
