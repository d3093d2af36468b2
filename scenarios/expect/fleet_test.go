package expect_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

func TestFleetExpressionFaults(t *testing.T) {
	for source, want := range map[string]string{
		`all(f, .heap < 48*KiB)`:                           "",
		`any(f, .site == "berlin" and .HEATER == high)`:    "",
		`percentile(f, .heap, 99.9) < 3 and len(f) == 3`:   "",
		`sum(devices["g-1"], .resets) == 0`:                "",
		`devices["g-1"][2].powered and f[3].uptime > 2`:    "",
		`mean(f, .heap > 3 ? .heap : t1.temperature) > 3`:  "",
		`all(f, any([1, 2], # > 3) or .powered)`:           "",
		`count(f, let x = .heap; x > 3) == 1`:              "",
		`all(f, .haep < 3)`:                                `test.yaml:9:20: always[0].expr: f has no pin, sensor or metric haep; did you mean "heap"?`,
		`all(f, .HEATER == "hihg")`:                        `test.yaml:9:30: always[0].expr: a pin is high or low, never "hihg"; did you mean "high"?`,
		`all(f, .HEATER > 3)`:                              `test.yaml:9:27: always[0].expr: invalid operation: > (mismatched types string and int)`,
		`all(f, .temperature)`:                             `test.yaml:9:19: always[0].expr: of a member all needs a condition`,
		`mean(f, .powered) > 3`:                            `test.yaml:9:20: always[0].expr: of a member mean needs a number`,
		`mean(f, .cause) > 3`:                              `test.yaml:9:20: always[0].expr: of a member mean needs a number`,
		`all(f, t1.powered)`:                               `test.yaml:9:19: always[0].expr: all reads nothing of the members; a member's value begins with a dot: all(fleet, .heap > 1000)`,
		`all(f, # == 3)`:                                   `test.yaml:9:19: always[0].expr: a member of a fleet is a device, not a value; name a pin, a sensor, a metric or a label of it, as in .powered`,
		`f > 3`:                                            `test.yaml:9:12: always[0].expr: f is a fleet, not a value; as in all(f, .heap == 1) or f[1].heap`,
		`f.heap > 3`:                                       `test.yaml:9:14: always[0].expr: f is a fleet, not a value; as in all(f, .heap == 1) or f[1].heap`,
		`f[4].heap > 3`:                                    `test.yaml:9:14: always[0].expr: the fleet f has no member 4; from 1 to 3`,
		`f[0].heap > 3`:                                    `test.yaml:9:14: always[0].expr: the fleet f has no member 0; from 1 to 3`,
		`len(filter(f, .heap > 3)) == 1`:                   `test.yaml:9:16: always[0].expr: filter does not go with a fleet alone; as in all(fleet, .heap > 1000); there are all, any, none, count, sum, mean, min, max, percentile and len`,
		`percentile(f, .heap) > 3`:                         `test.yaml:9:12: always[0].expr: percentile needs a number above 0, up to 100, at its end; as in percentile(fleet, .heap, 99)`,
		`percentile(f, .heap, 101) > 3`:                    `test.yaml:9:12: always[0].expr: percentile needs a number above 0, up to 100, at its end; as in percentile(fleet, .heap, 99)`,
		`let x = t1.temperature; all(f, .temperature < x)`: `test.yaml:9:58: always[0].expr: there is no x`,
		`percentile(t1, .heap, 3) > 3`:                     `test.yaml:9:27: always[0].expr: unexpected token Operator(".")`,
	} {
		t.Run(source, func(t *testing.T) {
			p := load(t, "scenario: x\ndevices: {t1: {kind: kind.yaml}, f: {kind: kind.yaml, count: 3, labels: {site: berlin}}, g-1: {kind: kind.yaml, count: 2}}\nsteps: [{power: {t1: on}}]\n")
			at := diag.Position{File: "test.yaml", Line: 9, Col: 12}
			p.Scenario.Always = []lang.Invariant{{Expect: lang.Expect{Pos: at, Expr: &lang.Expr{Source: source, Pos: at}}}}
			_, faults := expect.Compile(p)
			if want == "" {
				require.NoError(t, faults.Err())
				return
			}
			require.ErrorContains(t, faults.Err(), want)
		})
	}
}

