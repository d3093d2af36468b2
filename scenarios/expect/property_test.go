package expect_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// question is a random expectation, in a form that the oracle understands.
type question struct {
	pin     string // "high" or "low"; "": messages on devices/t1/a
	within  bool
	length  time.Duration
	hold    time.Duration
	not     bool
	count   *lang.Comparison
	gapless bool
	ordered bool
	unique  bool
	start   time.Duration
	from    int // window, as an index of the events
}

type answer struct {
	Verdict expect.Verdict
	At      time.Duration
}

func genEvents(t *rapid.T) []trace.Event {
	events := []trace.Event{{Device: "t1", Kind: trace.Power, Name: "on"}}
	at := time.Duration(0)
	for range rapid.IntRange(0, 25).Draw(t, "events") {
		at += time.Duration(rapid.IntRange(0, 3).Draw(t, "gap")) * time.Second
		e := trace.Event{At: at, Device: "t1", Kind: trace.Pin, Name: "HEATER"}
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			e.Value = 1
		case 1:
		case 2:
			e = trace.Event{At: at, Device: "t1", Kind: trace.Console, Text: "x"}
		default:
			seq := rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6", `"x"`, "null"}[:rapid.SampledFrom([]int{6, 6, 6, 8}).Draw(t, "odd")]).Draw(t, "seq")
			e = trace.Event{At: at, Device: "t1", Kind: trace.Publish, Topic: rapid.SampledFrom([]string{"devices/t1/a", "devices/t1/a", "devices/t1/b"}).Draw(t, "topic"),
				Payload: fmt.Appendf(nil, `{"seq":%s}`, seq)}
		}
		events = append(events, e)
	}
	return events
}

func genQuestion(t *rapid.T, events []trace.Event) question {
	q := question{start: time.Duration(rapid.IntRange(0, 20).Draw(t, "start")) * time.Second, length: time.Duration(rapid.IntRange(1, 15).Draw(t, "length")) * time.Second,
		within: rapid.Bool().Draw(t, "within")}
	known := 0
	for known < len(events) && events[known].At <= q.start {
		known++
	}
	q.from = rapid.IntRange(0, known).Draw(t, "from")
	if rapid.Bool().Draw(t, "state") {
		q.pin = rapid.SampledFrom([]string{"high", "low"}).Draw(t, "level")
		if q.within && rapid.Bool().Draw(t, "for") {
			q.hold = time.Duration(rapid.IntRange(1, 8).Draw(t, "hold")) * time.Second
		}
		q.not = !q.within && rapid.Bool().Draw(t, "not")
		return q
	}
	ops := []string{">=", ">"}
	if !q.within {
		ops = []string{">=", ">", "<", "<=", "==", "!="}
		q.not = rapid.IntRange(0, 3).Draw(t, "not") == 0
	}
	if !q.not {
		if rapid.Bool().Draw(t, "counted") {
			q.count = &lang.Comparison{Op: rapid.SampledFrom(ops).Draw(t, "op"), Value: float64(rapid.IntRange(0, 5).Draw(t, "n"))}
		}
		q.gapless, q.ordered, q.unique = rapid.Bool().Draw(t, "gapless"), rapid.Bool().Draw(t, "ordered"), rapid.Bool().Draw(t, "unique")
	}
	return q
}

func (q question) step() *lang.Step {
	e := &lang.Expect{Not: q.not, Count: q.count}
	if q.pin != "" {
		e.Pin, e.Is = "t1.HEATER", &lang.Scalar{Text: q.pin}
	} else {
		e.MQTT = "devices/t1/a"
	}
	if q.within {
		e.Within = &lang.Duration{Duration: q.length}
	} else {
		e.During = &lang.Duration{Duration: q.length}
	}
	if q.hold > 0 {
		e.For = &lang.Duration{Duration: q.hold}
	}
	if q.gapless {
		e.Gapless = &lang.Gapless{Field: "seq"}
	}
	if q.ordered {
		e.Ordered = "seq"
	}
	if q.unique {
		e.Unique = "seq"
	}
	return &lang.Step{Expect: e}
}

// oracle answers from the definitions, over the whole run at once.
func (q question) oracle(events []trace.Event) answer {
	end := q.start + q.length
	// The instants to look at: the start with all that was before, then each event, then the end.
	known := 0
	for known < len(events) && events[known].At <= q.start {
		known++
	}
	if q.pin != "" {
		return q.oracleState(events, known, end)
	}
	var prefix []trace.Event
	for n := known; n <= len(events); n++ {
		at := q.start
		if n > known {
			if at = events[n-1].At; at > end || !q.within && at == end {
				break
			}
		}
		prefix = events[q.from:n]
		switch {
		case q.not && len(seqs(prefix)) > 0, !q.not && q.lost(prefix):
			return answer{expect.Failed, at}
		case q.within && q.eventsHold(prefix):
			return answer{expect.Passed, at}
		}
	}
	if !q.within && (q.not || q.eventsHold(prefix)) {
		return answer{expect.Passed, end}
	}
	return answer{expect.Failed, end}
}

