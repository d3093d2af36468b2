package expect

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// op is what a node of a compiled condition is.
type op byte

const (
	opEvent op = iota // something that happens
	opState           // something that is so for a while
	opAll
	opAny
)

// node is a compiled condition: a leaf, or all or any of others. It is immutable.
type node struct {
	id      int // index into the slots of whoever judges it
	op      op
	source  *lang.Expect
	members []*node
	state   bool  // every leaf is a state
	devices []int // those it is about, by index, each once, sorted; for a topic those that may publish it
	uptime  []int // those whose uptime it reads
	event   *eventLeaf
	is      *stateLeaf
}

// eventLeaf matches events.
type eventLeaf struct {
	kind    trace.Kind
	device  string // "": any
	filter  *topicFilter
	cause   string
	json    *pattern
	exact   bool
	payload *string
	retain  *bool
	qos     *int
	pattern *lang.Regexp
}

// subject reports whether the event is of what the leaf is about, whatever else it asks for.
func (l *eventLeaf) subject(e *trace.Event) bool {
	return e.Kind == l.kind && (l.device == "" || e.Device == l.device) &&
		(l.filter == nil || l.filter.matches(e.Topic))
}

// matches reports whether the event at index i is what the leaf asks for.
func (l *eventLeaf) matches(h *History, i int) bool {
	e := h.at(i)
	return l.subject(e) && l.difference(h, i, false) == nil
}

// difference says why an event of the leaf's subject is not what it asks for; nil: it is.
func (l *eventLeaf) difference(h *History, i int, explain bool) fmt.Stringer {
	e := h.at(i)
	switch {
	case l.cause != "" && e.Cause != l.cause:
		return lazily(explain, "cause is %q, not %q", e.Cause, l.cause)
	case l.retain != nil && e.Retain != *l.retain:
		if *l.retain {
			return phrase("not retained")
		}
		return phrase("retained")
	case l.qos != nil && int(e.QoS) != *l.qos:
		return lazily(explain, "QoS %d, not %d", e.QoS, *l.qos)
	case l.payload != nil && string(e.Payload) != *l.payload:
		return lazily(explain, "payload is %q, not %q", shorten(string(e.Payload), 60), *l.payload)
	case l.pattern != nil && !l.pattern.MatchString(l.text(e)):
		return lazily(explain, "does not match %s", l.pattern)
	}
	if l.json == nil {
		return nil
	}
	body, ok := h.decode(i)
	if !ok {
		return phrase("payload is not JSON")
	}
	if m := l.json.match(body, l.exact); m != nil {
		return m
	}
	return nil
}

// text is what `matches` looks at.
func (l *eventLeaf) text(e *trace.Event) string {
	switch {
	case l.filter != nil:
		return string(e.Payload)
	case e.Text == "" && e.Kind != trace.Console:
		return e.Name
	}
	return e.Text
}

// phrase is text that is its own reason.
type phrase string

func (p phrase) String() string { return string(p) }

// lazily formats only where somebody will read it.
func lazily(explain bool, format string, args ...any) fmt.Stringer {
	if !explain {
		return phrase(format)
	}
	return phrase(fmt.Sprintf(format, args...))
}

// stateLeaf is a condition on the present state.
type stateLeaf struct {
	key     string // pin or metric
	text    string // as written: t1.HEATER
	uptime  int    // index of the device whose built-in uptime key is; -1: none
	level   string // pin
	compare *lang.Comparison
	literal *string // metric: nil without `is`
	expr    *expression
}

// holds reports whether the state is so. The error says why that cannot be known, as in expression.eval.
func (l *stateLeaf) holds(h *History, now time.Duration) (bool, error) {
	if l.expr != nil {
		return l.expr.eval(h, now)
	}
	if l.uptime >= 0 {
		h.refreshUptime(h.devices[l.uptime], now)
	}
	v, ok := h.values[l.key]
	if !ok {
		return false, errNotSeen{l.text}
	}
	switch {
	case l.level != "":
		return v == l.level, nil
	case l.compare != nil:
		n, ok := number(v)
		return ok && l.compare.Holds(n), nil
	case l.literal != nil:
		return equalsText(v, *l.literal), nil
	}
	return true, nil
}

// describe renders the present state, for a message.
func (l *stateLeaf) describe(h *History, now time.Duration) string {
	if l.expr != nil {
		return l.expr.values(h, now)
	}
	if l.uptime >= 0 {
		h.refreshUptime(h.devices[l.uptime], now)
	}
	v, ok := h.values[l.key]
	if !ok {
		return l.text + " was not seen yet"
	}
	return l.text + " is " + formatValue(v)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil
	}
	return 0, false
}

// equalsText compares a metric with a literal of the scenario: as numbers where both are, else as text.
func equalsText(v any, literal string) bool {
	if b, ok := v.(bool); ok {
		return strconv.FormatBool(b) == literal
	}
	if a, ok := number(v); ok {
		if b, err := strconv.ParseFloat(literal, 64); err == nil {
			return a == b
		}
	}
	return v == literal
}

func formatValue(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		if v == levelHigh || v == levelLow {
			return v
		}
		return strconv.Quote(shorten(v, 60))
	}
	return fmt.Sprint(v)
}

// walk calls f for the node and all below it.
func (n *node) walk(f func(*node)) {
	f(n)
	for _, m := range n.members {
		m.walk(f)
	}
}

// union merges lists into a sorted one that has everything once.
func union[T cmp.Ordered](lists ...[]T) []T {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// names joins the names of devices.
func (h *History) names(devices []int) string {
	names := make([]string, len(devices))
	for i, d := range devices {
		names[i] = h.devices[d].name
	}
	return strings.Join(names, ", ")
}
