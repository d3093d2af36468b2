package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTraceFileHoldsWhatWasWritten(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		name := filepath.Join(dir, "trace")
		f, err := openTrace(name)
		require.NoError(t, err)
		var want bytes.Buffer
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 200_000), 0, 8).Draw(t, "writes") {
			piece := bytes.Repeat([]byte{byte('a' + want.Len()%26)}, n)
			want.Write(piece)
			got, err := f.Write(piece)
			require.NoError(t, err)
			require.Equal(t, n, got)
			now, err := os.ReadFile(name)
			require.NoError(t, err)
			require.Equal(t, want.String(), string(bytes.TrimRight(now, "\x00")), "it is in the file before Close")
		}
		require.NoError(t, f.Close())
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Len(t, got, want.Len())
		require.True(t, bytes.Equal(want.Bytes(), got))
	})
}
