package run_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/scenarios/run"
)

const waits = "steps:\n  - power: {thermo: on}\n  - expect: {mqtt: devices/thermo/status, json: {state: online}, within: 20s}\n"

func TestAMissingMessageTellsThatItsDeviceWasNotLetIn(t *testing.T) {
	r, _ := secured(t, "broker: {tls: {generate: {until: 2025-12-31T00:00:00Z}}}\ndevices: {thermo: {kind: t.kind.yaml, tls: {}}}\n"+cell+waits)
	require.Equal(t, run.Fail, r.Verdict)
	require.Regexp(t, `\n  likely:   thermo is not let in: \d+ TLS handshakes failed, at last at [0-9.]+s: certificate expired \(the device refused\)$`, r.Failures[0].Detail)

	r, _ = secured(t, "devices: {thermo: {kind: t.kind.yaml}}\n"+cell+"steps:\n  - broker: {refuse: thermo}\n  - power: {thermo: on}\n  - expect: {mqtt: devices/thermo/status, within: 20s}\n")
	require.Equal(t, run.Fail, r.Verdict, "%v %v", r.Failures, r.Reason)
	require.Regexp(t, `\n  likely:   thermo is not let in: \d+ connections refused, at last at `, r.Failures[0].Detail)
}

func TestWhoWasLetInIsNotBlamed(t *testing.T) {
	for name, text := range map[string]string{
		"let in after all": "devices: {thermo: {kind: t.kind.yaml}}\n" + cell + "steps:\n  - broker: {refuse: thermo, for: 10s}\n  - power: {thermo: on}\n  - wait: 2m\n" +
			"  - expect: {mqtt: devices/thermo/status, json: {state: nonsense}, since: here, within: 5s}\n",
		"another's topic": "broker: {tls: true}\ndevices: {thermo: {kind: t.kind.yaml, tls: {trust: main, name: mqtt.example.com}}}\n" + cell +
			"steps:\n  - power: {thermo: on}\n  - expect: {mqtt: elsewhere/status, within: 20s}\n",
		"no message": "broker: {tls: true}\ndevices: {thermo: {kind: t.kind.yaml, tls: {name: mqtt.example.com}}}\n" + cell +
			"steps:\n  - power: {thermo: on}\n  - expect: {console: thermo, matches: nonsense, within: 20s}\n",
	} {
		r, _ := secured(t, text)
		require.Equal(t, run.Fail, r.Verdict, "%s: %v %v", name, r.Failures, r.Reason)
		require.NotContains(t, r.Failures[0].Detail, "likely", name)
	}
}
