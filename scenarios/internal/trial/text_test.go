package trial

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestArgumentNamesThePackageOfATest(t *testing.T) {
	require.Equal(t, " example.com/rig/meter", argument("example.com/rig/meter.test"))
	require.Equal(t, " example.com/rig", argument("example.com/rig"), "a package main")
	require.Empty(t, argument("command-line-arguments.test"), "files that were named one by one")
	require.Empty(t, argument(""))
}
