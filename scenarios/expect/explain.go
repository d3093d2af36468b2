package expect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
)

// most is how many things a failure shows as the nearest.
const most = 5

// Explain says what was expected, why it is not so, and what came nearest. It means something once
// the verdict is Failed or Invalid.
func (a *Active) Explain() Failure {
	f := Failure{Pos: a.x.source.Pos, Path: a.x.path, Verdict: a.verdict, At: a.at, Start: a.start,
		Expected: describe(a.x.source), Message: a.reason}
	if a.step.Pos.Line > 0 && f.Pos.Line == 0 {
		f.Pos = a.step.Pos
	}
	switch {
	case a.meter != nil:
		f.Window = windowText(a.window, a.at)
		f.Nearest = a.meter.nearest(a.h)
		return f
	case a.blinkers != nil:
		f.Nearest = a.nearestEdges()
		return f
	case a.x.root.state:
		f.Nearest = a.h.changesOf(a.x.root, a.until)
		return f
	}
	f.Window = windowText(a.window, a.at)
	f.Nearest = a.nearest()
	return f
}

// shortfall says what is missing for the condition to hold.
func (a *Active) shortfall() string {
	switch {
	case a.meter != nil:
		return a.meter.shortfall(a.now)
	case a.fleet != nil && a.fleet.rule != nil:
		return a.fleetShortfall()
	case a.counting():
		return a.shortfallOf(a.matches(), a.series)
	}
	var missing []string
	matched := 0
	a.x.root.walk(func(n *node) {
		switch {
		case n.op == opState && a.slots[n.id].broken:
			missing = append(missing, fmt.Sprintf("it broke at %s", clock(a.slots[n.id].brokeAt)))
		case n.op == opState && !a.stateHolds(n) && n.is.expr != nil:
			missing = append(missing, "the expression does not hold: "+n.is.describe(a.h, a.now))
		case n.op == opState && !a.stateHolds(n):
			missing = append(missing, n.is.describe(a.h, a.now))
		case n.op == opEvent && a.slots[n.id].fleet != nil:
			if f := a.slots[n.id].fleet; f.rule.quorum.holds(f.good, len(f.members)) {
				matched++
			} else {
				missing = append(missing, fmt.Sprintf("no %s from %d of the %d members of %s: %s", n.event.noun(), len(f.members)-f.good, len(f.members), f.rule.name,
					f.names(a.h, n, func(s *memberSlot) bool { return !s.good })))
			}
		case n.op == opEvent && a.slots[n.id].matches.n == 0:
			missing = append(missing, "no "+n.event.noun())
		case n.op == opEvent:
			matched++
		}
	})
	if len(missing) == 0 {
		return fmt.Sprintf("%d members match, but have not an event each: one event satisfies one member", matched)
	}
	return strings.Join(missing, "; ")
}

func (a *Active) shortfallOf(matches *matchList, series []*series) string {
	var parts []string
	n := matches.n
	if c := a.x.count; c != nil && !c.Holds(float64(n)) {
		text := fmt.Sprintf("%s, %s %s wanted", plural(n, "match", "matches"), c.Op, formatValue(c.Value))
		if n > 0 {
			text += ", the last one at " + clock(matches.last)
		}
		parts = append(parts, text)
	} else if n == 0 {
		parts = append(parts, "no "+a.x.root.event.noun())
	}
	for _, s := range series {
		if why := s.why(); why != "" {
			parts = append(parts, why)
		}
	}
	return strings.Join(parts, "; ")
}

// noun names what the leaf looks for.
func (l *eventLeaf) noun() string {
	switch {
	case l.mqtt:
		return "such message on " + l.filter.String()
	case l.kind == trace.Console && l.members != nil:
		return "such line on the console"
	case l.kind == trace.Console:
		return "such line on the console of " + l.device
	}
	return "such " + string(l.kind) + " event"
}

// forbidden says what `not` found.
func (a *Active) forbidden() string {
	if len(a.consumed) > 0 {
		i := a.consumed[len(a.consumed)-1]
		return fmt.Sprintf("it happened at %s: %s", clock(a.h.at(i).At), happened(a.h.at(i)))
	}
	return "it is so: " + a.presentState()
}

// brokenState says how a state that must hold all the time is now.
func (a *Active) brokenState() string {
	return "it does not hold: " + a.presentState()
}

// presentState describes every state of the condition.
func (a *Active) presentState() string {
	return a.x.root.presentState(a.h, a.now)
}

func (n *node) presentState(h *History, now time.Duration) string {
	var parts []string
	n.walk(func(n *node) {
		if n.op == opState {
			parts = append(parts, n.is.describe(h, now))
		}
	})
	return strings.Join(parts, "; ")
}

// candidate is an event that might be shown, and how far it is from what was wanted.
type candidate struct {
	index    int
	distance int
	rank     int // among those of one distance; the lower is the nearer
	why      string
}

// nearest returns the events nearest to what the expectation asked for: matches that another step used
// or that lie before the window, then those of the same subject, then those of the same kind.
func (a *Active) nearest() []Near {
	var found []candidate
	for i := range a.h.known(0, a.until) {
		a.x.root.walk(func(n *node) {
			if n.op != opEvent {
				return
			}
			if c, ok := a.candidate(n, i); ok {
				found = append(found, c)
			}
		})
	}
	slices.SortStableFunc(found, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(x.distance, y.distance), cmp.Compare(x.rank, y.rank), cmp.Compare(y.index, x.index))
	})
	found = slices.CompactFunc(found, func(x, y candidate) bool { return x.index == y.index })
	found = found[:min(len(found), most)]
	slices.SortFunc(found, func(x, y candidate) int { return cmp.Compare(x.index, y.index) })
	near := make([]Near, len(found))
	for i, c := range found {
		near[i] = Near{At: a.h.at(c.index).At, What: eventText(a.h.at(c.index)), Why: c.why}
	}
	return near
}

