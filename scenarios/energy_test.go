package scenarios

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/twin"
)

// asleep does nothing.
func asleep(hw *twin.Hardware) error { return hw.Sleep(1000 * time.Hour) }

// cell runs steps, and whatever follows them, with a device d on a battery of 2 mAh. It sleeps at 1 mA, and
// its boot takes 105 ms at 10 mA.
func cell(t *testing.T, firmware, script, steps string, more ...Option) outcome {
	t.Helper()
	dir := t.TempDir()
	kind := `kind: cell
console: {baud: 115200}
battery: {capacity: 2mAh, sleep: 1mA, active: 10mA}
resources: {ram: 1KiB}
identity: {topics: "devices/{id}/#"}
firmware: {v1: {go: ` + firmware + `}}
params: {script: ""}
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cell.kind.yaml"), []byte(kind), 0o600))
	file := filepath.Join(dir, "cell.yaml")
	text := "scenario: cell\ndevices: {d: {kind: cell.kind.yaml, params: {script: \"" + script + "\"}}}\nsteps:\n  - power: {d: on}\n" + steps
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return simulate(t, file, append([]Option{Firmware("asleep", asleep)}, more...)...)
}

// TestEnergyBudgets holds budgets against what is known to be taken: (0.105 s × 10 mA + 3599.895 s × 1 mA) in an
// hour, 1.0002625 mAh.
func TestEnergyBudgets(t *testing.T) {
	for _, c := range []struct {
		name, steps string
		want        run.Verdict
		message     string
	}{
		{"now, kept", "  - wait: 1h\n  - expect: {metric: d.charge, is: \"<= 1.0003mAh\"}\n", run.Pass, ""},
		{"now, broken", "  - wait: 1h\n  - expect: {metric: d.charge, is: \"<= 1.0002mAh\"}\n", run.Fail, "d.charge is 1.0002625"},
		{"now, not below", "  - wait: 1h\n  - expect: {metric: d.charge, is: \"> 1.0002mAh\"}\n", run.Pass, ""},
		{"window, kept", "  - expect: {metric: d.charge, is: \"<= 1.0003mAh\", during: 1h}\n", run.Pass, ""},
		{"window, broken in its last second", "  - expect: {metric: d.charge, is: \"<= 1.0002mAh\", during: 1h}\n", run.Fail, "d.charge is 1.00"},
		{"growth, kept", "  - wait: 10m\n  - expect: {metric: d.charge, grows: \"<= 1mAh\", during: 1h}\n", run.Pass, ""},
		{"growth, broken", "  - wait: 10m\n  - expect: {metric: d.charge, grows: \"<= 0.9999mAh\", during: 1h}\n", run.Fail, "d.charge has grown by"},
		{"growth, too little", "  - wait: 10m\n  - expect: {metric: d.charge, grows: \"> 1.1mAh\", during: 1h}\n", run.Fail, "has grown by 1mAh, from 0.166929mAh"},
		{"life", "  - wait: 1h\n  - expect: {all: [{metric: d.life, is: \"> 7190s\"}, {metric: d.life, is: \"< 2h\"}]}\n", run.Pass, ""},
		{"expression", "  - wait: 1h\n  - expect: {expr: d.charge > 1*mAh && d.charge < 1.0003*mAh && d.life < 2*h && d.battery < 50}\n", run.Pass, ""},
		{"a metric without its unit", "  - expect: {metric: d.charge, is: \"< 1\"}\n", run.Invalid, `d.charge is in mAh: "< 1" needs a unit`},
		{"another's unit", "  - expect: {metric: d.charge, is: \"< 1KiB\"}\n", run.Invalid, `d.charge is in mAh, and "< 1KiB" in bytes`},
		{"no unit to have", "  - expect: {metric: d.resets, is: \"< 1KiB\"}\n", run.Invalid, `d.resets is a number, never "< 1KiB"`},
		{"no memory was seen", "  - expect: {metric: d.heap, grows: \"< 1KiB\", during: 1m}\n", run.Fail, "d.heap was not seen yet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := cell(t, "asleep", "", c.steps)
			require.Equal(t, c.want, got.verdict(), "%s", got)
			require.Contains(t, got.String(), c.message)
		})
	}
}

// TestEnergyOverTime: half of it is gone once 3600 mAs are taken, 945 ms earlier than at 1 mA alone.
func TestEnergyOverTime(t *testing.T) {
	half := time.Hour - 945*time.Millisecond
	got := cell(t, "asleep", "", "  - wait: 2h\nalways:\n  - {expr: d.battery > 50}\n")
	require.Equal(t, run.Fail, got.verdict(), "%s", got)
	require.Equal(t, half, got.result.Failures[0].At)

	got = cell(t, "asleep", "", "  - expect: {event: power, device: d, cause: battery, within: 3h}\n  - expect: {metric: d.battery, is: \"0%\"}\n")
	require.Equal(t, run.Pass, got.verdict(), "%s", got)
	require.Equal(t, 2*time.Hour-945*time.Millisecond, got.result.Steps[1].End)

	got = cell(t, "actor", "1m say hello", "  - expect: {event: sleep, device: d, within: 1s}\n  - wait: 10s\n  - expect: {event: wake, device: d, within: 2m}\n  - expect: {event: sleep, device: d, within: 10ms}\n")
	require.Equal(t, run.Pass, got.verdict(), "%s", got)
}

// TestTrafficBudget counts what goes over a device's connections.
func TestTrafficBudget(t *testing.T) {
	script := "10s publish devices/d/x 0123456789\\n20s publish devices/d/x 0123456789"
	budget := func(limit string) outcome {
		return cell(t, "actor", script, "  - wait: 15s\n  - expect: {metric: d.bytes_sent, grows: \""+limit+"\", during: 10s}\n  - expect: {metric: d.bytes_received, is: \"> 0B\"}\n")
	}
	size := 2 + 2 + len("devices/d/x") + 2 + 10 // a PUBLISH with QoS 1
	for limit, want := range map[string]run.Verdict{
		"<= 27B": run.Pass, "<= 26B": run.Fail, ">= 27B": run.Pass, "> 27B": run.Fail,
	} {
		require.Equal(t, 27, size)
		require.Equal(t, want, budget(limit).verdict(), "%s: %s", limit, budget(limit))
	}
}

// TestGrowthFailsAtOnce holds a budget of the heap against firmware that gives back what it took.
func TestGrowthFailsAtOnce(t *testing.T) {
	breathes := func(hw *twin.Hardware) error {
		for _, change := range []int64{100, 300, -300} {
			var err error
			if change > 0 {
				err = hw.Alloc(change)
			} else {
				err = hw.Free(-change)
			}
			if err != nil {
				return err
			}
			if err := hw.Sleep(10 * time.Second); err != nil {
				return err
			}
		}
		return hw.Sleep(time.Hour)
	}
	for limit, want := range map[string]time.Duration{"< 300B": twin.BootTime + 10*time.Second, "<= 300B": 61 * time.Second} {
		got := cell(t, "asleep", "", "  - wait: 1s\n  - expect: {metric: d.heap, grows: \""+limit+"\", during: 1m}\n", Firmware("asleep", breathes))
		last := got.result.Steps[len(got.result.Steps)-1]
		require.Equal(t, want, last.End, "%s: %s", limit, got)
	}
}
