package expect

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// measureRule is a compiled measure.
type measureRule struct {
	source  *lang.Measure
	root    *node // any of the two
	from    *eventLeaf
	to      *eventLeaf
	timeout time.Duration // 0: none
}

// measure compiles a measure. Its root is nil where something is wrong.
func (c *programCompiler) measure(e *lang.Expect, path string) *measureRule {
	m := e.Measure
	r := &measureRule{source: m}
	if !strings.HasSuffix(path, ".measure") {
		path += ".measure"
	}
	if m.Timeout != nil {
		r.timeout = m.Timeout.Duration
	}
	root := &node{id: c.ids, op: opAny, source: e}
	c.ids++
	for _, end := range []struct {
		name   string
		expect *lang.Expect
		leaf   **eventLeaf
	}{{"from", m.From, &r.from}, {"to", m.To, &r.to}} {
		if end.expect == nil {
			return r
		}
		n := c.edge(end.expect, path+"."+end.name)
		if n == nil {
			return r
		}
		*end.leaf = n.event
		root.members = append(root.members, n)
		root.devices = union(root.devices, n.devices)
	}
	if a, b := fleetName(r.from), fleetName(r.to); a != b {
		c.faults.Add(m.Pos, path, fmt.Sprintf("from is of %s, to of %s: what is measured for each member begins and ends at that member", a, b), "")
		return r
	}
	r.root = root
	return r
}

func fleetName(l *eventLeaf) string {
	if l.members == nil {
		return "no fleet"
	}
	return "the fleet " + l.members.name
}

// edge compiles a condition as something that happens: of a pin, that it comes to a level.
func (c *programCompiler) edge(e *lang.Expect, path string) *node {
	if e.Subject() != "pin" {
		n := c.node(e, path)
		if n == nil || n.op != opEvent {
			return nil
		}
		return n
	}
	n := &node{id: c.ids, source: e}
	c.ids++
	name, pin, _ := plan.Split(e.Pin)
	s, ok := c.subject(e, name, path)
	if !ok || e.Is == nil {
		return nil
	}
	level := 0.0
	if e.Is.Text == levelHigh {
		level = 1
	}
	n.eventOf(s, &eventLeaf{kind: trace.Pin, name: pin, value: &lang.Comparison{Op: "==", Value: level}})
	return n
}

// Measurement is a distribution of times.
type Measurement struct {
	Name    string // of the step; may be empty
	Path    string // as in steps[3].measure
	Pos     diag.Position
	Count   int
	Lost    int // begun, and without an end
	Min     time.Duration
	Mean    time.Duration
	P50     time.Duration
	P90     time.Duration
	P95     time.Duration
	P99     time.Duration
	P999    time.Duration
	Max     time.Duration
	Limits  []string // those that are asked for, as in "p99 <= 250ms"
	Missed  []string // those of them that do not hold
	Elapsed time.Duration
}

// sample is one measured time that a failure may show.
type sample struct {
	took time.Duration
	from trace.Event
}

// start is a measurement that has not ended.
type start struct {
	event int
	at    time.Duration
}

// meter measures. It keeps a length for each time that it measured, and more of the few that a failure shows.
type meter struct {
	rule    *measureRule
	waiting map[string][]start
	open    int
	begun   int
	lost    int
	times   sorted[time.Duration]
	sum     float64
	worst   []sample // the longest, the longest last; of equal ones the later
	late    []sample // the first that ended after the timeout
	noField int      // messages without the field `by`
	changed bool     // since it was last judged
	met     bool     // when it was last judged
}

func newMeter(rule *measureRule) *meter {
	return &meter{rule: rule, waiting: map[string][]start{}, changed: true}
}

// add takes the event at index i in, first as an end, then as a beginning; begins says whether it may be one.
func (m *meter) add(h *History, i int, begins bool) {
	if m.rule.to.matches(h, i) {
		if key, ok := m.key(h, m.rule.to, i); ok {
			m.end(h, key, i)
		}
	}
	if begins && m.rule.from.matches(h, i) {
		if key, ok := m.key(h, m.rule.from, i); ok {
			m.waiting[key] = append(m.waiting[key], start{i, h.at(i).At})
			m.open++
			m.begun++
			m.changed = true
		}
	}
}

// key says which beginnings and ends belong together.
func (m *meter) key(h *History, l *eventLeaf, i int) (string, bool) {
	key := ""
	if l.members != nil {
		key = strconv.Itoa(l.members.of(h, h.at(i)))
	}
	if m.rule.source.By == "" {
		return key, true
	}
	body, ok := h.decode(i)
	value, found := any(nil), false
	if ok {
		value, found = lookup(body, m.rule.source.By)
	}
	if !found {
		m.noField++
		return "", false
	}
	return key + "|" + jsonText(value), true
}

func (m *meter) end(h *History, key string, i int) {
	at := h.at(i).At
	queue := m.waiting[key]
	for len(queue) > 0 {
		took, from := at-queue[0].at, queue[0]
		queue = queue[1:]
		m.open--
		m.changed = true
		if m.rule.timeout == 0 || took <= m.rule.timeout {
			m.take(h, took, from)
			break
		}
		m.lost++ // nobody waits that long: the end is that of a later one
		if len(m.late) < most {
			m.late = append(m.late, sample{took, h.shown(from)})
		}
	}
	if m.waiting[key] = queue; len(queue) == 0 {
		delete(m.waiting, key)
	}
}

