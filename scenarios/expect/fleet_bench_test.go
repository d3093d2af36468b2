package expect_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/expect"
)

// BenchmarkFleetEvent is the cost of one event of one member, of fleets of 1,000 and of 50,000: it is that of the member that
// changed, whatever the size of the fleet.
func BenchmarkFleetEvent(b *testing.B) {
	for name, judged := range map[string]string{
		"nothing":    "",
		"every":      `  - expect: {mqtt: "devices/{id}/telemetry", of: f, count: ">= 1000000", within: 999h}`,
		"share":      `  - expect: {mqtt: "devices/{id}/telemetry", of: f, json: {seq: -1}, share: ">= 99%", within: 999h}`,
		"gapless":    `  - expect: {mqtt: "devices/{id}/telemetry", of: f, gapless: seq, count: ">= 1000000", within: 999h}`,
		"any":        `  - expect: {mqtt: "devices/{id}/telemetry", of: f, json: {seq: -1}, any: true, within: 999h}`,
		"not":        `  - expect: {mqtt: "devices/{id}/telemetry", of: f, json: {seq: -1}, not: true, during: 999h}`,
		"state":      `  - expect: {pin: f.HEATER, is: low, for: 998h, within: 999h}`,
		"during":     `  - expect: {metric: f.resets, is: 0, during: 999h}`,
		"all":        `  - expect: {expr: 'all(f, .temperature > 1000)', within: 999h}`,
		"count":      `  - expect: {expr: 'count(f, .temperature > 20) < 0', within: 999h}`,
		"sum":        `  - expect: {expr: 'sum(f, .temperature) < -1', within: 999h}`,
		"max":        `  - expect: {expr: 'max(f, .temperature) > 1000', within: 999h}`,
		"percentile": `  - expect: {expr: 'percentile(f, .temperature, 99) > 1000', within: 999h}`,
		"label":      `  - expect: {expr: 'count(f, .site == "oslo" and .temperature > 1000) > 0', within: 999h}`,
		"measure":    `  - expect: {measure: {from: {mqtt: "devices/{id}/telemetry", of: f}, to: {pin: f.HEATER, is: high}, max: < 1ns}, within: 999h}`,
		"always":     "always:\n  - {expr: 'count(f, .temperature > 1000) == 0', grace: 10s}",
		"each":       "always:\n  - {pin: f.HEATER, is: low, grace: 1000h}",
		"never":      "never:\n  - {mqtt: \"devices/{id}/telemetry\", of: f, json: {seq: -1}}",
	} {
		for _, n := range []int{1_000, 50_000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) { benchFleet(b, judged, n) })
		}
	}
}

func benchFleet(b *testing.B, judged string, n int) {
	p := load(b, fmt.Sprintf("scenario: x\ndevices: {f: {kind: kind.yaml, count: %d, labels: {site: {berlin: 50%%, oslo: 50%%}}}}\nsteps:\n  - power: {f: on}\n%s\n", n, judged))
	program := compile(b, p)
	h := expect.NewHistory(p)
	program.Forget(h, h.Len)
	watch := program.Watch(h)
	members := p.Fleets[0].Members
	for _, m := range members {
		h.Append([]trace.Event{{Device: m, Kind: trace.Power, Name: "on"}, {Device: m, Kind: trace.Boot}, {Device: m, Kind: trace.Memory, Count: 100}})
	}
	var a *expect.Active
	if len(p.Scenario.Steps) > 1 {
		a = program.Begin(&p.Scenario.Steps[1], h, 0, h.Mark(0, "power"))
	}
	at := time.Duration(0)
	seq := 0
	event := func() []trace.Event {
		m := members[seq*7919%n] // each in turn, as in no order
		e := trace.Event{At: at, Device: m, Kind: trace.Publish, Topic: "devices/" + m + "/telemetry", Payload: fmt.Appendf(nil, `{"seq":%d}`, seq/n)}
		switch seq / n % 3 {
		case 1:
			e = trace.Event{At: at, Device: m, Kind: trace.Sensor, Name: "temperature", Value: float64(seq % 50)}
		case 2:
			e = trace.Event{At: at, Device: m, Kind: trace.Pin, Name: "HEATER", Value: float64(seq / n / 3 % 2)}
		}
		at += time.Millisecond
		seq++
		return []trace.Event{e}
	}
	step := func() {
		h.Append(event())
		if a != nil && a.Judge(at) != expect.Pending || watch.Judge(at) != nil {
			b.Fatal("judged")
		}
		if a != nil {
			a.Next()
		}
		watch.Next()
	}
	for range 3 * n { // each kind of event of each member once
		step()
	}
	before := processorTime(b)
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// processorTime is what the process took so far, which other load on the machine changes less than the wall clock.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
