package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The example is part of this module; a reader's is a module of its own.
const (
	packageHere   = "github.com/twinrig/twinrig/docs/example/meter"
	packageReader = "example.com/rig/meter"
)

// TestGuideShowsTheExample holds the guide to the files that the other tests compile and run.
func TestGuideShowsTheExample(t *testing.T) {
	shown := map[string]bool{}
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			name := b.option("file")
			if name == "" {
				continue
			}
			want, err := os.ReadFile(filepath.Join("example", name))
			require.NoError(t, err, "%s", b)
			require.Equal(t, readersVersion(string(want)), b.text, "%s shows something else than docs/example/%s", b, name)
			shown[name] = true
		}
	}
	for _, name := range []string{"main.go", "rig_test.go", "first.yaml", "meter.kind.yaml", filepath.Join("meter", "meter.go")} {
		require.True(t, shown[name], "no page shows docs/example/%s", name)
	}
}

// readersVersion is a file of the example as a reader has it, with imports in the order of gofmt.
func readersVersion(text string) string {
	return strings.ReplaceAll(text, packageHere, packageReader)
}
