package scenarios

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures/mutants"
	"github.com/twinrig/twinrig/fixtures/thermostat"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/run"
)

// inC is a scenario of the library on the thermostat that is written in C: a copy whose kind has no other firmware.
func inC(t *testing.T, name string) string { return inModule(t, name, thermostat.Module) }

func inModule(t *testing.T, name string, module []byte) string {
	dir := t.TempDir()
	text, err := library.ReadFile(libraryFile(t, name))
	require.NoError(t, err)
	file := filepath.Join(dir, name+".yaml")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	kind := regexp.MustCompile(`(?m)^  v[0-9.]+: \{go: thermostat\}\n`).ReplaceAll(thermostat.Kind, nil)
	require.NotEqual(t, thermostat.Kind, kind)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "thermostat.kind.yaml"), kind, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "thermostat.wasm"), module, 0o600))
	return file
}

// TestLibraryPassesInC runs every scenario of the library on the thermostat in C as well.
func TestLibraryPassesInC(t *testing.T) {
	for _, name := range library.Names() {
		t.Run(name, func(t *testing.T) {
			got := simulate(t, inC(t, name))
			require.Equal(t, run.Pass, got.verdict(), "%s", got)
			require.Contains(t, string(got.trace), "v1.4.0-c")
		})
	}
}

// TestLibraryFindsAMutantInC holds the outage against firmware that keeps one reading while it is offline.
func TestLibraryFindsAMutantInC(t *testing.T) {
	m, ok := mutants.Find("forgets-while-offline-c")
	require.True(t, ok)
	got := simulate(t, inModule(t, "thermostat-outage", m.Module))
	require.Equal(t, run.Fail, got.verdict(), "%s", got)
	require.Contains(t, got.result.Failures[0].Message, "are missing between 1 and")
}
