package run_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/scenarios/run"
)

// A long run forgets events, but none that a step to come may read: here each reads a message of the first seconds, some
// ten thousand events later.
func TestWindowsReachBackHoweverLongTheRun(t *testing.T) {
	early := "{mqtt: devices/thermo/telemetry, json: {seq: 1}, "
	for name, steps := range map[string]string{
		"since a step": `
  - {name: begin, power: {thermo: on}}
  - wait: 2h
  - expect: ` + early + `since: begin, within: 1s}
`,
		"the window that is open": `
  - power: {thermo: on}
  - expect: {console: thermo, matches: never, not: true, during: 2h}
  - expect: ` + early + `within: 1s}
`,
		"in a loop, at its second time": `
  - {name: begin, power: {thermo: on}}
  - repeat:
      times: 2
      steps:
        - expect: {mqtt: devices/thermo/telemetry, json: {seq: 9}, since: begin, within: 2m}
        - wait: 2h
`,
		"in a branch, and behind the branches": `
  - {name: begin, power: {thermo: on}}
  - parallel:
      - - wait: 2h
        - expect: {mqtt: devices/thermo/telemetry, json: {seq: 2}, since: begin, within: 1s}
      - - wait: 1s
  - expect: ` + early + `since: begin, within: 1s}
`,
		"for each": `
  - {name: begin, power: {thermo: on}}
  - wait: 2h
  - each:
      in: [thermo]
      as: it
      steps:
        - expect: {console: it, matches: BOOT, since: begin, within: 1s}
        - expect: {mqtt: devices/thermo/telemetry, json: {seq: 1}, since: begin, within: 1s}
`,
	} {
		t.Run(name, func(t *testing.T) {
			result, events := simulate(t, steps)
			require.Greater(t, len(events), 10_000, "else nothing was forgotten")
			if name == "in a loop, at its second time" {
				// The first time used the message up, which is known still.
				require.Equal(t, run.Fail, result.Verdict)
				require.Contains(t, result.Failures[0].Detail, "already satisfied steps[1].repeat.steps[0].expect")
				return
			}
			require.Equal(t, run.Pass, result.Verdict, "%v", result.Failures)
		})
	}
}
