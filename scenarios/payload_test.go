package scenarios

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/run"
)

// beacons runs steps with three beacons: a speaks CBOR, b MessagePack, c raw bytes.
func beacons(t *testing.T, steps string) outcome {
	t.Helper()
	dir, err := filepath.Abs("../docs/examples/language")
	require.NoError(t, err)
	var head strings.Builder
	head.WriteString("scenario: beacons\ndevices:\n")
	for i, encoding := range []string{"cbor", "msgpack", "raw"} {
		head.WriteString("  " + "abc"[i:i+1] + ": {kind: " + filepath.Join(dir, "beacon-"+encoding+".kind.yaml") + ", params: {report_every: 1s}}\n")
	}
	file := filepath.Join(t.TempDir(), "s.yaml")
	require.NoError(t, os.WriteFile(file, []byte(head.String()+"steps:\n  - power: {a: on, b: on, c: on}\n"+steps), 0o600))
	return simulate(t, file)
}

// TestPayloadFailures: what does not match, or does not decode, is said in words that a person reads.
func TestPayloadFailures(t *testing.T) {
	for name, test := range map[string]struct {
		steps string
		want  []string
	}{
		"another value": {"  - expect: {mqtt: devices/a/telemetry, json: {temperature: 20}, within: 2s}\n",
			[]string{"json.temperature is 21.3, not 20", `{"chip":"01ff","seq":1,"supply":3.3,"temperature":21.3}`}},
		"not CBOR": {"  - wait: 100ms\n  - send: {console: a, line: garbage}\n  - expect: {mqtt: devices/a/telemetry, json: {seq: 99}, within: 500ms}\n",
			[]string{"payload is not CBOR: it ends too soon, after 5 bytes", "5 bytes: a2 63 73 65 71"}},
		"not MessagePack": {"  - wait: 100ms\n  - send: {console: b, line: garbage}\n  - expect: {mqtt: devices/b/telemetry, json: {seq: 99}, within: 500ms}\n",
			[]string{"payload is not MessagePack: 2 bytes follow the value"}},
		"raw bytes": {"  - expect: {mqtt: devices/c/telemetry, json: {seq: 1}, within: 2s}\n",
			[]string{"payload is raw bytes, which have no fields; hex matches them"}},
		"other bytes": {"  - expect: {mqtt: devices/c/telemetry, hex: 01 00 07 *, within: 2s}\n",
			[]string{"payload is 01 00 01 08 52 01 4a, not 01 00 07 *", `hex: "01 00 07 *"`}},
		"a gap in what does not decode": {"  - wait: 3s\n  - send: {console: a, line: garbage}\n  - expect: {mqtt: devices/a/telemetry, gapless: seq, count: \">= 1\", since: here, during: 500ms}\n",
			[]string{"there is no field seq in the message at", "a2 63 73 65 71"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := beacons(t, test.steps)
			require.Equal(t, run.Fail, got.verdict(), "%s", got)
			for _, want := range test.want {
				require.Contains(t, got.String(), want)
			}
		})
	}
}

// TestPayloadsBesideWhatTheyHold: the trace has the bytes, and what they mean.
func TestPayloadsBesideWhatTheyHold(t *testing.T) {
	got := beacons(t, `
  - publish: {topic: devices/a/command, json: {report_every_s: 7}, qos: 1}
  - publish: {topic: devices/b/command, json: {report_every_s: 7}, qos: 1, as: b}
  - publish: {topic: devices/c/command, hex: "0207", qos: 1}
  - publish: {topic: elsewhere, json: {report_every_s: 7}}
  - wait: 1s
  - send: {console: a, line: garbage}
  - wait: 1s
`)
	require.Equal(t, run.Pass, got.verdict(), "%s", got)
	_, events, err := trace.Read(bytes.NewReader(got.trace))
	require.NoError(t, err)
	seen := map[string]int{}
	for _, e := range events {
		if e.Payload != nil {
			seen[string(e.Kind)+" "+e.Topic+" "+e.Decoded+" "+string(e.Payload)]++
		}
	}
	cbor, msgpack := "\xa1nreport_every_s\x07", "\x81\xaereport_every_s\x07"
	value := `{"report_every_s":7}`
	require.Equal(t, 1, seen["publish devices/a/command "+value+" "+cbor])
	require.Equal(t, 1, seen["publish devices/b/command "+value+" "+msgpack])
	require.Equal(t, 1, seen["publish devices/c/command  \x02\x07"])
	require.Equal(t, 1, seen["publish elsewhere  "+value])
	require.Equal(t, 1, seen["publish devices/a/telemetry  \xa2\x63seq"])
}
