package scenarios_test

import (
	"testing"

	"github.com/twinrig/twinrig/fixtures/pahodevice"
	"github.com/twinrig/twinrig/scenarios"
)

// Eclipse paho.golang, unchanged, in a twin: through the modelled network, against the embedded
// broker, over an outage and a power cut.
func TestPahoRunsInATwin(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		scenarios.Run(t, "testdata/paho.yaml", scenarios.Firmware("pahodevice", pahodevice.Firmware), scenarios.Seed(seed))
	}
}
