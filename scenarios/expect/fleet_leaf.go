package expect

import (
	"strings"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// fleetLeaf says which member of a fleet an event belongs to.
type fleetLeaf struct {
	name     string
	first    int
	count    int
	quorum   quorum
	template []memberLevel // levels of the topic in which {id} stands; empty: the event's device counts
}

// memberLevel is a level of a topic that holds a member's name.
type memberLevel struct {
	index         int
	before, after string
}

func newFleetLeaf(f *plan.Fleet, q quorum) *fleetLeaf {
	return &fleetLeaf{name: f.Name, first: f.First, count: len(f.Members), quorum: q}
}

// templateOf takes a topic filter with {id} apart: into a filter that takes in the topics of all members, and
// where in them the name is.
func templateOf(filter string) (wide string, levels []memberLevel) {
	parts := strings.Split(filter, "/")
	for i, part := range parts {
		if before, after, ok := strings.Cut(part, lang.ID); ok {
			levels = append(levels, memberLevel{i, before, after})
			parts[i] = "+"
		}
	}
	return strings.Join(parts, "/"), levels
}

// of returns which member the event belongs to, from 0, or -1. The event's topic lies in the leaf's filter.
func (l *fleetLeaf) of(h *History, e *trace.Event) int {
	name := e.Device
	for i, level := range l.template {
		text := levelOf(e.Topic, level.index)
		rest, ok := strings.CutPrefix(text, level.before)
		found, tail := strings.CutSuffix(rest, level.after)
		if !ok || !tail || i > 0 && found != name {
			return -1
		}
		name = found
	}
	d, ok := h.index[name]
	if m := d - l.first; ok && m >= 0 && m < l.count {
		return m
	}
	return -1
}

// levelOf returns the n-th level of a topic, from 0.
func levelOf(topic string, n int) string {
	for ; n > 0; n-- {
		_, topic, _ = strings.Cut(topic, "/")
	}
	level, _, _ := strings.Cut(topic, "/")
	return level
}
