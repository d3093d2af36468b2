package expect

import (
	"errors"
	"slices"
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/trace"
)

// Watch holds a run to the scenario's invariants. It follows its history by itself.
type Watch struct {
	h        *History
	list     []*invariant
	byDevice [][]*invariant // those to judge when the state of a device changed
	byKind   map[trace.Kind][]*invariant
	byTopic  map[onTopic][]*invariant // instead of byKind, where one topic alone is asked for
	pending  pendingHeap              // those that are broken, but not for longer than their grace
	pended   uint64                   // how many ever were
	timed    []*invariant             // those that read an uptime
	now      time.Duration
	found    []Failure
}

// invariant is one always or never, and how it stands.
//
//	state    | event                                | next
//	kept     | condition broken, no grace           | violated
//	kept     | condition broken, grace              | pending (brokenAt)
//	pending  | condition mended, or device off      | kept
//	pending  | more than grace since brokenAt       | violated
//	violated | anything                             | violated: it is reported once
type invariant struct {
	rule     *invariantRule
	slots    []invariantSlot
	pending  bool
	place    int    // in the heap, while pending
	turn     uint64 // how many were pending before
	brokenAt time.Duration
	violated bool
	seen     int // index + 1 of the event at which it was last judged
}

// Sometimes is how a sometimes of the scenario stands.
type Sometimes struct {
	Pos  diag.Position
	Path string        // as in sometimes[0]
	Text string        // in the words of the file
	Seen bool          // it was true at least once
	At   time.Duration // when first, since the start of the run
}

// invariantSlot is what is known of one leaf.
type invariantSlot struct {
	changes uint64
	looked  bool
	value   bool // at the last look
	judged  bool // it was awake at least once
}

// onTopic is what events about messages are found by.
type onTopic struct {
	kind  trace.Kind
	topic string
}

// Watch starts to hold the run of h to the program's invariants. Call it once, before the first event.
func (p *Program) Watch(h *History) *Watch {
	w := &Watch{h: h, byDevice: make([][]*invariant, len(h.devices)), byKind: map[trace.Kind][]*invariant{}, byTopic: map[onTopic][]*invariant{}}
	for _, rule := range p.invariants {
		inv := &invariant{rule: rule, slots: make([]invariantSlot, rule.nodes)}
		w.list = append(w.list, inv)
		for _, d := range rule.root.devices {
			w.byDevice[d] = append(w.byDevice[d], inv)
		}
		if len(rule.root.uptime) > 0 {
			w.timed = append(w.timed, inv)
		}
		var kinds []trace.Kind
		rule.root.walk(func(n *node) {
			// What is about one device is judged with that device's events.
			switch l := n.event; {
			case n.op != opEvent || l.device != "":
			case l.filter != nil && l.filter.Exact():
				m := onTopic{l.kind, l.filter.String()}
				w.byTopic[m] = append(w.byTopic[m], inv)
			case !slices.Contains(kinds, l.kind):
				kinds = append(kinds, l.kind)
			}
		})
		for _, k := range kinds {
			w.byKind[k] = append(w.byKind[k], inv)
		}
	}
	if len(w.list) > 0 {
		h.watchers = append(h.watchers, w)
	}
	return w
}

// Judge returns the violations found since the last call, in the order in which they happened. Call it
// after each History.Append and at the instant that Next names.
func (w *Watch) Judge(now time.Duration) []Failure {
	w.advance(now)
	for _, inv := range w.timed {
		w.look(inv, -1)
	}
	found := w.found
	w.found = nil
	return found
}

// Next returns the next instant at which time alone may break an invariant.
func (w *Watch) Next() (at time.Duration, ok bool) {
	if len(w.pending) > 0 {
		at, ok = w.pending[0].limit()+1, true
	}
	for _, inv := range w.timed {
		if inv.violated {
			continue
		}
		for _, d := range inv.rule.root.uptime {
			if t, runs := w.h.devices[d].nextUptime(w.now); runs && (!ok || t < at) {
				at, ok = t, true
			}
		}
	}
	return at, ok
}

// Finish returns the violations found since the last Judge, and as invalid each invariant that was never judged.
func (w *Watch) Finish(now time.Duration) []Failure {
	found := w.Judge(now)
	idle := w.idleGroups()
	for _, inv := range w.list {
		if inv.violated || inv.rule.sometimes || inv.rule.group > 0 && !idle[inv.rule.group] {
			continue
		}
		idle[inv.rule.group] = false // once for all members
		if why := vacuous(inv.rule.root, func(n *node) string { return w.idle(inv, n) }); why != "" {
			f := inv.failure(now, "it was never judged: "+why)
			f.Verdict = Invalid
			found = append(found, f)
		}
	}
	return found
}

// idleGroups returns of which invariants over a fleet no member's was ever judged.
func (w *Watch) idleGroups() map[int]bool {
	idle := map[int]bool{}
	for _, inv := range w.list {
		g := inv.rule.group
		if other, known := idle[g]; known && !other {
			continue
		}
		idle[g] = !inv.violated && vacuous(inv.rule.root, func(n *node) string { return w.idle(inv, n) }) != ""
	}
	return idle
}

