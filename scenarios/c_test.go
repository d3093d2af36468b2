package scenarios

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures/thermostat"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/run"
)

// inModule is a scenario of the library whose thermostats run a module: a copy, with a kind that has no other firmware.
func inModule(t *testing.T, name string, module []byte) string {
	dir := t.TempDir()
	write := func(name string, text []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	for _, other := range []string{name + ".yaml", "logger.kind.yaml"} {
		text, err := library.ReadFile(library.Prefix + other)
		require.NoError(t, err)
		write(other, text)
	}
	kind := regexp.MustCompile(`(?m)^  v[0-9.]+: \{go: thermostat\}\n`).ReplaceAll(thermostat.Kind, nil)
	require.NotEqual(t, thermostat.Kind, kind)
	write("thermostat.kind.yaml", kind)
	write("thermostat.wasm", module)
	return filepath.Join(dir, name+".yaml")
}

// thermostatScenarios returns the names of the library's scenarios that are about thermostats.
func thermostatScenarios() []string {
	return slices.DeleteFunc(library.Names(), func(name string) bool { return !strings.HasPrefix(name, "thermostat-") })
}

// TestLibraryPassesInC runs them on the thermostat in C as well.
func TestLibraryPassesInC(t *testing.T) {
	for _, name := range thermostatScenarios() {
		t.Run(name, func(t *testing.T) {
			got := simulate(t, inModule(t, name, thermostat.Module))
			require.Equal(t, run.Pass, got.verdict(), "%s", got)
			require.Contains(t, string(got.trace), "v1.4.0-c")
		})
	}
}
