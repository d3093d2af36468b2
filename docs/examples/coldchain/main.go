// Command coldchain is twinrig with the firmware of the logger.
package main

import (
	"example.com/coldchain/logger"

	"github.com/twinrig/twinrig/scenarios/cli"
	"github.com/twinrig/twinrig/twin"
)

func main() { cli.Main(map[string]twin.Firmware{"logger": logger.Firmware}) }
