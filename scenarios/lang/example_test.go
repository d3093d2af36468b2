package lang_test

import (
	"fmt"

	"github.com/twinrig/twinrig/scenarios/lang"
)

func ExampleParseScenario() {
	_, faults := lang.ParseScenario("outage.yaml", []byte(`
scenario: an outage
devices: {thermo: {kind: thermostat.kind.yaml}}
params: {outage: 90s}
steps:
  - pwoer: {thermo: on}
  - wait: $outge
  - expect: {mqtt: devices/thermo/status, within: 20}
  - expect: {mqtt: devices/thermo/status}
`), lang.Options{})
	fmt.Println(faults)
	// Output:
	// outage.yaml:6:5: steps[0]: unknown key "pwoer"; did you mean "power"?
	// outage.yaml:7:11: steps[1].wait: $outge is not among the params; did you mean "outage"?
	// outage.yaml:8:51: steps[2].expect.within: a duration needs a unit: 20; 20ms or 20s?
	// outage.yaml:9:13: steps[3].expect: an event needs a window; within: 10s, during: 10s, or default_within for the whole file
}
