package expect

import (
	"fmt"
	"slices"
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

// sample is one measured time.
type sample struct {
	took     time.Duration
	from, to int // events
}

// start is a measurement that has not ended.
type start struct {
	event int
	at    time.Duration
}

// meter measures.
type meter struct {
	rule    *measureRule
	sorted  bool // the samples are kept sorted: they are looked at all the time
	waiting map[string][]start
	order   []string // keys, in the order of their first start
	open    int
	begun   int
	lost    int
	late    []sample // what ended after the timeout
	samples []sample
	noField int // messages without the field `by`
}

func newMeter(rule *measureRule, sorted bool) *meter {
	return &meter{rule: rule, sorted: sorted, waiting: map[string][]start{}}
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
			if _, known := m.waiting[key]; !known {
				m.order = append(m.order, key)
			}
			m.waiting[key] = append(m.waiting[key], start{i, h.at(i).At})
			m.open++
			m.begun++
		}
	}
}

// key says which beginnings and ends belong together.
func (m *meter) key(h *History, l *eventLeaf, i int) (string, bool) {
	key := ""
	if l.members != nil {
		key = fmt.Sprint(l.members.of(h, h.at(i)))
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
		s := sample{at - queue[0].at, queue[0].event, i}
		queue = queue[1:]
		m.open--
		if m.rule.timeout == 0 || s.took <= m.rule.timeout {
			m.take(s)
			break
		}
		m.lost++ // nobody waits that long: the end is that of a later one
		m.late = append(m.late, s)
	}
	m.waiting[key] = queue
}

func bySize(a, b sample) int {
	return int(min(1, max(-1, a.took-b.took)))
}

func (m *meter) take(s sample) {
	if !m.sorted {
		m.samples = append(m.samples, s)
		return
	}
	at, _ := slices.BinarySearchFunc(m.samples, s, bySize)
	m.samples = slices.Insert(m.samples, at, s)
}

// measurement is the distribution so far. At the end what is still open is lost.
func (m *meter) measurement(end bool) Measurement {
	r := Measurement{Count: len(m.samples), Lost: m.lost, Pos: m.rule.source.Pos}
	if end {
		r.Lost += m.open
	}
	if r.Count == 0 {
		return r
	}
	if !m.sorted {
		slices.SortStableFunc(m.samples, bySize)
	}
	rank := func(q float64) time.Duration { return nearestRank(m.samples, q).took }
	var sum float64
	for _, s := range m.samples {
		sum += float64(s.took)
	}
	r.Mean = time.Duration(sum / float64(r.Count))
	r.Min, r.P50, r.P90, r.P95, r.P99, r.P999, r.Max = rank(0), rank(0.5), rank(0.9), rank(0.95), rank(0.99), rank(0.999), rank(1)
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
	if count := m.rule.source.Count; count != nil && !count.Holds(float64(len(m.samples))) || count == nil && len(m.samples) == 0 {
		return false
	}
	return len(m.judged(end).Missed) == 0
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

// worst shows the longest measurements, and the first that are lost.
func (m *meter) worst(h *History) []Near {
	var near []Near
	m.measurement(true)
	for i := len(m.samples) - 1; i >= 0 && len(near) < most; i-- {
		s := m.samples[i]
		near = append(near, Near{At: h.at(s.from).At, What: eventText(h.at(s.from)), Why: "took " + s.took.String()})
	}
	lost := 0
	for _, key := range m.order {
		for _, s := range m.waiting[key] {
			if lost++; lost <= most {
				near = append(near, Near{At: s.at, What: eventText(h.at(s.event)), Why: "lost"})
			}
		}
	}
	for i, s := range m.late {
		if i < most {
			near = append(near, Near{At: h.at(s.from).At, What: eventText(h.at(s.from)), Why: "lost: nothing came within " + length(m.rule.timeout)})
		}
	}
	slices.SortStableFunc(near, func(a, b Near) int { return int(min(1, max(-1, a.At-b.At))) })
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
