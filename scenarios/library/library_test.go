package library_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/scenarios/library"
)

func TestNamesAreSortedAndWhole(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 20)
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f, ".yaml"))
	}
	slices.Sort(names)
	require.Equal(t, names, library.Names())
}

func TestResolve(t *testing.T) {
	one, err := library.Resolve("library:thermostat-boot")
	require.NoError(t, err)
	require.Len(t, one, 1)
	require.Equal(t, "library:thermostat-boot", library.Display(one[0]))
	require.Equal(t, "dir/x.yaml", library.Display("dir/x.yaml"))
	for _, all := range []string{"library:", "library:all"} {
		files, err := library.Resolve(all)
		require.NoError(t, err)
		require.Len(t, files, len(library.Names()))
	}
	_, err = library.Resolve("library:thermostat-bot")
	require.ErrorContains(t, err, `did you mean "thermostat-boot"?`)
}

func TestReadFile(t *testing.T) {
	kind, err := library.ReadFile("library:thermostat.kind.yaml")
	require.NoError(t, err)
	require.Contains(t, string(kind), "kind: thermostat")
	_, err = library.ReadFile("library:../library.go")
	require.Error(t, err)
	_, err = library.ReadFile("no such file")
	require.Error(t, err)
}
