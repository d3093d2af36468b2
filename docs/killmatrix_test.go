package docs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

const killMatrixHead = `# Kill matrix

What ` + "`twinrig hunt --mutants --markdown`" + ` prints: each scenario of the [library](library.md) held against each [mutant](mutants.md) of its devices.
The good firmware, in Go and in C, passes all of them. Mutants whose name ends in ` + "`-c`" + ` are patches on the thermostat in C, in
[fixtures/thermostat/mutants/c](../fixtures/thermostat/mutants/c); those in Go are in [fixtures/mutants](../fixtures/mutants). A test runs the hunt.

`

// TestKillMatrix hunts all mutants with the whole library: the good firmware passes all, every mutant is killed, by the
// scenarios and at the steps that kill-matrix.md tells, and no scenario kills nothing. Numbers may differ.
func TestKillMatrix(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "twinrig")
	build := exec.Command("go", "build", "-o", bin, "./cmd/twinrig")
	build.Dir = ".."
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	hunt := exec.CommandContext(t.Context(), bin, "hunt", "--mutants", "--markdown")
	var stdout, stderr bytes.Buffer
	hunt.Stdout, hunt.Stderr = &stdout, &stderr
	err = hunt.Run()
	require.NotContains(t, stdout.String(), "**nothing**", "a mutant survives")
	require.NoError(t, err, "%s", stderr.String())
	require.NotContains(t, stdout.String(), "Scenarios that kill nothing")

	want := killMatrixHead + stdout.String()
	if *golden {
		require.NoError(t, os.WriteFile("kill-matrix.md", []byte(want), 0o600))
	}
	got, err := os.ReadFile("kill-matrix.md")
	require.NoError(t, err)
	numbers := regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)
	require.Equal(t, numbers.ReplaceAllString(want, "0"), numbers.ReplaceAllString(string(got), "0"), "go test ./docs -run TestKillMatrix -golden rewrites kill-matrix.md")
}
