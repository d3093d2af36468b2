package expect

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

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
	singles []int // those of them whose changes count one by one: the others belong to fleets
	fleets  []int // fleets whose changes count, by index in the plan
	uptime  []int // those whose uptime it reads
	event   *eventLeaf
	is      *stateLeaf
}

// phrase is text that is its own reason.
type phrase string

func (p phrase) String() string { return string(p) }

// lazy is text that is made when somebody reads it.
type lazy func() string

func (l lazy) String() string { return l() }

// lazily formats only where somebody will read it.
func lazily(explain bool, format string, args ...any) fmt.Stringer {
	if !explain {
		return phrase(format)
	}
	return phrase(fmt.Sprintf(format, args...))
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

// names joins the names of devices, of many the first few.
func (h *History) names(devices []int) string {
	return firstOf(len(devices), func(yield func(string) bool) {
		for _, d := range devices {
			if !yield(h.devices[d].name) {
				return
			}
		}
	})
}
