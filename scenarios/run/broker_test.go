package run_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/run"
)

// TestBrokerFaultsTouchSomething: each must have an effect before it ends, by its time, by its lift, by the
// next one like it, or by the end of the run.
func TestBrokerFaultsTouchSomething(t *testing.T) {
	on := "  - power: {thermo: on}\n  - wait: 5s\n"
	for name, test := range map[string]struct{ steps, want string }{
		"refuse, for":         {on + "  - broker: {refuse: thermo, for: 10s}\n  - wait: 20s\n", "broker refuse thermo touched nothing: none of them tried to connect meanwhile"},
		"refuse, allow":       {on + "  - broker: {refuse: all}\n  - wait: 20s\n  - broker: {allow: all}\n", "broker refuse all touched nothing"},
		"refuse, the end":     {on + "  - broker: {refuse: thermo}\n  - wait: 20s\n", "broker refuse thermo touched nothing"},
		"withhold":            {on + "  - broker: {withhold: suback, for: 10s}\n  - wait: 20s\n", "broker withhold suback from all touched nothing: the broker had no suback to send meanwhile"},
		"withhold twice":      {on + "  - broker: {withhold: suback}\n  - broker: {withhold: suback}\n", "broker withhold suback from all touched nothing"},
		"delay":               {on + "  - broker: {delay: pubrec, by: 1s, from: thermo, for: 10s}\n  - wait: 20s\n", "broker delay pubrec from thermo touched nothing"},
		"allow what may":      {on + "  - broker: {allow: thermo}\n", "this step has no effect: the broker does not refuse thermo"},
		"release what is not": {on + "  - broker: {withhold: puback, from: thermo}\n  - broker: {release: suback, from: thermo}\n", "this step has no effect: the broker withholds or delays no suback from thermo"},
		"kick who is not":     {"  - power: {thermo: on}\n  - broker: {kick: all}\n", "this step has no effect: broker: kick thermo: it is not connected"},
	} {
		t.Run(name, func(t *testing.T) {
			result, _ := simulate(t, test.steps)
			require.Equal(t, run.Invalid, result.Verdict)
			require.Contains(t, result.Failures[0].Message, test.want)
		})
	}
}

// TestBrokerFaultsPass: what touched something is judged once, with an event that says how much.
func TestBrokerFaultsPass(t *testing.T) {
	result, events := simulate(t, `
  - broker: {refuse: thermo, for: 20s}
  - power: {thermo: on}
  - wait: 1m
  - broker: {delay: puback, by: 1s}
  - wait: 30s
  - broker: {withhold: puback, from: thermo}
  - wait: 15s
  - broker: {release: puback}
  - broker: {kick: all}
  - wait: 10s
`)
	require.Equal(t, run.Pass, result.Verdict, "%v", result.Failures)
	effects := map[string]int64{}
	at := map[string]time.Duration{}
	for _, e := range events {
		if e.Kind == trace.Broker && e.Text == "effect of broker "+e.Name {
			effects[e.Name], at[e.Name] = e.Count, e.At
		}
	}
	require.Len(t, effects, 3)
	require.Greater(t, effects["refuse thermo"], int64(2))
	require.Equal(t, 20*time.Second, at["refuse thermo"])
	require.Greater(t, effects["delay puback from all"], int64(2))
	require.Positive(t, effects["withhold puback from thermo"])
}
