package wasm_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/need"
)

// TestModulesAreWhatTheSourceBuilds builds the modules of the tests here anew and compares them byte for byte.
func TestModulesAreWhatTheSourceBuilds(t *testing.T) {
	need.Program(t, "clang")
	need.Program(t, "wasm-ld")
	dir := t.TempDir()
	text, err := exec.Command("testdata/build.sh", dir).CombinedOutput()
	require.NoError(t, err, "%s", text)
	for _, name := range []string{"unruly.wasm", "large.wasm", "incomplete.wasm", "bench.wasm", "startup.wasm"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err)
		require.Equal(t, want, got, "%s is not what its source builds: make wasm", name)
	}
}
