package docs

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/docs/example/meter"
	"github.com/twinrig/twinrig/internal/need"
	"github.com/twinrig/twinrig/scenarios"
	"github.com/twinrig/twinrig/scenarios/lang"
)

var golden = flag.Bool("golden", false, "rewrite the pages that are made by tests")

// examples are the files of examples/language: one topic each, so that a reader finds a key in its place.
func examples(t *testing.T) []string {
	files, err := filepath.Glob("examples/language/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// shownBy returns for each key the first example that has it.
func shownBy(t *testing.T) map[string]string {
	shown := map[string]string{}
	for _, file := range examples(t) {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		used, faults := lang.KeysUsed(file, data)
		require.Empty(t, faults.Error())
		for _, key := range used {
			if shown[key] == "" {
				shown[key] = filepath.ToSlash(file)
			}
		}
	}
	return shown
}

// TestGoldenReference holds reference.md to the types it is made from.
func TestGoldenReference(t *testing.T) {
	want, err := lang.Reference(shownBy(t))
	require.NoError(t, err)
	if *golden {
		require.NoError(t, os.WriteFile("reference.md", want, 0o600))
	}
	got, err := os.ReadFile("reference.md")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "make golden rewrites reference.md")
}

// TestEveryKeyHasAnExample looks for each key of the language in the examples, which TestExamplesPass runs.
func TestEveryKeyHasAnExample(t *testing.T) {
	shown := shownBy(t)
	all, err := lang.AllKeys()
	require.NoError(t, err)
	var missing []string
	for _, key := range all {
		if shown[key] == "" {
			missing = append(missing, key)
		}
	}
	require.Empty(t, missing, "keys that no file of docs/examples/language shows")
}

// TestExamplesPass runs every scenario of examples/language: those called live- on the wall clock, for a few seconds.
func TestExamplesPass(t *testing.T) {
	for _, file := range examples(t) {
		if !lang.IsScenario(file) {
			continue
		}
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			options := []scenarios.Option{scenarios.Firmware("meter", meter.Firmware)}
			if strings.HasPrefix(name, "live-") {
				options = append(options, scenarios.Live())
			}
			if name == "live-external-broker" {
				port := need.Mosquitto(t, map[string]string{"thermo": "secret-thermo", "backend": "hush"})
				options = append(options, scenarios.Set("port", strconv.Itoa(port)))
			}
			scenarios.Run(t, file, options...)
		})
	}
}
