package scenarios_test

import (
	"testing"

	"github.com/twinrig/twinrig/scenarios"
	"github.com/twinrig/twinrig/twin"
)

// An own device in `go test`: the kind file names the firmware as {go: meter}.
func ExampleRun() {
	meter := func(hw *twin.Hardware) error { return hw.Sleep(0) }
	_ = func(t *testing.T) {
		scenarios.Run(t, "outage.yaml", scenarios.Firmware("meter", meter), scenarios.Set("outage", "10m"), scenarios.Seed(7))
	}
}
