package scenarios

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures/mutants"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/run"
)

func TestLibraryPassesOnTheReference(t *testing.T) {
	for _, name := range library.Names() {
		t.Run(name, func(t *testing.T) { Run(t, library.Prefix+name) })
	}
}

// TestLibraryFindsMutants holds each scenario of the library against the firmware it is there to
// find: it must fail, and blame the step that the fault breaks.
func TestLibraryFindsMutants(t *testing.T) {
	found := []struct {
		scenario, mutant string
		step             string // begins the step that must fail
		message          string // why
	}{
		{"thermostat-boot", "does-not-report-online", "expect all: [{console: thermo, matches: '^BOOT", "no such message on devices/thermo/status"},
		{"thermostat-outage", "forgets-while-offline", "expect mqtt: devices/thermo/telemetry, since: begin", "are missing between 1 and"},
		{"thermostat-broker-restart", "never-reconnects", "expect all: [{mqtt: devices/thermo/status", "no such message on devices/thermo/status"},
		{"thermostat-setpoint-power-cut", "setpoint-written-unsafely", `expect console: thermo, matches: 'setpoint=(25|30)\b'`, "no such line on the console of thermo"},
		{"thermostat-certificate-1970", "trusts-its-clock", "expect mqtt: devices/thermo/status", "no such message on devices/thermo/status"},
		{"thermostat-reconnect-leak", "leaks-on-reconnect", "expect metric: thermo.heap, grows", "thermo.heap has grown by 2048B, from 20480B to 22528B"},
		{"thermostat-client-id-collision", "storms-for-its-id", "expect event: disconnect, cause: takeover, since: here", "matches, <= 40 wanted"},
		{"thermostat-poison-message", "crashes-on-a-bad-command", "expect event: fault, device: thermo, not: true", "it happened at"},
		{"thermostat-broker-throttling", "hammers-the-broker", "expect event: connack, cause: quota exceeded, not: true", "it happened at"},
		{"thermostat-millis-rollover", "stops-after-49-days", "expect mqtt: devices/thermo/telemetry, since: begin", "matches, >= 30 wanted"},
		{"thermostat-brown-out", "ignores-brown-outs", "expect event: reset", "matches, <= 12 wanted"},
		{"thermostat-button", "button-ignores-hold-time", "expect pin: thermo.HEATER, is: high, for: 20s", "thermo.HEATER is low"},
	}
	for _, c := range found {
		t.Run(c.scenario, func(t *testing.T) {
			got := simulate(t, libraryFile(t, c.scenario), mutant(t, c.mutant))
			require.Equal(t, run.Fail, got.verdict(), "%s", got)
			last := got.result.Steps[len(got.result.Steps)-1]
			require.Equal(t, run.Fail, last.Verdict)
			require.True(t, strings.HasPrefix(last.Text, c.step), last.Text)
			failure := got.result.Failures[0]
			require.Contains(t, failure.Message, c.message)
			require.Contains(t, []int{last.Pos.Line, last.Pos.Line + 1}, failure.Pos.Line, "the line of the step, or of its all below it")
		})
	}
}

func mutant(t *testing.T, name string) Option {
	t.Helper()
	m, ok := mutants.Find(name)
	require.True(t, ok, name)
	return Firmware(m.Device, m.Firmware)
}

func libraryFile(t *testing.T, name string) string {
	t.Helper()
	files, err := library.Resolve(library.Prefix + name)
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
}

// TestLibraryCutsAtEveryByte cuts the power at every byte of the write that keeps a setpoint: before
// the first one, after each, and after the last one.
func TestLibraryCutsAtEveryByte(t *testing.T) {
	file := "testdata/run/power-cut-at-a-byte.yaml"
	cut := func(write, length int, firmware ...Option) outcome {
		return simulate(t, file, append(firmware, Set("write", fmt.Sprint(write)), Set("byte", fmt.Sprint(length)))...)
	}
	size := flashWrites(t, cut(1, 0))[0]
	require.Greater(t, size, 8, "a setpoint, and what makes it safe")
	unsafe := mutant(t, "setpoint-written-unsafely")
	caught := 0
	for length := range size + 1 {
		got := cut(1, length)
		require.Equal(t, run.Pass, got.verdict(), "byte %d: %s", length, got)
		writes := flashWrites(t, got)
		require.Equal(t, length, writes[1], "the second write is the one that is cut")
		if cut(1, length, unsafe).verdict() == run.Fail {
			caught++
		}
	}
	require.GreaterOrEqual(t, caught, 7, "bytes at which a write in place is found out")
	require.Equal(t, run.Invalid, cut(2, 0).verdict(), "a command is one write; there is no second one to be cut in")
}

// flashWrites returns how many bytes each write of a run wrote.
func flashWrites(t *testing.T, o outcome) []int {
	t.Helper()
	_, events, err := trace.Read(bytes.NewReader(o.trace))
	require.NoError(t, err)
	var writes []int
	for _, e := range events {
		if e.Kind == trace.FlashWrite {
			writes = append(writes, int(e.Count))
		}
	}
	return writes
}
