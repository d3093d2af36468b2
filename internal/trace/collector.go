package trace

import (
	"cmp"
	"slices"
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
	turn   []sequenced
	counts map[string]uint64
	closed bool
}

type sequenced struct {
	Event
	seq uint64
}

// NewCollector returns a collector that stamps events with now, the time since the start of the run,
// and calls poke after each one, so that the event loop takes a turn before time goes on. poke must
// not block.
func NewCollector(now func() time.Duration, poke func()) *Collector {
	return &Collector{now: now, poke: poke, counts: map[string]uint64{}}
}

// Emit records e at the present instant; it overwrites e.At. It never blocks for virtual time.
func (c *Collector) Emit(e Event) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	e.At = c.now()
	c.counts[e.Device]++
	c.turn = append(c.turn, sequenced{e, c.counts[e.Device]})
	c.mu.Unlock()
	c.poke()
}

// Turn returns the events since the last call, in canonical order. The result is the caller's.
func (c *Collector) Turn() []Event {
	c.mu.Lock()
	turn := c.turn
	c.turn = nil
	c.mu.Unlock()
	if len(turn) == 0 {
		return nil
	}
	slices.SortFunc(turn, func(a, b sequenced) int {
		// On the wall clock a turn spans more than one instant.
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Device, b.Device), cmp.Compare(a.seq, b.seq))
	})
	events := make([]Event, len(turn))
	for i := range turn {
		events[i] = turn[i].Event
	}
	return events
}

// Close makes later events vanish: the run is over, and what still unwinds is nobody's business.
func (c *Collector) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
}

// Now returns the time since the start of the run.
func (c *Collector) Now() time.Duration { return c.now() }
