package expect

import (
	"iter"
	"slices"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// A history that kept every event of a fleet would soon be gigabytes. So once the newest recent chunks are full, of
// an older chunk only those events stay that
//
//   - an expectation to come may read: they lie in a window that can still be opened, and are of a kind that some
//     expectation asks for;
//   - a failure would show as the nearest: the last few of each event leaf's subject, and of what changed the values
//     that a state reads.
//
// What an expectation under way needs of the events it has seen it keeps itself.
const recent = 16

// piece is a chunk of events.
type piece struct {
	events []trace.Event
	usedBy []int32 // parallel to events: 0, or 1 + the index in History.users; nil: none was used
}

func (p *piece) use(offset int, by int32) {
	if p.usedBy == nil {
		p.usedBy = make([]int32, chunk)
	}
	p.usedBy[offset] = by
}

// memory is what is left of the chunks that were taken away.
type memory struct {
	horizon   func() int // index of the first event that a window to come may begin with; nil: nothing is forgotten
	reads     map[trace.Kind]bool
	evidence  []*evidence
	events    map[int]*keptEvent
	order     []int // their indices, sorted
	forgotten int   // of the events before it none is needed by an expectation to come
	purged    int   // how many events were left by the last purge
}

// keptEvent is an event that stays.
type keptEvent struct {
	trace.Event
	usedBy int32
	needed bool // by an expectation to come, as long as it is not before the horizon
	shown  int  // of how much evidence it is
}

// Forget makes the history of a run drop events that neither a judgement nor the explanation of a failure can read
// any more. horizon is asked now and then for the index of the first event that a window may still begin with; it
// must not go back. Without it a history keeps everything.
func (p *Program) Forget(h *History, horizon func() int) {
	m := &h.old
	m.horizon, m.reads = horizon, p.reads
	var leaves, states []*evidence
	add := func(root *node) {
		if root == nil {
			return
		}
		root.walk(func(n *node) {
			if n.op == opEvent {
				leaves = append(leaves, &evidence{leaf: n.event})
			}
		})
		if values := stateValues(root); !values.empty() {
			states = append(states, &evidence{about: root.devices, values: values})
		}
	}
	for _, e := range p.inOrder {
		add(p.expectations[e].root)
	}
	for _, rule := range p.invariants {
		add(rule.root)
	}
	// Each costs a look at every event, so of very many only the first ones are served.
	const served = 64
	m.evidence = slices.Concat(leaves[:min(len(leaves), served)], states[:min(len(states), served)])
}

// evidence is the last few events, among those that are no longer recent, that a failure of one condition would show.
type evidence struct {
	leaf   *eventLeaf // events of its subject; or, where it is nil,
	about  []int      // what changed of these devices
	values *valueSet  // these values
	last   []int
}

func (v *evidence) wants(h *History, i int) bool {
	e := h.at(i)
	if v.leaf != nil {
		return e.Kind == v.leaf.kind && v.leaf.subject(h, i)
	}
	return h.touches(e, v.about, v.values)
}

// forget makes room for a chunk.
func (h *History) forget() {
	m := &h.old
	if m.horizon == nil || len(h.chunks) < recent {
		return
	}
	horizon, first := m.horizon(), h.gone*chunk
	kept := map[int]*keptEvent{}
	keep := func(i int) *keptEvent {
		k, ok := kept[i]
		if !ok {
			k = &keptEvent{Event: *h.at(i), usedBy: h.user(i)}
			kept[i] = k
		}
		return k
	}
	for i := max(first, horizon); i < first+chunk; i++ {
		if m.reads[h.at(i).Kind] {
			keep(i).needed = true
		}
	}
	for _, v := range m.evidence {
		var found []int
		for i := first + chunk - 1; i >= first && len(found) < most; i-- {
			if v.wants(h, i) {
				keep(i).shown++
				found = append(found, i)
			}
		}
		slices.Reverse(found)
		v.last = append(v.last, found...)
		for len(v.last) > most {
			if k, ok := m.events[v.last[0]]; ok {
				k.shown--
			}
			v.last = v.last[1:]
		}
	}
	h.chunks[0] = piece{}
	h.chunks = h.chunks[1:]
	h.gone++
	m.take(kept)
	m.forgotten = min(h.gone*chunk, horizon)
	m.purge(horizon)
}

// take takes in what is kept of a chunk.
func (m *memory) take(kept map[int]*keptEvent) {
	start := len(m.order)
	for i, k := range kept {
		m.order = append(m.order, i)
		m.events[i] = k
	}
	slices.Sort(m.order[start:])
}

// purge drops what is not needed any more, whenever twice as much has come together.
func (m *memory) purge(horizon int) {
	if len(m.order) < 2*m.purged+chunk {
		return
	}
	m.order = slices.DeleteFunc(m.order, func(i int) bool {
		k := m.events[i]
		if k.shown > 0 || k.needed && i >= horizon {
			return false
		}
		delete(m.events, i)
		return true
	})
	m.purged = len(m.order)
}

// known goes over the indices of the events that are not forgotten, from one index up to but without another.
func (h *History) known(from, to int) iter.Seq[int] {
	return func(yield func(int) bool) {
		at, _ := slices.BinarySearch(h.old.order, from)
		for _, i := range h.old.order[at:] {
			if i >= to || !yield(i) {
				return
			}
		}
		for i := max(from, h.gone*chunk); i < to; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

// knownBackwards goes over the first events of the history that are not forgotten, the last one first.
func (h *History) knownBackwards(events int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := events - 1; i >= h.gone*chunk; i-- {
			if !yield(i) {
				return
			}
		}
		for n := len(h.old.order) - 1; n >= 0; n-- {
			if i := h.old.order[n]; i < events && !yield(i) {
				return
			}
		}
	}
}

// happened renders an event in one line, as far as it is known.
func happened(e *trace.Event) string {
	if e.Kind == "" {
		return "an event that is kept in the trace alone"
	}
	return eventText(e)
}

// matchList is the events that match a leaf.
type matchList struct {
	n    int           // how many there were
	kept []int         // their indices; where all count only of those that an expectation to come may still read
	last time.Duration // when the last one happened
}

// add takes in a match.
func (l *matchList) add(h *History, i int) {
	l.n++
	l.last = h.at(i).At
	const few = 64 // a plain condition wants fewer
	if len(l.kept) >= few && len(l.kept) == cap(l.kept) {
		at, _ := slices.BinarySearch(l.kept, h.old.forgotten)
		l.kept = slices.Delete(l.kept, 0, at)
	}
	l.kept = append(l.kept, i)
}

// readKinds returns the kinds of event that expectations among the steps ask for.
func readKinds(steps []lang.Step, kinds map[trace.Kind]bool) {
	for i := range steps {
		if e := steps[i].Expect; e != nil {
			readKindsOf(e, false, kinds)
		}
		for _, inner := range steps[i].Inner() {
			readKinds(inner, kinds)
		}
	}
}

// readKindsOf is readKinds of an expectation; edge says whether a pin stands for its edges, and not for a state.
func readKindsOf(e *lang.Expect, edge bool, kinds map[trace.Kind]bool) {
	switch e.Subject() {
	case "mqtt":
		kinds[trace.Publish] = true
	case "console":
		kinds[trace.Console] = true
	case "pin":
		if edge {
			kinds[trace.Pin] = true
		}
	case "event":
		kinds[trace.Kind(e.Event)] = true
	}
	for _, m := range e.Members() {
		readKindsOf(&m, false, kinds)
	}
	if e.Measure != nil {
		for _, end := range []*lang.Expect{e.Measure.From, e.Measure.To} {
			if end != nil {
				readKindsOf(end, true, kinds)
			}
		}
	}
}
