package expect

import (
	"fmt"
	"slices"
)

// fleetSlot is what an Active knows of the members of a fleet. An event costs its own member only.
type fleetSlot struct {
	rule    *fleetLeaf // nil: states
	members []memberSlot
	good    int  // members that satisfy the leaf
	lost    int  // during: members that cannot any more
	flips   int  // states: how many flips of the tracked members were read
	reads   bool // states: it has begun to read them
}

// memberSlot is what is known of one member.
type memberSlot struct {
	matches matchList
	series  []*series
	good    bool
	lost    bool
}

// prepare makes the slots for fleets, measures and blinks.
func (a *Active) prepare() {
	root := a.x.root
	switch {
	case a.x.measure != nil:
		a.meter = newMeter(a.x.measure)
		return
	case a.x.blinks != nil:
		a.prepareBlinks()
		return
	case root.op == opState && root.is.grows != nil:
		begun := *root.is.grows
		a.growth = &begun
		a.growth.begin(a)
		return
	}
	root.walk(func(n *node) {
		if n.op == opEvent && n.event.members != nil {
			a.slots[n.id].fleet = a.newFleetSlot(n)
		}
	})
	switch {
	case root.op == opEvent:
		a.fleet = a.slots[root.id].fleet
	case root.op == opState && root.is.over != nil && a.x.temporal == judgeDuring:
		a.fleet = &fleetSlot{members: make([]memberSlot, root.is.over.count)}
	}
}

func (a *Active) newFleetSlot(n *node) *fleetSlot {
	f := &fleetSlot{rule: n.event.members, members: make([]memberSlot, n.event.members.count)}
	if empty := (&memberSlot{}); a.memberGood(empty) {
		f.good = len(f.members)
		for m := range f.members {
			f.members[m].good = true
		}
	}
	return f
}

// memberGood reports whether the events of a member satisfy the leaf.
func (a *Active) memberGood(s *memberSlot) bool {
	n := s.matches.n
	if c := a.x.count; c != nil && !c.Holds(float64(n)) || c == nil && n == 0 {
		return false
	}
	for _, rule := range a.x.series {
		if len(s.series) == 0 && rule.from != nil {
			return false
		}
	}
	return !slices.ContainsFunc(s.series, func(x *series) bool { return !x.holds() })
}

// memberLost reports whether no later event can make it good.
func (a *Active) memberLost(s *memberSlot) bool {
	if a.x.source.Not {
		return s.matches.n > 0
	}
	return a.x.count != nil && exceeded(a.x.count, s.matches.n) || slices.ContainsFunc(s.series, (*series).hopeless)
}

// add takes a matching event of member m in.
func (f *fleetSlot) add(a *Active, m, i int) {
	s := &f.members[m]
	if len(s.series) == 0 {
		for _, rule := range a.x.series {
			s.series = append(s.series, newSeries(rule))
		}
	}
	for _, x := range s.series {
		x.add(a.h, i)
	}
	if !a.h.used(i) && (a.counting() || s.matches.n < a.x.nodes) {
		s.matches.add(a.h, i)
	}
	if good := a.memberGood(s); good != s.good {
		s.good = good
		f.good += delta(good)
	}
	if lost := a.memberLost(s); lost != s.lost {
		s.lost = lost
		f.lost += delta(lost)
	}
}

func delta(up bool) int {
	if up {
		return 1
	}
	return -1
}

// fleetHolds reports whether enough members are satisfied now, and if so keeps in consumed what they used.
func (a *Active) fleetHolds() bool {
	f := a.fleet
	a.consumed = nil
	if !f.rule.quorum.holds(f.good, len(f.members)) {
		return false
	}
	for m := range f.members {
		s := &f.members[m]
		switch {
		case !s.good || len(s.matches.kept) == 0:
		case !a.counting():
			a.consumed = append(a.consumed, s.matches.kept[0])
		case a.x.count == nil || lowerBound(a.x.count.Op):
			a.consumed = append(a.consumed, s.matches.kept...)
		}
	}
	slices.Sort(a.consumed)
	if f.rule.quorum.any && !a.counting() && len(a.consumed) > 1 {
		a.consumed = a.consumed[:1] // as of any: […], the first one
	}
	return true
}

// fleetQuorum is how many members must be good.
func (a *Active) fleetQuorum() quorum {
	if a.fleet.rule != nil {
		return a.fleet.rule.quorum
	}
	return a.x.root.is.quorum
}

