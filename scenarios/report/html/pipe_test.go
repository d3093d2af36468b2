package html

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A pipe in the place of the summary is none, and nobody waits for who writes to it.
func TestASummaryIsNotReadFromAPipe(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, traceName), []byte("x"), 0o600))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, summaryName), 0o600))
	in, err := FromDir(dir)
	require.NoError(t, err)
	require.Nil(t, in.Summary)
}