func (a *Active) candidate(n *node, i int) (candidate, bool) {
	e := a.h.at(i)
	before := i < a.window.From
	if !n.event.subject(a.h, i) {
		if e.Kind != n.event.kind || before {
			return candidate{}, false
		}
		return candidate{i, 5, -n.event.closeness(e), n.event.otherSubject(e)}, true
	}
	member := 0
	if f := a.slots[n.id].fleet; f != nil {
		member = f.rule.of(a.h, e) // the message names the first that miss something
		if f.members[member].good && !a.x.source.Not {
			return candidate{}, false // of a member that misses nothing
		}
	}
	distance, why := a.distance(n, i, before)
	return candidate{i, distance, member, why}, true
}

// distance says how far an event of the leaf's subject is from what was wanted, and why.
func (a *Active) distance(n *node, i int, before bool) (distance int, why string) {
	differs := n.event.difference(a.h, i, true)
	switch {
	case differs == nil && a.h.used(i):
		return 1, a.h.usedText(i)
	case differs == nil && before:
		return 2, "before the window"
	case differs == nil:
		return 0, "counts"
	case before:
		return 4, "before the window; " + differs.String()
	}
	return 3, differs.String()
}

// closeness says how much an event of another subject has in common with the leaf's: its device, or the first levels of
// its topic, which most often name the device.
func (l *eventLeaf) closeness(e *trace.Event) int {
	switch {
	case l.filter != nil:
		wanted, got := strings.Split(l.filter.String(), "/"), strings.Split(e.Topic, "/")
		n := 0
		for n < min(len(wanted), len(got)) && (wanted[n] == got[n] || wanted[n] == "+") {
			n++
		}
		return n
	case l.device != "" && e.Device == l.device:
		return 1
	}
	return 0
}

func (l *eventLeaf) otherSubject(e *trace.Event) string {
	switch {
	case l.filter != nil && !l.filter.Matches(e.Topic):
		return "another topic"
	case l.members != nil || l.device != "" && l.device != e.Device:
		return "another device"
	}
	return "another " + string(e.Kind)
}

// usedText says which step used the event.
func (h *History) usedText(i int) string {
	by := h.users[h.user(i)-1]
	return fmt.Sprintf("already satisfied %s in line %d", by.path, by.line)
}

// stateValues returns which values the states of a condition read.
func stateValues(root *node) *valueSet {
	set := &valueSet{}
	root.walk(func(n *node) {
		switch {
		case n.op != opState:
		case n.is.expr != nil:
			for _, name := range n.is.expr.names {
				set.add(name.ref)
			}
			for _, g := range n.is.expr.aggregates {
				g.addValues(set)
			}
		case n.is.over != nil:
			set.addMembers(n.is.over, n.is.slot)
		default:
			set.add(n.is.ref)
		}
	})
	return set
}

// changesOf returns the last changes of the values that the states of a condition read, among the
// first events of the history.
func (h *History) changesOf(root *node, events int) []Near {
	values := stateValues(root)
	var near []Near
	for i := range h.knownBackwards(events) {
		if len(near) == most {
			break
		}
		if e := h.at(i); h.touches(e, root.devices, values) {
			near = append(near, Near{At: e.At, What: eventText(e)})
		}
	}
	slices.Reverse(near)
	return near
}

// touches reports whether the event may have changed one of the values of the devices, which are sorted.
func (h *History) touches(e *trace.Event, devices []int, values *valueSet) bool {
	index, ok := h.index[e.Device]
	if _, about := slices.BinarySearch(devices, index); !ok || !about {
		return false
	}
	d := h.devices[index]
	changes := func(slots map[string]int32, name string) bool {
		slot, ok := slots[name]
		return ok && values.has(index, slot)
	}
	metric := func(name string) bool { return changes(d.metrics, name) }
	switch e.Kind {
	case trace.Pin:
		return changes(d.pins, e.Name)
	case trace.Sensor:
		return changes(d.sensors, e.Name)
	case trace.Power:
		return true
	case trace.Boot:
		return metric(metricUptime)
	case trace.Reset:
		return metric(metricResets) || metric(metricUptime)
	case trace.FlashWrite:
		return metric(metricFlashWrites)
	case trace.Memory, trace.Traffic, trace.FlashErase, trace.Battery:
		return slices.ContainsFunc(resourceMetrics(e.Kind), metric)
	case trace.Connack:
		return metric(metricConnects)
	case trace.Publish, trace.Console:
		for i := range d.rules {
			r := &d.rules[i]
			if values.has(index, r.slot) && (r.console != nil && e.Kind == trace.Console && r.console.MatchString(e.Text) ||
				r.console == nil && e.Kind == trace.Publish && r.filter.Matches(e.Topic)) {
				return true
			}
		}
	}
	return false
}

// failure describes the invariant's violation.
func (inv *invariant) failure(at time.Duration, reason string) Failure {
	return Failure{Pos: inv.rule.source.Pos, Path: inv.rule.path, Verdict: Failed, At: at, Start: at,
		Expected: describeInvariant(inv.rule.source, inv.rule.section), Message: reason}
}

// broken says how the states that break the invariant are.
func (inv *invariant) broken(h *History, at time.Duration) string {
	text := "it does not hold: "
	if inv.rule.never {
		text = "it is so: "
	}
	text += inv.rule.root.presentState(h, at)
	if inv.rule.grace > 0 {
		text += ", since " + clock(inv.brokenAt)
	}
	return text
}
