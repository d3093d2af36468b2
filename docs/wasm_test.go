package docs

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/need"
	"github.com/twinrig/twinrig/scenarios"
	"github.com/twinrig/twinrig/twin/wasm"
)

const wasmPage = "firmware-wasm.md"

// TestGuestInC builds the C on the page by the command that it shows, and runs the scenario on it.
func TestGuestInC(t *testing.T) {
	need.Program(t, "wasm-ld")
	runGuest(t, "clang ", need.Program(t, "clang"))
}

// TestGuestInRust does the same with the Rust, where there is a compiler with that target: no test needs one.
func TestGuestInRust(t *testing.T) {
	const target = "wasm32-unknown-unknown"
	for _, candidate := range []string{"rustc", "/usr/bin/rustc"} { // the second is Debian's, where the first is rustup's
		dir, err := exec.Command(candidate, "--print", "target-libdir", "--target", target).Output()
		if err != nil {
			continue
		}
		if _, err := os.Stat(strings.TrimSpace(string(dir))); err == nil {
			if _, err := exec.LookPath("wasm-ld"); err == nil {
				runGuest(t, "rustc ", candidate)
				return
			}
		}
	}
	t.Skip("there is no rustc with the target " + target + ", or no wasm-ld")
}

// runGuest writes the files of the page, runs its command that begins with prefix by program, and then its scenario.
func runGuest(t *testing.T, prefix, program string) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "twinrig.h"), wasm.Header, 0o600))
	command := ""
	for _, b := range blocks(t, wasmPage) {
		if name := b.option("as"); name != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(b.text), 0o600))
		}
		for line := range strings.Lines(b.text) {
			if arguments, ok := strings.CutPrefix(line, prefix); ok && b.lang == "sh" {
				command = program + " " + arguments
			}
		}
	}
	require.NotEmpty(t, command)
	build := exec.CommandContext(t.Context(), "sh", "-c", command)
	build.Dir = dir
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Empty(t, string(out), "warnings")
	code, err := os.ReadFile(filepath.Join(dir, "blink.wasm"))
	require.NoError(t, err)
	require.Empty(t, wasm.Check(code, 64<<10))
	scenarios.Run(t, filepath.Join(dir, "blink.yaml"))
}

// pageFile returns the file that a page shows.
func pageFile(page, name string) ([]byte, error) {
	text, err := os.ReadFile(page)
	if err != nil {
		return nil, err
	}
	_, rest, ok := strings.Cut(string(text), " as="+name+"\n")
	if !ok {
		return nil, fs.ErrNotExist
	}
	block, _, _ := strings.Cut(rest, "```")
	return []byte(block), nil
}
