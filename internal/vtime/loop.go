package vtime

import (
	"container/heap"
	"sync"
	"sync/atomic"
	"time"
)

// Class orders what the loop does at one instant: lower classes first.
type Class uint8

// The classes, in their order at one instant.
const (
	Firmware Class = iota // a step of firmware that is due, as if a timer of its own had woken it
	Bytes                 // bytes, connection set-up and end reach a connection
	Deadline              // a connection's deadline
	Hardware              // watchdogs, boots, UART bits: what a device's hardware does by itself
	Service               // the broker's housekeeping
	Stimulus              // what the scenario does
)

// Loop is the event loop of a run. Everything that acts on a device from outside goes through it,
// one action at a time in the order (time, class, source, sequence), and between two actions it
// waits until every goroutine of the bubble is idle. It is the only caller of synctest.Wait.
//
// A device's own timers are the one thing that wakes by itself; the loop lets all of an instant's
// wake and settle before it acts at that instant.
type Loop struct {
	settle func() // waits until all other goroutines are idle; nil on the wall clock
	mu     sync.Mutex
	items  itemHeap
	nextID int
	wake   chan struct{}
	stop   bool
	idle   []chan Job // of goroutines to lend
	beats  atomic.Int64
	nanos  atomic.Int64
}

// NewLoop returns a loop. settle is synctest.Wait in virtual time and nil on the wall clock.
// It must be made where it runs: inside the bubble in virtual time.
func NewLoop(settle func()) *Loop {
	return &Loop{settle: settle, wake: make(chan struct{}, 1)}
}

// Source is one origin of actions: a device's link, the broker, the steps. Its actions at one
// instant and of one class keep the order in which they were asked for.
type Source struct {
	loop *Loop
	id   int
	seq  atomic.Uint64
}

// Source returns a new source. Sources act in the order of their making, so make them in an order
// that depends on nothing but the scenario.
func (l *Loop) Source() *Source {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nextID++
	return &Source{loop: l, id: l.nextID}
}

// Timer is an action asked for. Stop takes it back.
type Timer struct {
	loop *Loop
	item *item
}

// After asks the loop to call f once, d from now (at the earliest: now, in a turn of its own).
// f runs on the loop's goroutine with everything else idle, and must not wait for time.
// After may be called from any goroutine.
func (s *Source) After(d time.Duration, class Class, f func()) *Timer {
	it := &item{at: time.Now().Add(max(0, d)), class: class, source: s.id, seq: s.seq.Add(1), do: f}
	l := s.loop
	l.mu.Lock()
	heap.Push(&l.items, it)
	first := l.items[0] == it
	l.mu.Unlock()
	if first {
		l.poke()
	}
	return &Timer{loop: l, item: it}
}

// Stop takes the action back and reports whether it was still to come. Stop of a nil Timer is false.
func (t *Timer) Stop() bool {
	if t == nil {
		return false
	}
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	if t.item.index < 0 {
		return false
	}
	heap.Remove(&t.loop.items, t.item.index)
	return true
}

// Pending reports whether the action is still to come. Pending of a nil Timer is false.
func (t *Timer) Pending() bool {
	if t == nil {
		return false
	}
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	return t.item.index >= 0
}

// Poke makes a loop that waits take a turn: on the wall clock, when an event came in.
func (l *Loop) Poke() { l.poke() }

func (l *Loop) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Stop ends Run after the turn under way.
func (l *Loop) Stop() {
	l.mu.Lock()
	l.stop = true
	l.mu.Unlock()
	l.poke()
}

// Heartbeat returns a number that grows with every turn, and the loop's clock at the last one as
// nanoseconds since 1970. It may be called from outside the bubble.
func (l *Loop) Heartbeat() (beats, unixNano int64) { return l.beats.Load(), l.nanos.Load() }

// Run turns until Stop. In each turn it lets everything settle and calls turn, which reads what
// happened and may act once; while turn reports that it acted, no time passes and nothing else
// acts. Then the loop does the next action that is due, or waits for it.
func (l *Loop) Run(turn func() (acted bool)) {
	defer l.dismiss()
	for {
		if l.settle != nil {
			l.settle()
		}
		select {
		case <-l.wake: // this turn sees what it was for
		default:
		}
		now := time.Now()
		l.nanos.Store(now.UnixNano())
		l.beats.Add(1)
		acted := turn()
		l.mu.Lock()
		if l.stop {
			l.mu.Unlock()
			return
		}
		if acted {
			l.mu.Unlock()
			continue
		}
		if len(l.items) > 0 && !l.items[0].at.After(now) {
			it := heap.Pop(&l.items).(*item)
			l.mu.Unlock()
			it.do()
			continue
		}
		wait := time.Duration(-1)
		if len(l.items) > 0 {
			wait = l.items[0].at.Sub(now)
		}
		l.mu.Unlock()
		l.sleep(wait)
	}
}

func (l *Loop) sleep(d time.Duration) {
	if d < 0 {
		<-l.wake
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.wake:
	}
}

type item struct {
	at     time.Time
	class  Class
	source int
	seq    uint64
	index  int
	do     func()
}

type itemHeap []*item

func (h itemHeap) Len() int { return len(h) }
func (h itemHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	if a.class != b.class {
		return a.class < b.class
	}
	if a.source != b.source {
		return a.source < b.source
	}
	return a.seq < b.seq
}
func (h itemHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i]; h[i].index, h[j].index = i, j }
func (h *itemHeap) Push(x any)   { it := x.(*item); it.index = len(*h); *h = append(*h, it) }
func (h *itemHeap) Pop() any {
	old := *h
	it := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	it.index = -1
	return it
}
