package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A process starts before every run of a few milliseconds, so packages must not prepare what they may never need. What
// they allocate while they initialise is counted, which unlike the time is the same everywhere.
func TestPackagesPrepareLittle(t *testing.T) {
	program := filepath.Join(t.TempDir(), "twinrig")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd := exec.Command(program, "--version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err = cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	total := 0
	for line := range strings.Lines(string(out)) {
		// init PACKAGE @1.2 ms, 0.03 ms clock, 1234 bytes, 5 allocs
		words := strings.Fields(line)
		if len(words) < 10 || words[0] != "init" {
			continue
		}
		bytes, err := strconv.Atoi(words[7])
		require.NoError(t, err, line)
		const most = 400 << 10 // mochi's packets make tables of 361 KiB, which is not ours to change
		require.Less(t, bytes, most, "%s prepares too much", words[1])
		total += bytes
	}
	require.Positive(t, total)
	require.Less(t, total, 1<<20, "bytes that all packages together prepare")
}