func seqs(events []trace.Event) []string {
	var out []string
	for _, e := range events {
		if e.Kind == trace.Publish && e.Topic == "devices/t1/a" {
			out = append(out, string(e.Payload[7:len(e.Payload)-1]))
		}
	}
	return out
}

func (q question) eventsHold(prefix []trace.Event) bool {
	values := seqs(prefix)
	if q.lost(prefix) || q.count == nil && len(values) == 0 || q.count != nil && !q.count.Holds(float64(len(values))) {
		return false
	}
	if q.gapless && len(values) > 0 {
		for v := slices.Min(values); v < slices.Max(values); v = string(v[0] + 1) {
			if !slices.Contains(values, v) {
				return false
			}
		}
	}
	return true
}

// lost reports whether no later message can make it hold.
func (q question) lost(prefix []trace.Event) bool {
	values := seqs(prefix)
	n := float64(len(values))
	if c := q.count; c != nil && !q.within {
		for more := n; more < n+10; more++ {
			if c.Holds(more) {
				break
			}
			if more == n+9 {
				return true
			}
		}
	}
	for i, v := range values {
		number := v >= "0" && v <= "9"
		switch {
		case q.gapless && !number, q.ordered && v == "null",
			q.ordered && i > 0 && (number != (values[i-1] >= "0" && values[i-1] <= "9") || v < values[i-1]),
			q.unique && slices.Contains(values[:i], v):
			return true
		}
	}
	return false
}

// oracleState walks over the instants at which the level may change.
func (q question) oracleState(events []trace.Event, known int, end time.Duration) answer {
	type span struct {
		from, to time.Duration
		holds    bool
	}
	high := false
	var spans []span
	for i, e := range events {
		if e.Kind == trace.Pin {
			high = e.Value == 1
		}
		to := time.Duration(math.MaxInt64)
		if i+1 < len(events) {
			to = events[i+1].At
		}
		if i >= known-1 {
			spans = append(spans, span{max(e.At, q.start), to, high == (q.pin == "high")})
		}
	}
	since := time.Duration(-1)
	for _, s := range spans {
		switch {
		case !q.within:
			if s.from < end || s.from == q.start {
				if s.holds == q.not {
					return answer{expect.Failed, s.from}
				}
			}
		case s.holds && since < 0 && s.from <= end:
			since = s.from
		case !s.holds && since >= 0:
			if s.from > end {
				return answer{expect.Failed, s.from}
			}
			since = -1
		}
		if q.within && since >= 0 && since+q.hold <= s.to {
			return answer{expect.Passed, since + q.hold}
		}
	}
	if q.within {
		return answer{expect.Failed, end}
	}
	return answer{expect.Passed, end}
}

// TestAgainstOracle compares the incremental judge with the definitions, however the events are cut into turns
// and however often the judge is asked.
func TestAgainstOracle(t *testing.T) {
	base := load(t, "steps: [{power: {t1: on}}]\n")
	rapid.Check(t, func(t *rapid.T) {
		events := genEvents(t)
		q := genQuestion(t, events)
		want := q.oracle(events)
		for _, whole := range []bool{false, true} {
			require.Equal(t, want, judge(t, base, q, events, whole), "turns of whole instants: %v", whole)
		}
	})
}

func judge(t *rapid.T, base *plan.Plan, q question, events []trace.Event, whole bool) answer {
	scenario := *base.Scenario
	scenario.Steps = []lang.Step{*q.step()}
	p := *base
	p.Scenario = &scenario
	program, faults := expect.Compile(&p)
	require.NoError(t, faults.Err())
	h := expect.NewHistory(&p)
	known := 0
	for known < len(events) && events[known].At <= q.start {
		known++
	}
	h.Append(events[:known])
	now := q.start
	a := program.Begin(&scenario.Steps[0], h, now, expect.Window{From: q.from})
	rest := events[known:]
	for a.Judge(now) == expect.Pending {
		next, ok := a.Next()
		require.True(t, ok)
		require.Greater(t, next, now)
		if rapid.Bool().Draw(t, "look between") {
			between := now + (min(next, firstAt(rest, next))-now)/2
			require.Equal(t, expect.Pending, a.Judge(between))
		}
		if len(rest) == 0 || rest[0].At > next {
			now = next
			continue
		}
		now = rest[0].At
		n := 1
		for whole && n < len(rest) && rest[n].At == now {
			n++
		}
		h.Append(rest[:n])
		rest = rest[n:]
	}
	return answer{a.Judge(now), a.At()}
}

func firstAt(events []trace.Event, otherwise time.Duration) time.Duration {
	if len(events) == 0 {
		return otherwise
	}
	return events[0].At
}
