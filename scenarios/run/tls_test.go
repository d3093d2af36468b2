package run_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures"
	"github.com/twinrig/twinrig/fixtures/thermostat"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
)

// secured runs a scenario over TLS in virtual time; PEM files come from the examples of the language.
func secured(t *testing.T, text string) (run.Result, []byte) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "tls"), os.DirFS("../../docs/examples/language/tls")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "t.kind.yaml"), thermostat.Kind, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "thermostat.wasm"), thermostat.Module, 0o600))
	file := filepath.Join(dir, "s.yaml")
	require.NoError(t, os.WriteFile(file, []byte("scenario: TLS\n"+text), 0o600))
	p, faults := plan.Load(plan.Options{File: file, Seed: 1, Firmware: []string{"thermostat"}})
	require.NoError(t, faults.Err())
	program, faults := expect.Compile(p)
	require.NoError(t, faults.Err())
	var out bytes.Buffer
	r := run.Run(p, program, run.Options{Firmware: fixtures.Firmware(), Trace: &out, Bubble: func(body func()) error { return vtime.Bubble(t, body) }})
	return r, out.Bytes()
}

// cell is slow enough for the size of every record to show in the trace.
const cell = "networks: {cell: {latency: 80ms, jitter: 20ms, loss: 2%, rate: 20kbit}}\n"

func handshakes(t *testing.T, data []byte, device string) (list []trace.Event) {
	t.Helper()
	_, events, err := trace.Read(bytes.NewReader(data))
	require.NoError(t, err)
	for _, e := range events {
		if e.Kind == trace.Handshake && e.Device == device {
			list = append(list, e)
		}
	}
	return list
}

// TestWhoRefusesWhom has each pair of a broker's and a device's settings, and who refuses why.
func TestWhoRefusesWhom(t *testing.T) {
	for name, c := range map[string]struct{ clock, broker, device, who, cause string }{
		"nobody":                                   {"", "true", "{}", "", "success"},
		"nobody, with certificates of clients":     {"", "{client: required}", "{}", "", "success"},
		"nobody, with an optional one":             {"", "{client: optional}", "{anonymous: true}", "", "success"},
		"nobody, over files":                       {"", "{certificate: tls/broker.pem, key: tls/broker.key, ca: tls/ca.pem, client: required}", "{certificate: tls/thermo.pem, key: tls/thermo.key}", "", "success"},
		"expired in world time":                    {"", "{generate: {until: 2025-12-31T00:00:00Z}}", "{}", "device", "certificate expired"},
		"expired on the device's clock alone":      {"clock: {device: 2030-01-01T00:00:00Z}\n", "{generate: {until: 2029-01-01T00:00:00Z}}", "{}", "device", "certificate expired"},
		"not yet valid on the device's clock":      {"clock: {device: 2025-12-02T00:00:00Z}\n", "{generate: {from: 2025-12-31T00:00:00Z}}", "{}", "device", "certificate not yet valid"},
		"another authority of the broker":          {"", "{generate: {authority: other}}", "{trust: main}", "device", "unknown authority"},
		"another name of the broker":               {"", "{generate: {names: mqtt.example.com}}", "{}", "device", "name mismatch"},
		"another name that the device expects":     {"", "true", "{name: mqtt.example.com}", "device", "name mismatch"},
		"an expired authority":                     {"", "{certificate: tls/broker.pem, key: tls/broker.key, ca: tls/ca.pem}", "{ca: tls/expired-ca.pem, expired: true}", "device", "authority expired"},
		"no certificate of the device":             {"", "{client: required}", "{anonymous: true}", "broker", "client certificate required"},
		"a device of another authority":            {"", "{client: required}", "{generate: {authority: rogue}}", "broker", "unknown authority"},
		"an expired certificate of the device":     {"", "{client: required}", "{generate: {until: 2025-12-31T00:00:00Z}}", "broker", "certificate expired"},
		"a certificate of the device of tomorrow":  {"", "{client: required}", "{generate: {from: 2026-01-02T00:00:00Z}}", "broker", "certificate not yet valid"},
		"the device's certificate is for a server": {"", "{certificate: tls/broker.pem, key: tls/broker.key, ca: tls/ca.pem, client: required}", "{certificate: tls/broker.pem, key: tls/broker.key}", "broker", "wrong use of the certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			text := c.clock + "broker: {tls: " + c.broker + "}\ndevices: {thermo: {kind: t.kind.yaml, tls: " + c.device + "}}\n" + cell +
				"steps:\n  - power: {thermo: on}\n  - wait: 30s\n"
			r, data := secured(t, text)
			require.Equal(t, run.Pass, r.Verdict, "%v %s", r.Failures, r.Reason)
			got := handshakes(t, data, "thermo")
			require.NotEmpty(t, got)
			require.Equal(t, []string{c.who, c.cause}, []string{got[0].Name, got[0].Cause}, got[0].Text)
			online := bytes.Contains(data, []byte(`"event":"connack"`))
			require.Equal(t, c.cause == "success", online, "who is refused gets no CONNACK")
		})
	}
}

