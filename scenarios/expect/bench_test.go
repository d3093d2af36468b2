package expect_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/expect"
)

// dayOfEvents is about what a thermostat does in a day, n events long.
func dayOfEvents(n int) []trace.Event {
	events := []trace.Event{{Device: "t1", Kind: trace.Power, Name: "on"}, {Device: "t1", Kind: trace.Boot, Cause: "power"}}
	for i := len(events); i < n; i++ {
		e := trace.Event{At: time.Duration(i) * time.Second, Device: "t1"}
		switch i % 4 {
		case 0:
			e.Kind, e.Topic, e.Payload = trace.Publish, "devices/t1/telemetry", fmt.Appendf(nil, `{"seq":%d,"temperature":21.50,"heater":false,"uptime":%d}`, i/4, i)
		case 1:
			e.Kind, e.Name, e.Value = trace.Sensor, "temperature", float64(i%300)/10
		case 2:
			e.Kind, e.Name, e.Value = trace.Pin, "HEATER", float64(i/4%2)
		case 3:
			e.Kind, e.Topic = trace.Deliver, "devices/t1/telemetry"
		}
		events = append(events, e)
	}
	return events
}

// BenchmarkDay judges a day of 100,000 events with one expectation over all of it and three invariants.
func BenchmarkDay(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := load(b, `steps:
  - power: {t1: on}
  - expect: {mqtt: devices/t1/telemetry, gapless: seq, count: ">= 1000000", within: 999h}
always:
  - {expr: 't1.temperature > 50 ? t1.HEATER == low : true', grace: 2s}
never:
  - {console: t1, matches: 'panic'}
  - {mqtt: devices/t1/telemetry, json: {temperature: "> 90"}}
`)
			program := compile(b, p)
			events := dayOfEvents(n)
			b.ReportAllocs()
			for b.Loop() {
				h := expect.NewHistory(p)
				program.Forget(h, h.Len)
				watch := program.Watch(h)
				a := program.Begin(&p.Scenario.Steps[1], h, 0, h.Mark(0, "power"))
				for i := range events {
					h.Append(events[i : i+1])
					if a.Judge(events[i].At) != expect.Pending || watch.Judge(events[i].At) != nil {
						b.Fatal("judged")
					}
					a.Next()
					watch.Next()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/event")
		})
	}
}

// FuzzExpression compiles and evaluates what is thrown at it.
func FuzzExpression(f *testing.F) {
	for _, source := range []string{`t1.HEATER == low`, `devices["t-2"].powered && m.uptime > 2*h`, `t1.mode > 3`, `let x = t1.heap; x`, `t1.temperature in 1..3`,
		`t1?.HEATER ?? 3`, `{"a": t1.powered}.a`, `filter([1, 2], # > t1.heap)[0] > 1`, "t1.mode matches '('"} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		p := exprPlan(t, source)
		program, faults := expect.Compile(p)
		if len(faults) > 0 {
			for _, fault := range faults {
				require.NotEmpty(t, fault.Message)
			}
			return
		}
		h := expect.NewHistory(p)
		watch := program.Watch(h)
		h.Append(parseTrace(t, "0s t1 power on\n0s t-2 power on\n0s m power on\n1s t1 boot power\n2s t1 publish devices/t1/diag {\"heap\":5,\"mode\":\"eco\"}\n3s t1 console reset=power boot #3\n"))
		for _, f := range append(watch.Judge(3*time.Second), watch.Finish(4*time.Second)...) {
			require.NotEmpty(t, f.String())
		}
	})
}