// Sometimes returns how each sometimes stands, in the order of the file.
func (w *Watch) Sometimes() []Sometimes {
	var list []Sometimes
	for _, inv := range w.list {
		if !inv.rule.sometimes {
			continue
		}
		s := Sometimes{Pos: inv.rule.source.Pos, Path: inv.rule.path, Text: describeInvariant(inv.rule.source, inv.rule.section), Seen: inv.violated, At: inv.brokenAt}
		if n := len(list); n > 0 && list[n-1].Path == s.Path { // of a fleet: every member
			if !list[n-1].Seen || !s.Seen {
				list[n-1].Seen, list[n-1].At = false, 0
			} else {
				list[n-1].At = max(list[n-1].At, s.At)
			}
			continue
		}
		list = append(list, s)
	}
	return list
}

// idle says why a leaf was never judged; "" where it was.
func (w *Watch) idle(inv *invariant, n *node) string {
	if why := w.h.neverPowered(n); why != "" {
		return why
	}
	// A state beside an event is read when the event comes; that none came is what `never` wants.
	if n.op == opEvent || inv.slots[n.id].judged || inv.rule.never && !inv.rule.root.state {
		return ""
	}
	if off := w.h.off(n.singles); len(off) > 0 && len(n.singles) > 1 {
		return "the devices " + w.h.names(n.singles) + " never had power at the same time"
	}
	return n.is.describe(w.h, w.now)
}

// advance sees that nothing happened until now.
func (w *Watch) advance(now time.Duration) {
	w.now = max(w.now, now)
	for len(w.pending) > 0 && now > w.pending[0].limit() {
		inv := w.pending[0]
		w.unpend(inv)
		w.violate(inv, inv.limit(), -1)
	}
}

// observe judges what the event at index i may have changed.
func (w *Watch) observe(i int) bool {
	e := w.h.at(i)
	if d, ok := w.h.index[e.Device]; ok {
		for _, inv := range w.byDevice[d] {
			w.look(inv, i)
		}
	}
	for _, inv := range w.byKind[e.Kind] {
		w.look(inv, i)
	}
	if e.Topic != "" && len(w.byTopic) > 0 {
		for _, inv := range w.byTopic[onTopic{e.Kind, e.Topic}] {
			w.look(inv, i)
		}
	}
	return true
}

// look judges the invariant now; i is the event that just came, or -1.
func (w *Watch) look(inv *invariant, i int) {
	if inv.violated || i >= 0 && inv.seen == i+1 {
		return
	}
	inv.seen = i + 1
	truth, err := w.truth(inv, inv.rule.root, i)
	var wrong errNotEvaluable
	if errors.As(err, &wrong) {
		f := inv.failure(w.now, wrong.what)
		f.Verdict = Invalid
		w.report(inv, f)
		return
	}
	switch broken := truth == inv.rule.never; {
	case !broken && inv.pending:
		w.unpend(inv)
	case broken && inv.rule.grace == 0:
		w.violate(inv, w.now, i)
	case broken && !inv.pending:
		w.pend(inv)
	}
}

// truth is the condition now. A leaf that rests keeps the invariant: it is true for always, false for never.
func (w *Watch) truth(inv *invariant, n *node, i int) (bool, error) {
	switch n.op {
	case opEvent:
		return i >= 0 && n.event.matches(w.h, i) && !w.rests(w.h.at(i)), nil
	case opState:
		return w.state(inv, n)
	}
	for _, m := range n.members {
		t, err := w.truth(inv, m, i)
		if err != nil || t != (n.op == opAll) {
			return n.op == opAny, err
		}
	}
	return n.op == opAll, nil
}

func (w *Watch) state(inv *invariant, n *node) (bool, error) {
	s := &inv.slots[n.id]
	changes := w.h.changesIn(n)
	if s.looked && changes == s.changes && len(n.uptime) == 0 {
		return s.value, nil
	}
	s.looked, s.changes, s.value = true, changes, !inv.rule.never
	if len(w.h.off(n.singles)) > 0 {
		return s.value, nil
	}
	value, err := n.is.holds(w.h, w.now)
	var unseen errNotSeen
	switch {
	case errors.As(err, &unseen):
		return s.value, nil
	case err != nil:
		return false, err
	}
	s.judged, s.value = true, value
	return value, nil
}

// rests reports whether the event is of a device that has no power. What leaves it at the very
// instant of the cut is still its own.
func (w *Watch) rests(e *trace.Event) bool {
	d := w.h.device(e.Device)
	return d != nil && !d.powered && (!d.ever || d.offAt != e.At)
}

func (w *Watch) violate(inv *invariant, at time.Duration, i int) {
	if inv.rule.sometimes {
		inv.violated, inv.brokenAt = true, at
		return
	}
	f := inv.failure(at, "")
	var leaf *eventLeaf
	inv.rule.root.walk(func(n *node) {
		if n.op == opEvent && i >= 0 && n.event.matches(w.h, i) {
			leaf = n.event
		}
	})
	if leaf != nil {
		f.Message = "it happened"
		if leaf.invalid {
			f.Message = invalidText(w.h, leaf, i)
		}
		f.Nearest = []Near{{At: at, What: eventText(w.h.at(i))}}
	} else {
		f.Message = inv.broken(w.h, at)
		f.Nearest = w.h.changesOf(inv.rule.root, w.h.Len())
	}
	w.report(inv, f)
}

func (w *Watch) report(inv *invariant, f Failure) {
	if inv.pending {
		w.unpend(inv)
	}
	inv.violated = true
	w.found = append(w.found, f)
}

// off returns those of the devices that have no power.
func (h *History) off(devices []int) []int {
	var off []int
	for _, d := range devices {
		if !h.devices[d].powered {
			off = append(off, d)
		}
	}
	return off
}
