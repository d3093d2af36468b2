package run_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
)

// simulate runs steps with a thermostat, and returns the result and the trace.
func simulate(t *testing.T, steps string) (run.Result, []trace.Event) {
	t.Helper()
	kind, err := filepath.Abs("../../fixtures/thermostat/thermostat.kind.yaml")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "s.yaml")
	source := bytes.ReplaceAll([]byte(head+steps), []byte("KIND"), []byte(kind))
	require.NoError(t, os.WriteFile(file, source, 0o600))
	p, faults := plan.Load(plan.Options{File: file, Seed: seed.Seed(1), Firmware: []string{"thermostat"}, Mode: run.Sim})
	require.NoError(t, faults.Err())
	program, faults := expect.Compile(p)
	require.NoError(t, faults.Err())
	var b bytes.Buffer
	result := run.Run(p, program, run.Options{Firmware: fixtures.Firmware(), Trace: &b,
		Bubble: func(body func()) error { return vtime.Bubble(t, body) }})
	_, events, err := trace.Read(&b)
	require.NoError(t, err)
	return result, events
}

func TestWhatPassesDoesNotComeBack(t *testing.T) {
	tests := map[string]struct {
		steps string
		want  []string // states of the network, by and by
	}{
		"a passing change over a passing change": {`
  - power: {thermo: on}
  - wait: 5s
  - network: {cell: {state: down, for: 30s}}
  - wait: 10s
  - network: {cell: {latency: 1s, for: 10s}}
  - wait: 1m
`, []string{"down", "down", "up"}},
		"over a third one": {`
  - power: {thermo: on}
  - wait: 5s
  - network: {cell: {latency: 1s}}
  - wait: 5s
  - network: {cell: {state: down, for: 30s}}
  - wait: 10s
  - network: {cell: {loss: 50%, for: 30s}}
  - wait: 10s
  - network: {cell: {state: up, for: 10s}}
  - wait: 1m
`, []string{"both ways latency 1s", "down", "down", "both ways latency 1s, loss 50%", "both ways latency 1s"}},
		"one after the other": {`
  - power: {thermo: on}
  - wait: 5s
  - network: {cell: {state: down, for: 10s}}
  - wait: 20s
  - network: {cell: {latency: 1s}}
  - wait: 20s
  - network: {cell: {state: down, for: 10s}}
  - wait: 20s
`, []string{"down", "up", "both ways latency 1s", "down", "both ways latency 1s"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			result, events := simulate(t, test.steps)
			require.Equal(t, run.Pass, result.Verdict, "%v", result.Failures)
			var got []string
			for _, e := range events {
				if e.Kind == trace.Network && e.Name == "cell" && !bytes.HasPrefix([]byte(e.Text), []byte("effect")) {
					got = append(got, e.Text)
				}
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestVirtualTimeEnds(t *testing.T) {
	wait := "  - wait: 36500d\n"
	once := "  - power: {thermo: on}\n  - power: {thermo: off}\n"
	result, events := simulate(t, once+wait+wait)
	require.Equal(t, run.Pass, result.Verdict)
	require.Equal(t, 200*365*24*time.Hour, result.Elapsed)
	require.NotEmpty(t, events)

	result, events = simulate(t, once+wait+wait+wait)
	require.Equal(t, run.Invalid, result.Verdict)
	require.Contains(t, result.Failures[0].Message, "virtual time ends in the year 2262")
	require.Equal(t, trace.Verdict, events[len(events)-1].Kind)
}

func TestSinceASkippedStepBeginsThere(t *testing.T) {
	result, _ := simulate(t, `
  - power: {thermo: on}
  - wait: 5s
  - {name: skipped, when: 'thermo.temperature > 80', wait: 1s}
  - expect: {console: thermo, matches: BOOT, since: skipped, not: true, during: 5s}
`)
	require.Equal(t, run.Pass, result.Verdict, "%v", result.Failures)
	require.Equal(t, run.Skipped, result.Steps[2].Verdict)
}