func (m *meter) take(h *History, took time.Duration, from start) {
	m.times.add(took)
	m.sum += float64(took)
	if len(m.worst) == most && took < m.worst[0].took {
		return
	}
	at := len(m.worst)
	for at > 0 && took < m.worst[at-1].took {
		at--
	}
	m.worst = slices.Insert(m.worst, at, sample{took, h.shown(from)})
	m.worst = m.worst[max(0, len(m.worst)-most):]
}

// shown returns the event that began a measurement, for a failure; of a forgotten one only when it was.
func (h *History) shown(s start) trace.Event {
	e := *h.at(s.event)
	e.At = s.at
	return e
}

// measurement is the distribution so far. At the end what is still open is lost.
func (m *meter) measurement(end bool) Measurement {
	r := Measurement{Count: m.times.n, Lost: m.lost, Pos: m.rule.source.Pos}
	if end {
		r.Lost += m.open
	}
	if r.Count == 0 {
		return r
	}
	r.Mean = time.Duration(m.sum / float64(r.Count))
	for _, p := range []struct {
		to    *time.Duration
		share float64
	}{{&r.Min, 0}, {&r.P50, 0.5}, {&r.P90, 0.9}, {&r.P95, 0.95}, {&r.P99, 0.99}, {&r.P999, 0.999}, {&r.Max, 1}} {
		*p.to = m.times.at(rankOf(r.Count, p.share))
	}
	return r
}

// judged is the measurement with what of its limits does not hold.
func (m *meter) judged(end bool) Measurement {
	r := m.measurement(end)
	limit := func(text string, holds bool, got string) {
		r.Limits = append(r.Limits, text)
		if !holds {
			r.Missed = append(r.Missed, got+", "+text[strings.IndexByte(text, ' ')+1:]+" wanted")
		}
	}
	values := map[string]time.Duration{"min": r.Min, "mean": r.Mean, "p50": r.P50, "p90": r.P90, "p95": r.P95, "p99": r.P99, "p999": r.P999, "max": r.Max}
	for _, l := range m.rule.source.Limits() {
		if l.Value != nil && r.Count > 0 {
			limit(fmt.Sprintf("%s %s %s", l.Name, l.Value.Op, length(l.Value.Limit)), l.Value.Holds(values[l.Name]), l.Name+" is "+values[l.Name].String())
		}
	}
	count := m.rule.source.Count
	if count == nil {
		count = &lang.Comparison{Op: ">=", Value: 1}
	}
	if !count.Holds(float64(r.Count)) || m.rule.source.Count != nil {
		limit("count "+comparisonText(count), count.Holds(float64(r.Count)), plural(r.Count, "time was", "times were")+" measured")
	}
	lost := m.rule.source.Lost
	if lost == nil {
		lost = &lang.Lost{Op: "=="}
	}
	if holds := lost.Holds(r.Lost, r.Count+r.Lost); !holds || m.rule.source.Lost != nil {
		limit("lost "+lostText(lost), holds, fmt.Sprintf("%d of %d are lost", r.Lost, r.Count+r.Lost))
	}
	return r
}

// holds reports whether all limits do.
func (m *meter) holds(_ time.Duration, end bool) bool {
	if count := m.rule.source.Count; count != nil && !count.Holds(float64(m.times.n)) || count == nil && m.times.n == 0 {
		return false
	}
	if m.changed || end {
		m.changed, m.met = false, len(m.judged(end).Missed) == 0
	}
	return m.met
}

// shortfall says which limits do not hold.
func (m *meter) shortfall(time.Duration) string {
	text := strings.Join(m.judged(true).Missed, "; ")
	if m.begun == 0 {
		text += ": no " + m.rule.from.noun() + " to begin with"
	}
	if m.noField > 0 {
		text += fmt.Sprintf("; %s had no field %s", plural(m.noField, "message", "messages"), m.rule.source.By)
	}
	return text
}

// nearest shows the longest measurements, and the first that are lost.
func (m *meter) nearest(h *History) []Near {
	var near []Near
	for _, s := range m.worst {
		near = append(near, Near{At: s.from.At, What: happened(&s.from), Why: "took " + s.took.String()})
	}
	slices.Reverse(near)
	var open []start
	for _, starts := range m.waiting {
		open = append(open, starts...)
	}
	slices.SortFunc(open, func(a, b start) int { return cmp.Compare(a.event, b.event) })
	for _, s := range open[:min(len(open), most)] {
		e := h.shown(s)
		near = append(near, Near{At: s.at, What: happened(&e), Why: "lost"})
	}
	for _, s := range m.late {
		near = append(near, Near{At: s.from.At, What: happened(&s.from), Why: "lost: nothing came within " + length(m.rule.timeout)})
	}
	slices.SortStableFunc(near, func(a, b Near) int { return cmp.Compare(a.At, b.At) })
	return near
}

// waitsForEnds reports whether the window is over, but ends of what began in it are still waited for.
func (a *Active) waitsForEnds(now time.Duration) bool {
	return a.meter != nil && now >= a.end && a.meter.open > 0 && now < a.end+a.x.measure.timeout
}

// Measurement returns what a measure came to; ok is false for any other expectation.
func (a *Active) Measurement() (m Measurement, ok bool) {
	if a.meter == nil {
		return Measurement{}, false
	}
	m = a.meter.judged(a.verdict != Passed || a.x.temporal == judgeDuring)
	m.Name, m.Path, m.Elapsed = a.step.Name, a.x.path, a.at-a.start
	return m, true
}
