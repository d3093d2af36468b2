package expect_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/scenarios/expect"
)

// TestLate asks the judge later than the instants that Next named, as happens on the wall clock: the
// verdicts and their times are the same.
func TestLate(t *testing.T) {
	for _, tt := range []struct {
		name, step, trace string
		verdict           expect.Verdict
		at                time.Duration
	}{
		{"within", `{console: t1, matches: ready, within: 5s}`, "9s t1 console ready", expect.Failed, 5 * time.Second},
		{"for", `{pin: t1.HEATER, is: high, for: 3s, within: 5s}`, "1s t1 pin HEATER high\n9s t1 pin HEATER low", expect.Passed, 4 * time.Second},
		{"for at the deadline", `{expr: 't1.uptime >= 5', for: 3s, within: 5s}`, "9s t1 reset pin", expect.Passed, 8 * time.Second},
		{"during", `{pin: t1.HEATER, is: low, during: 5s}`, "5s t1 pin HEATER high", expect.Passed, 5 * time.Second},
		{"upper bound", `{console: t1, count: "<= 0", during: 5s}`, "6s t1 console x", expect.Passed, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := load(t, "steps: [{power: {t1: on}}, {expect: "+tt.step+"}]\n")
			h := expect.NewHistory(p)
			h.Append(parseTrace(t, "0s t1 power on\n0s t1 boot power"))
			a := compile(t, p).Begin(&p.Scenario.Steps[1], h, 0, h.Mark(0, ""))
			require.Equal(t, expect.Pending, a.Judge(0))
			h.Append(parseTrace(t, tt.trace))
			require.Equal(t, tt.verdict, a.Judge(30*time.Second), a.Explain())
			require.Equal(t, tt.at, a.At())
		})
	}
}

// TestViolationOnce: an invariant that is broken again and again is reported once.
func TestViolationOnce(t *testing.T) {
	p := load(t, "steps: [{power: {t1: on}}]\nalways: [{pin: t1.HEATER, is: low}, {pin: t1.HEATER, is: low, grace: 1s}]\nnever: [{console: t1, matches: panic}]\n")
	h := expect.NewHistory(p)
	watch := compile(t, p).Watch(h)
	h.Append(parseTrace(t, "0s t1 power on\n1s t1 pin HEATER high\n1s t1 console panic\n2s t1 console panic\n5s t1 pin HEATER low\n6s t1 pin HEATER high\n9s t1 pin HEATER low"))
	var paths []string
	for _, f := range watch.Finish(10 * time.Second) {
		paths = append(paths, f.Path+" "+f.At.String())
	}
	require.Equal(t, []string{"always[0] 1s", "never[0] 1s", "always[1] 2s"}, paths)
}

// TestUptimeInvariant: an invariant over the uptime is judged as it grows, without any event.
func TestUptimeInvariant(t *testing.T) {
	p := load(t, "steps: [{power: {t1: on}}]\nalways: [{expr: 't1.uptime < 3'}]\n")
	h := expect.NewHistory(p)
	watch := compile(t, p).Watch(h)
	_, ok := watch.Next()
	require.False(t, ok, "it is off")
	h.Append(parseTrace(t, "500ms t1 power on\n500ms t1 boot power"))
	now := 500 * time.Millisecond
	for range 3 {
		require.Empty(t, watch.Judge(now))
		now, ok = watch.Next()
		require.True(t, ok)
	}
	found := watch.Judge(now)
	require.Len(t, found, 1)
	require.Equal(t, 3500*time.Millisecond, found[0].At)
	_, ok = watch.Next()
	require.False(t, ok, "it is broken")
}

func TestHistoryState(t *testing.T) {
	p := load(t, "steps: [{power: {t1: on}}]\n")
	h := expect.NewHistory(p)
	high, ok := h.PinHigh("t1", "BUTTON")
	require.True(t, ok && high, "pulled up")
	_, ok = h.PinHigh("t1", "NONE")
	require.False(t, ok)
	require.False(t, h.EverPowered("t1"))
	h.Append(parseTrace(t, "0s t1 power on\n1s t1 boot power\n2s t1 sensor temperature -4.5\n3s t1 pin BUTTON low\n4s t1 console boot #12 reset=fault"))
	require.True(t, h.Powered("t1"))
	high, _ = h.PinHigh("t1", "BUTTON")
	require.False(t, high)
	value, ok := h.Sensor("t1", "temperature")
	require.True(t, ok)
	require.InDelta(t, -4.5, value, 0)
	for name, want := range map[string]any{"uptime": 4, "boots": 12.0, "cause": "fault", "resets": 0} {
		got, ok := h.Metric("t1", name, 5500*time.Millisecond)
		require.True(t, ok, name)
		require.Equal(t, want, got, name)
	}
	h.Append(parseTrace(t, `5s t1 publish devices/t1/telemetry {"heap":1}
5s t2 publish devices/t1/diag {"heap":2}
5s t1 publish devices/t2/diag {"heap":3}
5s t1 publish devices/t1/diag {"heap":[4]}
5s t1 publish devices/t1/diag {"mode":5}`))
	_, ok = h.Metric("t1", "heap", 0)
	require.False(t, ok, "not seen")
	h.Append(parseTrace(t, "6s t1 reset pin"))
	_, ok = h.Metric("t1", "uptime", 7*time.Second)
	require.False(t, ok, "no firmware runs")
	h.Append(parseTrace(t, "8s t1 power cut"))
	require.False(t, h.Powered("t1"))
	require.True(t, h.EverPowered("t1"))
	require.Equal(t, 12, h.Len())
	require.Equal(t, "cut", h.Event(11).Name)
}

// TestCloneMetric: {id} of a device that uses another's identity is the other's name.
func TestCloneMetric(t *testing.T) {
	p := load(t, "scenario: x\ndevices: {a: {kind: kind.yaml}, clone: {kind: kind.yaml, identity: a}}\nsteps: [{power: {a: on}}]\n")
	h := expect.NewHistory(p)
	h.Append(parseTrace(t, `0s clone power on
1s clone publish devices/a/diag {"heap":7,"mode":"eco"}`))
	for metric, want := range map[string]any{"heap": 7.0, "mode": "eco"} {
		got, ok := h.Metric("clone", metric, 0)
		require.True(t, ok)
		require.Equal(t, want, got)
		_, ok = h.Metric("a", metric, 0)
		require.False(t, ok)
	}
}
