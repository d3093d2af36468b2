package library_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/scenarios/library"
)

func ExampleNames() {
	for _, name := range library.Names() {
		fmt.Println(library.Prefix + name)
	}
	// Output:
	// library:thermostat-boot
	// library:thermostat-broker-restart
	// library:thermostat-broker-throttling
	// library:thermostat-brown-out
	// library:thermostat-button
	// library:thermostat-certificate-1970
	// library:thermostat-client-id-collision
	// library:thermostat-millis-rollover
	// library:thermostat-outage
	// library:thermostat-poison-message
	// library:thermostat-reconnect-leak
	// library:thermostat-setpoint-power-cut
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