func TestFleetFaults(t *testing.T) {
	for source, want := range map[string]string{
		`steps: [{power: {t1: on}}, {expect: {pin: t1.HEATER, is: low, any: true}}]`:                        "steps[1].expect.any: t1 is one device: any is for fleets",
		`steps: [{power: {t1: on}}, {expect: {event: boot, share: "> 3%", within: 1s}}]`:                    "share and any need device, which names a fleet",
		`steps: [{power: {t1: on}}, {expect: {mqtt: x, share: "> 3%", within: 1s}}]`:                        "share and any need of, which names a fleet",
		`steps: [{power: {t1: on}}, {measure: {from: {console: f}, to: {console: t1}, within: 1s}}]`:        "steps[1].measure: from is of the fleet f, to of no fleet",
		"steps: [{power: {t1: on}}]\nalways: [{any: [{pin: f.HEATER, is: low}, {pin: g.HEATER, is: low}]}]": "always[0]: f and g are two fleets: an invariant stands for each member of one",
	} {
		p := load(t, "scenario: x\ndevices: {t1: {kind: kind.yaml}, f: {kind: kind.yaml, count: 3}, g: {kind: kind.yaml, count: 2}}\n"+source+"\n")
		_, faults := expect.Compile(p)
		require.ErrorContains(t, faults.Err(), want)
	}
}

// fleetPlan has a fleet of n and one expectation, or invariant.
func fleetPlan(t testing.TB, n int, rest string) *plan.Plan {
	return load(t, fmt.Sprintf("scenario: x\ndevices: {f: {kind: kind.yaml, count: %d}}\n%s\n", n, rest))
}

