package scenarios

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures/mutants"
	"github.com/twinrig/twinrig/scenarios/run"
)

// TestLibraryFindsMutantsInC holds a scenario of the library against each mutant in C: it must fail at the step that
// the fault breaks, and say so in the fault's terms.
func TestLibraryFindsMutantsInC(t *testing.T) {
	found := []struct {
		mutant, scenario string
		step             string // begins the step that fails; "": an invariant does
		message          string
	}{
		{"alerts-every-second", "thermostat-sensor-stuck", "expect mqtt: devices/thermo/alert, since: here, not: true", "it happened at"},
		{"announces-once", "thermostat-broker-restart", "expect all: [{mqtt: devices/thermo/status", "no such message on devices/thermo/status"},
		{"backoff-in-seconds", "thermostat-broker-throttling", "expect event: connack, cause: quota exceeded, not: true", "connack (quota exceeded)"},
		{"backoff-without-end", "thermostat-broker-throttling", "expect expr: 'all(fleet, .connects >= 2)'", "all(fleet, .connects >= 2) = false"},
		{"believes-a-stuck-sensor", "thermostat-sensor-stuck", "expect pin: thermo.HEATER, is: low", "thermo.HEATER is high"},
		{"believes-the-last-answer", "thermostat-sensor-absent", "expect console: thermo, matches: '^ERR the temperature sensor does not answer$'", "no such line on the console of thermo"},
		{"button-without-hold", "thermostat-button", "expect pin: thermo.HEATER, is: high, for: 20s", "thermo.HEATER is low"},
		{"chatter-ends-the-hold", "thermostat-button", "expect pin: thermo.HEATER, is: low, within: 2s", "thermo.HEATER is high"},
		{"checksum-not-checked", "thermostat-setpoint-power-cut", `expect console: thermo, matches: 'setpoint=(25|30)\b'`, "after 8 bytes of it: no such line"},
		{"chokes-on-carriage-return", "thermostat-console", `expect console: thermo, matches: '^v\d+\.\d+\.\d+\S*$'`, "no such line on the console of thermo"},
		{"clock-in-milliseconds", "thermostat-certificate-1970", "expect mqtt: devices/thermo/status", "no such message on devices/thermo/status"},
		{"cuts-long-reports", "thermostat-outage", "expect mqtt: devices/thermo/telemetry, since: begin", "there is no field seq in the message"},
		{"expiry-by-uptime", "thermostat-stale-command", "expect pin: thermo.HEATER, is: low", "thermo.HEATER is high"},
		{"floods-after-49-days", "thermostat-millis-rollover", "expect mqtt: devices/thermo/telemetry, since: begin", "more are missing between 1 and"},
		{"forgets-while-offline", "thermostat-outage", "expect mqtt: devices/thermo/telemetry, since: begin", "are missing between 1 and"},
		{"heats-blind", "thermostat-sensor-absent", "expect pin: thermo.HEATER, is: low", "thermo.HEATER is high"},
		{"heats-on-a-broken-wire", "thermostat-sensor-absent", "expect pin: thermo.HEATER, is: low", "thermo.HEATER is high"},
		{"hold-never-ends", "thermostat-button", "expect pin: thermo.HEATER, is: high, for: 20s", "thermo.HEATER is low"},
		{"id-cut-off", "thermostat-broker-throttling", "expect expr: 'all(fleet, .connects == 1)'", "(connects 0)"},
		{"ignores-report-every", "thermostat-queue-overflow", "expect mqtt: devices/thermo/telemetry, since: begin", "92 matches, >= 600 wanted"},
		{"keepalive-in-minutes", "thermostat-keepalive-lost", "expect all: [{console: thermo, matches: '^OFFLINE'}, {mqtt: devices/thermo/status, jso", "no such line on the console of thermo"},
		{"keeps-the-oldest", "thermostat-queue-overflow", "expect mqtt: devices/thermo/telemetry, since: begin", "are missing of 380 to 840"},
		{"leaks-a-session-per-reconnect", "thermostat-reconnect-leak", "expect mqtt: devices/thermo/status, json: {state: online}", "no such message on devices/thermo/status"},
		{"long-line-overflows", "thermostat-console", "", "it happened"},
		{"loses-the-sign-below-zero", "thermostat-extremes", "expect mqtt: devices/thermo/telemetry, json: {temperature: -0.25, heater: true}", "no such message on devices/thermo/telemetry"},
		{"loses-what-finds-no-room", "thermostat-queue-overflow", "expect mqtt: devices/thermo/status, json: {state: online}", "no such message on devices/thermo/status"},
		{"never-forgets-a-bad-line", "thermostat-console", `expect console: thermo, matches: '^STATUS setpoint=20 temperature=21\.00 heater=off on`, "no such line on the console of thermo"},
		{"no-hysteresis", "thermostat-sensor-noisy", "expect event: pin, device: thermo, name: HEATER, since: begin", "matches, <= 6 wanted"},
		{"obeys-any-setpoint", "thermostat-poison-message", "expect console: thermo, matches: '^ERR command: setpoint 250 is not from 5 to 35'", "no such line on the console of thermo"},
		{"obeys-half-a-command", "thermostat-poison-message", "expect console: thermo, matches: '^ERR command'", "no such line on the console of thermo"},
		{"obeys-its-own-acks", "thermostat-extremes", "", "it happened"},
		{"obeys-the-same-command-again", "thermostat-command-twice", "expect pin: thermo.HEATER, is: low", "thermo.HEATER is high"},
		{"overflows-above-32-degrees", "thermostat-extremes", "expect mqtt: devices/thermo/telemetry, json: {temperature: -39.75, heater: true}", "no such message on devices/thermo/telemetry"},
		{"reads-past-its-message", "thermostat-flash-wear", "expect mqtt: devices/thermo/ack, json: {setpoint: 18}", "no such message on devices/thermo/ack"},
		{"reboots-when-offline", "thermostat-outage", "expect mqtt: devices/thermo/telemetry, since: begin", "seq goes back from 18 to 1 "},
		{"regulates-only-online", "thermostat-outage", "expect pin: thermo.HEATER, is: low", "thermo.HEATER is high"},
		{"reset-cause-cut-off", "thermostat-brown-out", "expect event: reset, device: thermo, since: begin", "matches, <= 12 wanted"},
		{"ring-one-too-long", "thermostat-queue-overflow", "expect mqtt: devices/thermo/telemetry, since: begin", "seq goes back from 360 to 0 "},
		{"saves-a-minute-later", "thermostat-flash-wear", "expect console: thermo, matches: '^STATUS setpoint=8 '", "no such line on the console of thermo"},
		{"sends-newest-first", "thermostat-outage", "expect mqtt: devices/thermo/telemetry, since: begin", "seq goes back from"},
		{"sequence-in-a-byte", "thermostat-queue-overflow", "expect mqtt: devices/thermo/telemetry, since: begin", "seq goes back from 255 to 0 "},
		{"setpoint-in-place", "thermostat-setpoint-power-cut", `expect console: thermo, matches: 'setpoint=(25|30)\b'`, "before its first byte: no such line"},
		{"stamps-at-delivery", "thermostat-queue-overflow", "expect mqtt: devices/thermo/telemetry, since: begin", "and again at"},
		{"starts-afresh-when-online", "thermostat-outage", "expect mqtt: devices/thermo/telemetry, since: begin", "are missing between 1 and"},
		{"status-not-retained", "thermostat-boot", `expect all: [{console: thermo, matches: '^BOOT thermostat v\d+\.\d+\.\d+\S* reset=powe`, "no such message on devices/thermo/status"},
		{"subscribes-at-qos-0", "thermostat-broker-restart", "expect all: [{mqtt: devices/thermo/status", "no such message on devices/thermo/ack"},
		{"takes-success-for-failure", "thermostat-setpoint-power-cut", `expect console: thermo, matches: 'setpoint=(25|30)\b'`, "before its first byte: no such line"},
		{"telemetry-at-qos-0", "thermostat-outage", "expect mqtt: devices/thermo/telemetry, since: begin", "is missing between 1 and"},
		{"trusts-its-clock", "thermostat-certificate-1970", "expect mqtt: devices/thermo/status", "no such message on devices/thermo/status"},
		{"uptime-falls-back", "thermostat-millis-rollover", "expect mqtt: devices/thermo/telemetry, since: begin", "uptime goes back from"},
		{"wears-out-the-flash", "thermostat-flash-wear", "expect event: flash_write, device: thermo, since: repeats", "60 matches, == 1 wanted"},
		{"whole-degrees-only", "thermostat-flash-wear", "expect mqtt: devices/thermo/ack, json: {setpoint: 22.5}", "no such message on devices/thermo/ack"},
		{"will-not-retained", "thermostat-keepalive-lost", "expect all: [{console: thermo, matches: '^OFFLINE'}, {mqtt: devices/thermo/status, jso", "no such message on devices/thermo/status"},
		{"will-too-late", "thermostat-keepalive-lost", "expect all: [{console: thermo, matches: '^OFFLINE'}, {mqtt: devices/thermo/status, jso", "no such message on devices/thermo/status"},
	}
	modules := map[string][]byte{}
	for _, m := range mutants.All() {
		if m.Language == mutants.C {
			modules[strings.TrimSuffix(m.Name, "-c")] = m.Module
		}
	}
	require.Len(t, found, len(modules), "every mutant has its line")
	for _, c := range found {
		t.Run(c.mutant, func(t *testing.T) {
			require.Contains(t, modules, c.mutant)
			got := simulate(t, inModule(t, c.scenario, modules[c.mutant]))
			require.Equal(t, run.Fail, got.verdict(), "%s", got)
			require.Contains(t, got.result.Failures[0].Message, c.message)
			last := got.result.Steps[len(got.result.Steps)-1]
			require.Equal(t, c.step != "", last.Verdict == run.Fail)
			require.True(t, strings.HasPrefix(last.Text, c.step), last.Text)
		})
	}
}
