package scenarios

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures/meter"
	"github.com/twinrig/twinrig/scenarios/run"
)

// meterOutage is what a fleet of meters must bear: an outage, a low battery, a power cycle.
const meterOutage = `scenario: meters ride out an outage
devices:
  meters: {kind: meter.kind.yaml, count: 20, network: cell, spread: 10s}
networks:
  cell: {latency: 80ms, jitter: 20ms}
steps:
  - {name: begin, power: {meters: on}}
  - expect: {event: connack, device: meters, cause: success, within: 1m}
  - expect: {mqtt: "devices/{id}/status", of: meters, json: {state: online}, retained: true, since: begin, within: 1m}
  - expect: {mqtt: "devices/{id}/reading", of: meters, within: 2m}
  - {name: outage, network: {cell: down}}
  - expect: {mqtt: "devices/{id}/status", of: meters, json: {state: offline}, within: 20m}
  - network: {cell: up}
  - expect: {mqtt: "devices/{id}/reading", of: meters, since: begin, count: ">= 20", gapless: seq, within: 10m}
  - sense: {"meters[3].battery": 2.5}
  - expect: {mqtt: "devices/{id}/alert", of: "meters[3]", json: {battery: 2.5}, within: 2m}
  - expect: {mqtt: "devices/+/alert", not: true, during: 3m}
  - power: {"meters[3]": cycle}
  - expect: {event: boot, device: "meters[3]", within: 5s}
  - expect: {mqtt: "devices/{id}/status", of: "meters[3]", json: {state: online}, retained: true, within: 30s}
`

func meters(t *testing.T, change func(*meter.Design)) outcome {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "meter.kind.yaml"), meter.Kind, 0o600))
	file := filepath.Join(dir, "meters.yaml")
	require.NoError(t, os.WriteFile(file, []byte(meterOutage), 0o600))
	design := meter.Standard()
	change(&design)
	return simulate(t, file, Firmware("energy-meter", design.Run))
}

func TestMetersRideOutAnOutage(t *testing.T) {
	got := meters(t, func(*meter.Design) {})
	require.Equal(t, run.Pass, got.verdict(), "%s", got)
}

// TestMetersThatDoNot: what the scenario asks for is not there by itself.
func TestMetersThatDoNot(t *testing.T) {
	for name, change := range map[string]func(*meter.Design){
		"no status":     func(d *meter.Design) { d.Announce = false },
		"no buffer":     func(d *meter.Design) { d.Buffer = 1 },
		"no reconnect":  func(d *meter.Design) { d.BackoffMin, d.BackoffMax = 1000*time.Hour, 1000*time.Hour },
		"alert on edge": func(d *meter.Design) { d.Recover = -10 },
	} {
		t.Run(name, func(t *testing.T) {
			got := meters(t, change)
			require.Equal(t, run.Fail, got.verdict(), "%s", got)
		})
	}
}
