package expect_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/expect"
)

const longRun = `steps:
  - {name: begin, power: {t1: on}}
  - expect: {mqtt: devices/t1/telemetry, gapless: seq, count: ">= 1000000", within: 999h}
  - expect: {mqtt: devices/t1/telemetry, json: {seq: "< 100"}, count: ">= 100", since: begin, within: 999h}
  - expect: {mqtt: devices/t1/telemetry, count: "<= 10", since: begin, during: 1s}
  - expect: {console: t1, matches: never, since: begin, within: 1s}
  - expect: {all: [{mqtt: devices/t1/telemetry, json: {seq: 3}}, {pin: t1.HEATER, is: low}], since: begin, within: 1h}
  - expect: {measure: {from: {mqtt: devices/t1/telemetry}, to: {pin: t1.HEATER, is: high}, max: < 1s, count: ">= 100"}, since: begin, within: 1h}
always:
  - {expr: 't1.temperature > 50 ? t1.HEATER == low : true', grace: 2s}
`

// What is judged must not depend on what was forgotten: neither the expectation that was under way all the time, nor
// those that begin late and read from the beginning on, as the horizon promised them.
func TestForgettingChangesNoVerdict(t *testing.T) {
	p := load(t, longRun)
	program := compile(t, p)
	steps := p.Scenario.Steps
	events := dayOfEvents(40_000)
	shuffle := rand.New(rand.NewPCG(1, 2))
	for i := 100; i < len(events); i += 1 + shuffle.IntN(50) {
		events[i].Kind = []trace.Kind{trace.Subscribe, trace.Console, trace.Deliver}[shuffle.IntN(3)] // gaps and other kinds
	}
	play := func(forget bool) (told []string) {
		h := expect.NewHistory(p)
		horizon := 0
		if forget {
			program.Forget(h, func() int { return horizon })
		}
		watch := program.Watch(h)
		window := h.Mark(0, "begin")
		early := program.Begin(&steps[1], h, 0, window)
		var now time.Duration
		for i := range events {
			now = events[i].At
			h.Append(events[i : i+1])
			require.Empty(t, watch.Judge(now))
		}
		tell := func(a *expect.Active) {
			for a.Judge(now) == expect.Pending {
				at, ok := a.Next()
				require.True(t, ok)
				now = at
			}
			f := a.Explain()
			told = append(told, fmt.Sprint(a.Judge(now), a.At(), f.Message))
		}
		for i := 2; i < len(steps); i++ {
			tell(program.Begin(&steps[i], h, now, window))
		}
		horizon = h.Len()
		tell(early)
		return told
	}
	require.Equal(t, play(false), play(true))
}

// A run of a million events takes no more memory than one of a hundred thousand.
func TestMemoryDoesNotGrowWithTheEvents(t *testing.T) {
	p := load(t, longRun)
	program := compile(t, p)
	h := expect.NewHistory(p)
	program.Forget(h, h.Len) // no window reaches back
	watch := program.Watch(h)
	long := program.Begin(&p.Scenario.Steps[1], h, 0, h.Mark(0, "power"))
	day := dayOfEvents(4)
	n := 0
	playTo := func(end int) (live uint64) {
		for ; n < end; n++ {
			e := day[2+n%2]
			e.At = time.Duration(n) * time.Second
			if n%2 == 0 {
				e.Kind, e.Topic, e.Payload = trace.Publish, "devices/t1/telemetry", fmt.Appendf(nil, `{"seq":%d,"temperature":21.50}`, n/2)
			}
			h.Append([]trace.Event{e})
			if long.Judge(e.At) != expect.Pending || watch.Judge(e.At) != nil {
				t.Fatal("judged")
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, after := playTo(100_000), playTo(1_000_000)
	require.Less(t, after, before+1<<20, "bytes that live after 1,000,000 events; after 100,000 there were %d", before)
	runtime.KeepAlive(h)
}