// lookDuringFleet fails where too many members are lost, or too many are good.
func (a *Active) lookDuringFleet() {
	f, q := a.fleet, a.fleetQuorum()
	a.readFlips()
	switch {
	case !q.possible(len(f.members)-f.lost, len(f.members)):
		a.fail(a.fleetShortfall())
	case f.rule != nil && !a.counting() && !a.x.source.Not && q.exceeded(f.good, len(f.members)):
		a.fail(a.fleetShortfall())
	}
}

// readFlips notes which members' state broke, or with not came true, since the last look.
func (a *Active) readFlips() {
	f := a.fleet
	if f.rule != nil {
		return
	}
	t := a.h.track(a.x.root.is.over, a.now)
	if a.trouble == nil {
		a.trouble = t.err
	}
	lose := func(m int, class memberClass) {
		if s := &f.members[m]; !s.lost && (class == memberYes) == a.x.source.Not {
			s.lost = true
			f.lost++
		}
	}
	if !f.reads {
		f.reads, f.flips = true, t.dropped+len(t.flips)
		t.readers = append(t.readers, a)
		for m, class := range t.class {
			lose(m, class)
		}
	}
	for _, flip := range t.flips[f.flips-t.dropped:] {
		lose(int(flip.member), flip.class)
	}
	f.flips = t.dropped + len(t.flips)
}

// judgeFleet judges a during window at its end.
func (a *Active) judgeFleet() {
	f, q := a.fleet, a.fleetQuorum()
	a.readFlips()
	good := f.good
	if f.rule == nil || a.x.source.Not {
		good = len(f.members) - f.lost
	}
	switch {
	case !q.holds(good, len(f.members)):
		a.fail(a.fleetShortfall())
	case f.rule != nil && !a.x.source.Not:
		a.consume()
		a.pass()
	default:
		a.consumed = nil
		a.pass()
	}
}

// consume keeps what the good members used.
func (a *Active) consume() {
	if !a.fleetHolds() {
		a.consumed = nil
	}
}

// fleetShortfall says of which members it is not so, and why of the first one.
func (a *Active) fleetShortfall() string {
	f, q := a.fleet, a.fleetQuorum()
	name := a.x.root.nameOfFleet()
	if q.exceeded(f.good, len(f.members)) && f.rule != nil && !a.x.source.Not {
		return fmt.Sprintf("%d of the %d members of %s have %s, %s: %s", f.good, len(f.members), name, a.x.root.event.noun(), q.wanted(),
			f.names(a.h, a.x.root, func(s *memberSlot) bool { return s.good }))
	}
	bad := func(s *memberSlot) bool { return s.lost || f.rule != nil && !a.x.source.Not && !s.good }
	n := 0
	var first *memberSlot
	for m := range f.members {
		if s := &f.members[m]; bad(s) {
			if n++; first == nil {
				first = s
			}
		}
	}
	what := "it is not so of"
	switch {
	case f.rule != nil && a.x.source.Not:
		what = "it happened to"
	case f.rule == nil && a.x.source.Not:
		what = "it was so of"
	case f.rule == nil:
		what = "it was not so all the time of"
	case !a.counting():
		what = "no " + a.x.root.event.noun() + " from"
	}
	text := fmt.Sprintf("%s %d of the %d members of %s, %s: %s", what, n, len(f.members), name, q.wanted(), f.names(a.h, a.x.root, bad))
	if first != nil && a.counting() {
		text += "; of the first: " + a.shortfallOf(&first.matches, first.series)
	}
	return text
}

// names lists the first members for which want holds.
func (f *fleetSlot) names(h *History, root *node, want func(*memberSlot) bool) string {
	n := 0
	for m := range f.members {
		if want(&f.members[m]) {
			n++
		}
	}
	return firstOf(n, func(yield func(string) bool) {
		for m := range f.members {
			if want(&f.members[m]) && !yield(h.devices[root.firstMember()+m].name) {
				return
			}
		}
	})
}

// firstMember is the index of the device that is the first member of the node's fleet.
func (n *node) firstMember() int {
	if n.op == opEvent {
		return n.event.members.first
	}
	return n.is.over.first
}

// nameOfFleet is the name of the node's fleet.
func (n *node) nameOfFleet() string {
	if n.op == opEvent {
		return n.event.members.name
	}
	return n.is.over.name
}
