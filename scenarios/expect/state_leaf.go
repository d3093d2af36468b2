package expect

import (
	"fmt"
	"time"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// stateLeaf is a condition on the present state.
type stateLeaf struct {
	ref     valueRef // pin or metric
	text    string   // as written: t1.HEATER
	uptime  int      // index of the device whose built-in uptime ref is; -1: none
	level   string   // pin
	compare *lang.Comparison
	literal *string // metric: nil without `is`
	grows   *growth // metric: how a window of it begins
	expr    *expression

	over   *overFleet // a fleet: it is asked of each member
	quorum quorum
	slot   int32 // of each member
}

// holds reports whether the state is so. The error says why that cannot be known, as in expression.eval.
func (l *stateLeaf) holds(h *History, now time.Duration) (bool, error) {
	switch {
	case l.expr != nil:
		return l.expr.eval(h, now)
	case l.over != nil:
		t := h.track(l.over, now)
		if t.err == nil && t.awake() == 0 {
			return false, errNotSeen{l.text + " of any member"}
		}
		return l.quorum.holds(t.counts[memberYes], t.awake()), t.err
	}
	if l.uptime >= 0 {
		h.refreshUptime(h.devices[l.uptime], now)
	}
	v, ok := h.value(l.ref)
	if !ok {
		return false, errNotSeen{l.text}
	}
	return l.accepts(v), nil
}

// accepts reports whether a value is as asked.
func (l *stateLeaf) accepts(v any) bool {
	switch {
	case l.level != "":
		return v == l.level
	case l.compare != nil:
		n, ok := number(v)
		return ok && l.compare.Holds(n)
	case l.literal != nil:
		return equalsText(v, *l.literal)
	}
	return true
}

// ofMembers makes the leaf ask each member of a fleet for the value that is in a slot.
func (l *stateLeaf) ofMembers(over *overFleet, q quorum, slot int32, uptime bool) {
	l.over, l.quorum, l.slot, over.uptime = over, q, slot, uptime
	over.value = func(h *History, m int, now time.Duration) (any, error) {
		if uptime {
			h.refreshUptime(h.devices[over.first+m], now)
		}
		v := h.devices[over.first+m].values[slot]
		if v == nil {
			return nil, errNotSeen{h.devices[over.first+m].name + " " + l.text}
		}
		return l.accepts(v), nil
	}
}

// describe renders the present state, for a message.
func (l *stateLeaf) describe(h *History, now time.Duration) string {
	switch {
	case l.expr != nil:
		return l.expr.values(h, now)
	case l.over != nil:
		t := h.track(l.over, now)
		text := fmt.Sprintf("%s is so of %d of %d members", l.text, t.counts[memberYes], t.awake())
		if missing := t.counts[memberNo] + t.counts[memberUnseen]; missing > 0 {
			text += ", not of " + t.members(h, memberNo, memberUnseen)
		}
		return text
	}
	if l.uptime >= 0 {
		h.refreshUptime(h.devices[l.uptime], now)
	}
	v, ok := h.value(l.ref)
	if !ok {
		return l.text + " was not seen yet"
	}
	return l.text + " is " + formatValue(v)
}
