package scenarios

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures/mutants"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/run"
)

func TestLibraryPassesOnTheReference(t *testing.T) {
	for _, name := range library.Names() {
		t.Run(name, func(t *testing.T) { Run(t, library.Prefix+name) })
	}
}

func mutant(t *testing.T, name string) Option {
	t.Helper()
	m, ok := mutants.Find(name)
	require.True(t, ok, name)
	return Firmware(m.Device, m.Firmware)
}

func libraryFile(t *testing.T, name string) string {
	t.Helper()
	files, err := library.Resolve(library.Prefix + name)
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
}

// TestLibraryCutsAtEveryByte cuts the power at every byte of the write that keeps a setpoint: before
// the first one, after each, and after the last one.
func TestLibraryCutsAtEveryByte(t *testing.T) {
	file := "testdata/run/power-cut-at-a-byte.yaml"
	cut := func(write, length int, firmware ...Option) outcome {
		return simulate(t, file, append(firmware, Set("write", fmt.Sprint(write)), Set("byte", fmt.Sprint(length)))...)
	}
	size := flashWrites(t, cut(1, 0))[0]
	require.Greater(t, size, 8, "a setpoint, and what makes it safe")
	unsafe := mutant(t, "setpoint-written-unsafely")
	caught := 0
	for length := range size + 1 {
		got := cut(1, length)
		require.Equal(t, run.Pass, got.verdict(), "byte %d: %s", length, got)
		writes := flashWrites(t, got)
		require.Equal(t, length, writes[1], "the second write is the one that is cut")
		if cut(1, length, unsafe).verdict() == run.Fail {
			caught++
		}
	}
	require.GreaterOrEqual(t, caught, 7, "bytes at which a write in place is found out")
	require.Equal(t, run.Invalid, cut(2, 0).verdict(), "a command is one write; there is no second one to be cut in")
}

// flashWrites returns how many bytes each write of a run wrote.
func flashWrites(t *testing.T, o outcome) []int {
	t.Helper()
	_, events, err := trace.Read(bytes.NewReader(o.trace))
	require.NoError(t, err)
	var writes []int
	for _, e := range events {
		if e.Kind == trace.FlashWrite {
			writes = append(writes, int(e.Count))
		}
	}
	return writes
}
