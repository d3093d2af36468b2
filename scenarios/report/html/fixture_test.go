package html

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// recording is a run that a test makes up.
type recording struct {
	events []trace.Event
	sum    report.Summary
	source string // of room.yaml
}

func (r *recording) at(t time.Duration, e trace.Event) {
	e.At = t
	r.events = append(r.events, e)
}

// input returns what a report is made of, from memory.
func (r *recording) input(t testing.TB) Input {
	var b bytes.Buffer
	w, err := trace.NewWriter(&b, trace.Header{Scenario: r.sum.Scenario, Seed: r.sum.Seed, Mode: "sim", Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	require.NoError(t, w.Write(r.events))
	in := Input{Summary: &r.sum, Trace: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }}
	if r.source != "" {
		in.ReadFile = func(string) ([]byte, error) { return []byte(r.source), nil }
	}
	return in
}

// write writes the report of a run into a file and returns its address.
func (r *recording) write(t testing.TB) string {
	name := filepath.Join(t.TempDir(), FileName)
	require.NoError(t, WriteFile(name, r.input(t)))
	return "file://" + name
}

// room is a failing run of an hour: a thermostat whose network is down from minute 20 to 40.
func room() *recording {
	r := &recording{source: "scenario: a room\nsteps:\n  - power: {room: on}\n  - wait: 1h\n"}
	r.at(0, trace.Event{Kind: trace.Step, Name: "steps[0]", Text: "begin power room: on", File: "room.yaml", Line: 3})
	r.at(0, trace.Event{Device: "room", Kind: trace.Power, Name: "on"})
	r.at(100*time.Millisecond, trace.Event{Device: "room", Kind: trace.Boot, Cause: "power", Text: "v1"})
	r.at(200*time.Millisecond, trace.Event{Device: "room", Kind: trace.Connack, Cause: "success", Client: "room"})
	r.at(time.Second, trace.Event{Kind: trace.Step, Name: "steps[1]", Text: "begin wait 1h", File: "room.yaml", Line: 4})
	for n := range 360 {
		at := time.Duration(n+1) * 10 * time.Second
		if n == 120 {
			r.at(at, trace.Event{Kind: trace.Network, Name: "cell", Text: "down"})
			r.at(at, trace.Event{Device: "room", Kind: trace.Disconnect, Cause: "network", Client: "room"})
		}
		if n == 240 {
			r.at(at, trace.Event{Kind: trace.Network, Name: "cell", Text: "up"})
		}
		r.at(at, trace.Event{Device: "room", Kind: trace.Sensor, Name: "temperature", Value: 20 + float64(n%10)})
		r.at(at, trace.Event{Device: "room", Kind: trace.Pin, Name: "HEATER", Value: float64(n / 30 % 2)})
		r.at(at, trace.Event{Device: "room", Kind: trace.Publish, Client: "room", Topic: "devices/room/telemetry", Payload: fmt.Appendf(nil, `{"seq":%d,"temperature":%d}`, n, 20+n%10), QoS: 1})
	}
	r.at(time.Hour+time.Second, trace.Event{Kind: trace.Verdict, Name: "fail"})
	r.sum = report.Summary{Scenario: "a room", File: "room.yaml", Mode: "sim", Seed: 3, Verdict: run.Fail, Elapsed: 3601, Events: len(r.events), Repeat: "twinrig run room.yaml --seed 3",
		Steps: []report.Step{{Line: 3, Path: "steps[0]", Text: "power room: on", End: 1, Verdict: run.Pass}, {Line: 4, Path: "steps[1]", Text: "wait 1h", Begin: 1, End: 3601, Verdict: run.Fail}},
		Failures: []report.Failure{{Position: "room.yaml:4:5", Step: "steps[1]", At: 1205, Verdict: run.Fail, Message: "the room went offline",
			Detail: "  expected: {state: online}\n  nearest:\n        20m10.000s        +10.000s  room disconnect network  ← it should not"}}}
	return r
}

// long is a passing run of so many events, on ten devices.
func long(events int) *recording {
	r := &recording{sum: report.Summary{Scenario: "a long day", File: "day.yaml", Mode: "sim", Verdict: run.Pass, Elapsed: 86400, Events: events}}
	for n := range events {
		at := time.Duration(n) * (24 * time.Hour / time.Duration(events))
		device := fmt.Sprintf("node%d", n%10)
		switch n / 10 % 5 {
		case 0:
			r.at(at, trace.Event{Device: device, Kind: trace.Sensor, Name: "level", Value: float64(n % 977)})
		case 1:
			r.at(at, trace.Event{Device: device, Kind: trace.Pin, Name: "LED", Value: float64(n / 50 % 2)})
		case 2:
			r.at(at, trace.Event{Device: device, Kind: trace.Console, Text: fmt.Sprintf("tick %d of the main loop", n)})
		case 3:
			r.at(at, trace.Event{Device: device, Kind: trace.Deliver, Client: device, Topic: "devices/" + device + "/command", Payload: []byte(`{"on":true}`)})
		default:
			r.at(at, trace.Event{Device: device, Kind: trace.Publish, Client: device, Topic: "devices/" + device + "/level", Payload: fmt.Appendf(nil, `{"seq":%d,"level":%d}`, n, n%977)})
		}
	}
	return r
}

// crowd is a run of a fleet, whose members lose their network for a while.
func crowd(members int) *recording {
	r := &recording{sum: report.Summary{Scenario: "a crowd", File: "crowd.yaml", Mode: "sim", Verdict: run.Pass, Elapsed: 600}}
	name := func(m int) string { return fmt.Sprintf("meters-%04d", m+1) }
	for m := range members {
		r.at(time.Duration(m)*time.Millisecond, trace.Event{Device: name(m), Kind: trace.Connack, Cause: "success"})
	}
	for minute := range 10 {
		for m := range members {
			at := time.Duration(minute)*time.Minute + time.Duration(m)*10*time.Millisecond + time.Second
			switch {
			case minute == 4:
				r.at(at, trace.Event{Device: name(m), Kind: trace.Disconnect, Cause: "network"})
			case minute == 6:
				r.at(at, trace.Event{Device: name(m), Kind: trace.Connack, Cause: "success"})
			default:
				r.at(at, trace.Event{Device: name(m), Kind: trace.Publish, Topic: "devices/" + name(m) + "/reading", Payload: fmt.Appendf(nil, `{"level":%d}`, m)})
			}
		}
	}
	r.sum.Events = len(r.events)
	return r
}

// hostile is a run in which every text tries to become script.
func hostile() *recording {
	const (
		tag   = `</script><script>window.hacked=1</script><!--`
		quote = `" onmouseover="window.hacked=1" x='` + "`${window.hacked=1}`"
		lines = "a\u2028window.hacked=1\u2029\x1b[2J\x00\r\n"
		image = `<img src=x onerror=window.hacked=1>`
	)
	all := tag + quote + lines + image
	r := &recording{source: "scenario: " + all + "\n" + all, sum: report.Summary{Scenario: all, File: all + ".yaml", Mode: all, Verdict: run.Fail, Elapsed: 2, Repeat: all, Digest: all, Reason: all,
		Notes: []string{all}, Failures: []report.Failure{{Position: "room.yaml:1:1", Step: all, Verdict: run.Fail, At: 1, Message: all, Detail: "  expected: " + all + "\n    1.000s  +1.000s  " + all + "  ← " + all}},
		Steps:    []report.Step{{Line: 1, Path: "steps[0]", Text: all, End: 2, Verdict: run.Fail}},
		Measured: []report.Measurement{{Position: "room.yaml:1:1", Name: all, Count: 1, Min: 1, P50: 1, P99: 1, Max: 2, Limits: []string{all}, Missed: []string{all}}},
		Recorded: []report.Record{{Name: all, Value: all}}, Sometimes: []report.Sometimes{{Position: "room.yaml:2:1", Text: all}},
		Sweep: &run.SweepResult{Device: all, Torn: []string{"none"}, Sizes: []int{1}, Runs: 1, Failed: []run.FailedCut{{Cut: run.Cut{Write: 1, Torn: "none"}, Message: all}}}}}
	r.at(0, trace.Event{Kind: trace.Step, Name: "steps[0]", Text: "begin " + all, File: "room.yaml", Line: 1})
	for _, device := range []string{all, "x"} {
		r.at(time.Second, trace.Event{Device: device, Kind: trace.Console, Text: all})
		r.at(time.Second, trace.Event{Device: device, Kind: trace.Pin, Name: all, Value: 1})
		r.at(time.Second, trace.Event{Device: device, Kind: trace.Sensor, Name: all, Value: 1, Text: all})
		r.at(time.Second, trace.Event{Device: device, Kind: trace.Publish, Client: all, Topic: all, Payload: []byte(all)})
		r.at(time.Second+time.Millisecond, trace.Event{Device: device, Kind: trace.Deliver, Client: all, Topic: all, Payload: []byte(all)})
		r.at(time.Second, trace.Event{Device: device, Kind: trace.Fault, Text: all})
	}
	r.at(2*time.Second, trace.Event{Kind: trace.Network, Name: all, Text: all})
	return r
}

func size(t testing.TB, address string) int64 {
	info, err := os.Stat(address[len("file://"):])
	require.NoError(t, err)
	return info.Size()
}

func newReportFailure(message string) report.Failure {
	return report.Failure{Position: "crowd.yaml:1:1", Verdict: run.Fail, Message: message}
}
