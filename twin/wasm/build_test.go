package wasm_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/need"
)

// TestModulesAreWhatTheSourceBuilds builds the modules of the repository anew and compares them byte for byte.
func TestModulesAreWhatTheSourceBuilds(t *testing.T) {
	need.Program(t, "clang")
	need.Program(t, "wasm-ld")
	dir := t.TempDir()
	build := func(script string, arguments ...string) {
		text, err := exec.Command(script, arguments...).CombinedOutput()
		require.NoError(t, err, "%s", text)
	}
	build("testdata/build.sh", dir)
	build("../../fixtures/thermostat/c/build.sh", filepath.Join(dir, "thermostat.wasm"))
	build("../../fixtures/thermostat/c/build.sh", filepath.Join(dir, "forgets-while-offline.wasm"), "-DTHERMOSTAT_BUFFER=1")
	for name, committed := range map[string]string{
		"unruly.wasm": "testdata", "large.wasm": "testdata", "incomplete.wasm": "testdata", "bench.wasm": "testdata", "startup.wasm": "testdata",
		"thermostat.wasm": "../../fixtures/thermostat", "forgets-while-offline.wasm": "../../fixtures/thermostat/mutants",
	} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(committed, name))
		require.NoError(t, err)
		require.Equal(t, want, got, "%s is not what its source builds: make wasm", name)
	}
}
