package trace

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Collector takes events from any goroutine and hands them out in canonical order.
//
// Fake time does not order goroutines that run at the same instant, so the events of one turn (what
// happens between two actions of the event loop) are sorted by device, and within a device by the
// order in which that device emitted them.
type Collector struct {
	mu     sync.Mutex
	now    func() time.Duration
	poke   func()
	turn   []Event // since the last Turn, in the order in which they came
	closed bool

	handed []Event // what Turn handed out last; its memory is used again
	order  []int32
}

// keptTurn is for how many events memory is kept from turn to turn: a turn in which a whole fleet acts is rare.
const keptTurn = 1 << 12

// NewCollector returns a collector that stamps events with now, the time since the start of the run,
// and calls poke after each one, so that the event loop takes a turn before time goes on. poke must
// not block.
func NewCollector(now func() time.Duration, poke func()) *Collector {
	return &Collector{now: now, poke: poke}
}

// Emit records e at the present instant; it overwrites e.At. It never blocks for virtual time.
func (c *Collector) Emit(e Event) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	e.At = c.now()
	c.turn = append(c.turn, e)
	c.mu.Unlock()
	c.poke()
}

// Turn returns the events since the last call, in canonical order. The slice is good until the next call, and
// may be appended to; the events in it may be copied. One goroutine calls it.
func (c *Collector) Turn() []Event {
	spare := recycled(c.handed)
	c.mu.Lock()
	turn := c.turn
	c.turn = spare
	c.mu.Unlock()
	c.handed = turn
	if !slices.IsSortedFunc(turn, canonical) {
		c.handed = c.sorted(turn)
	}
	return c.handed
}

// canonical is the order between devices. On the wall clock a turn spans more than one instant.
func canonical(a, b Event) int {
	return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.Device, b.Device))
}

// sorted returns a sorted copy. It moves small numbers and not events, which are large.
func (c *Collector) sorted(turn []Event) []Event {
	c.order = c.order[:0]
	for i := range turn {
		c.order = append(c.order, int32(i))
	}
	slices.SortFunc(c.order, func(a, b int32) int {
		x, y := &turn[a], &turn[b]
		return cmp.Or(cmp.Compare(x.At, y.At), strings.Compare(x.Device, y.Device), cmp.Compare(a, b))
	})
	out := make([]Event, 0, len(turn)+1) // room for the verdict
	for _, i := range c.order {
		out = append(out, turn[i])
	}
	return out
}

// recycled empties a slice for the next turn, or gives it up where it is too large to keep.
func recycled(used []Event) []Event {
	if cap(used) > keptTurn {
		return nil
	}
	clear(used) // what the events hold is nobody's any more
	return used[:0]
}

// Close makes later events vanish: the run is over, and what still unwinds is nobody's business.
func (c *Collector) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
}

// Now returns the time since the start of the run.
func (c *Collector) Now() time.Duration { return c.now() }
