// Command rig is twinrig with the firmware of the meter.
package main

import (
	"github.com/twinrig/twinrig/docs/example/meter"

	"github.com/twinrig/twinrig/scenarios/cli"
	"github.com/twinrig/twinrig/twin"
)

func main() { cli.Main(map[string]twin.Firmware{"meter": meter.Firmware}) }