func TestRotationWithoutAHandshakeTestsNothing(t *testing.T) {
	const begin = "broker: {tls: true}\ndevices: {thermo: {kind: t.kind.yaml}}\n" + cell +
		"steps:\n  - power: {thermo: on}\n  - expect: {event: connack, device: thermo, within: 30s}\n  - broker: {rotate: {generate: {names: [broker, b]}}}\n"
	r, _ := secured(t, begin+"  - wait: 1m\n")
	require.Equal(t, run.Invalid, r.Verdict)
	require.Contains(t, r.Failures[0].Message, "broker rotate touched nothing: no device made a TLS handshake afterwards")
	r, _ = secured(t, begin+"  - broker: {kick: thermo}\n  - wait: 1m\n")
	require.Equal(t, run.Pass, r.Verdict, "%v", r.Failures)
}

// TestDeterminismOfTLS compares whole traces of a run over a link that is slow enough for the sizes of the
// handshake to show: with certificates of ECDSA, whose signatures differ in length, and in parallel runs,
// for which crypto/rand stays what it is.
func TestDeterminismOfTLS(t *testing.T) {
	text := `broker: {tls: {certificate: tls/broker.pem, key: tls/broker.key, ca: tls/ca.pem, client: optional}}
devices:
  thermo: {kind: t.kind.yaml, tls: {certificate: tls/thermo.pem, key: tls/thermo.key}}
  guest: {kind: t.kind.yaml, firmware: v1.4.0-c}
  lost: {kind: t.kind.yaml, tls: {name: elsewhere}}
` + cell + `
steps:
  - power: {thermo: on, guest: on, lost: on}
  - expect: {all: [{event: connack, device: thermo}, {event: connack, device: guest}], within: 1m}
  - repeat:
      times: 3
      steps:
        - power: {thermo: {cycle: 2s}}
        - broker: restart
        - expect: {all: [{event: connack, device: thermo}, {event: connack, device: guest}], within: 2m}
  - power: {thermo: off}
  - wait: 2m
`
	digests := map[string]int{}
	for _, procs := range []int{1, 2} {
		before := runtime.GOMAXPROCS(procs)
		for range 10 {
			r, data := secured(t, text)
			require.Equal(t, run.Pass, r.Verdict, "%v %s", r.Failures, r.Reason)
			digests[fmt.Sprintf("%x", sha256.Sum256(data))]++
		}
		runtime.GOMAXPROCS(before)
	}
	t.Run("in parallel", func(t *testing.T) {
		for range 4 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				_, data := secured(t, text)
				require.Contains(t, digests, fmt.Sprintf("%x", sha256.Sum256(data)))
			})
		}
	})
	require.Len(t, digests, 1)
}