// TestFleetAgreesWithItsMembers holds an expectation over a fleet against the same thing written out: one for each
// member in an all, or in an any; and functions over a fleet against what they stand for.
func TestFleetAgreesWithItsMembers(t *testing.T) {
	const n = 3
	pairs := [][2]string{
		{"{pin: f.HEATER, is: high, within: 10s}", "{all: [{pin: f-0001.HEATER, is: high}, {pin: f-0002.HEATER, is: high}, {pin: f-0003.HEATER, is: high}], within: 10s}"},
		{"{pin: f.HEATER, is: high, any: true, within: 10s, for: 2s}", "{any: [{pin: f-0001.HEATER, is: high}, {pin: f-0002.HEATER, is: high}, {pin: f-0003.HEATER, is: high}], within: 10s, for: 2s}"},
		{"{pin: f.HEATER, is: low, during: 8s}", "{all: [{pin: f-0001.HEATER, is: low}, {pin: f-0002.HEATER, is: low}, {pin: f-0003.HEATER, is: low}], during: 8s}"},
		{"{pin: f.HEATER, is: high, not: true, during: 8s}", "{any: [{pin: f-0001.HEATER, is: high}, {pin: f-0002.HEATER, is: high}, {pin: f-0003.HEATER, is: high}], not: true, during: 8s}"},
		{"{console: f, matches: a, within: 10s}", "{all: [{console: f-0001, matches: a}, {console: f-0002, matches: a}, {console: f-0003, matches: a}], within: 10s}"},
		{"{console: f, matches: a, any: true, within: 10s}", "{any: [{console: f-0001, matches: a}, {console: f-0002, matches: a}, {console: f-0003, matches: a}], within: 10s}"},
		{"{console: f, matches: a, share: \">= 100%\", during: 10s}", "{all: [{console: f-0001, matches: a}, {console: f-0002, matches: a}, {console: f-0003, matches: a}], during: 10s}"},
		{"{expr: 'all(f, .temperature > 2)', within: 10s}", "{expr: 'f[1].temperature > 2 and f[2].temperature > 2 and f[3].temperature > 2', within: 10s}"},
		{"{expr: 'count(f, .HEATER == high) == 2', within: 10s}", "{expr: '(f[1].HEATER == high ? 1 : 0) + (f[2].HEATER == high ? 1 : 0) + (f[3].HEATER == high ? 1 : 0) == 2', within: 10s}"},
		{"{expr: 'sum(f, .temperature) > 9 or max(f, .temperature) < 1', within: 10s}", "{expr: 'f[1].temperature + f[2].temperature + f[3].temperature > 9 or max(f[1].temperature, f[2].temperature, f[3].temperature) < 1', within: 10s}"},
	}
	rapid.Check(t, func(r *rapid.T) {
		pair := rapid.SampledFrom(pairs).Draw(r, "pair")
		events := []trace.Event{}
		for i := range n {
			events = append(events, trace.Event{Device: plan.MemberName("f", i+1, n), Kind: trace.Power, Name: "on"})
		}
		at := time.Millisecond
		for range rapid.IntRange(0, 25).Draw(r, "events") {
			at += time.Duration(rapid.IntRange(0, 3000).Draw(r, "gap")) * time.Millisecond
			e := trace.Event{At: at, Device: plan.MemberName("f", rapid.IntRange(1, n).Draw(r, "member"), n)}
			switch rapid.IntRange(0, 2).Draw(r, "kind") {
			case 0:
				e.Kind, e.Name, e.Value = trace.Pin, "HEATER", float64(rapid.IntRange(0, 1).Draw(r, "level"))
			case 1:
				e.Kind, e.Text = trace.Console, rapid.SampledFrom([]string{"a", "b"}).Draw(r, "line")
			default:
				e.Kind, e.Name, e.Value = trace.Sensor, "temperature", float64(rapid.IntRange(0, 5).Draw(r, "value"))
			}
			events = append(events, e)
		}
		verdict := func(expectation string) string {
			p := fleetPlan(t, n, "steps: [{power: {f: on}}, {wait: 1ms}, {expect: "+expectation+"}]")
			return firstLines(play(t, p, events))
		}
		require.Equal(t, verdict(pair[1]), verdict(pair[0]), "%s\n%s", pair[0], pair[1])
	})
}

// firstLines leaves the reasons out.
func firstLines(log string) string {
	if i := len(log); i > 0 {
		for j, c := range log {
			if c == '\n' {
				return log[:j]
			}
		}
	}
	return log
}

// BenchmarkFleet appends events of a fleet of 1,000 under an expectation and two invariants: a figure an event.
func BenchmarkFleet(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := fleetPlan(b, n, `steps: [{power: {f: on}}, {expect: {mqtt: "devices/{id}/t", of: f, count: ">= 1000000", within: 36000d}}]
always: [{expr: 'all(f, .temperature < 100)'}, {metric: f.resets, is: 0}, {expr: 'count(f, .HEATER == high) >= 0'}]
never: [{console: f, matches: panic}]`)
			program := compile(b, p)
			h := expect.NewHistory(p)
			program.Watch(h)
			names := p.Members("f")
			var on []trace.Event
			for _, name := range names {
				on = append(on, trace.Event{Device: name, Kind: trace.Power, Name: "on"})
			}
			h.Append(on)
			program.Begin(&p.Scenario.Steps[1], h, 0, h.Mark(0, ""))
			topics := make([]string, n)
			for i, name := range names {
				topics[i] = "devices/" + name + "/t"
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				e := trace.Event{At: time.Duration(i), Device: names[i%n]}
				if i%2 == 0 {
					e.Kind, e.Topic, e.Payload = trace.Publish, topics[i%n], []byte(`{"seq":1}`)
				} else {
					e.Kind, e.Name, e.Value = trace.Sensor, "temperature", float64(i%50)
				}
				h.Append([]trace.Event{e})
				i++
			}
		})
	}
}
