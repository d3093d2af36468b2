package vtime

import (
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
	settle func()    // waits until all other goroutines are idle; nil on the wall clock
	epoch  time.Time // what the agenda's instants count from
	mu     sync.Mutex
	agenda agenda
	nextID int
	wake   chan struct{}
	asleep bool
	stop   bool
	idle   []chan Job // of goroutines to lend
	beats  atomic.Int64
	nanos  atomic.Int64
}

// NewLoop returns a loop. settle is synctest.Wait in virtual time and nil on the wall clock.
// It must be made where it runs: inside the bubble in virtual time.
func NewLoop(settle func()) *Loop {
	return &Loop{settle: settle, epoch: time.Now(), wake: make(chan struct{}, 1)}
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
	loop  *Loop
	do    func()
	place int // in the agenda; negative: in none
}

// After asks the loop to call f once, d from now (at the earliest: now, in a turn of its own).
// f runs on the loop's goroutine with everything else idle, and must not wait for time.
// After may be called from any goroutine.
func (s *Source) After(d time.Duration, class Class, f func()) *Timer {
	l := s.loop
	t := &Timer{loop: l, do: f}
	at := time.Since(l.epoch) + max(0, d)
	order := orderOf(class, s.id, s.seq.Add(1))
	l.mu.Lock()
	l.agenda.add(entry{at: at, order: order, timer: t})
	wake := l.asleep && t.place == 0
	l.mu.Unlock()
	if wake {
		l.poke()
	}
	return t
}

// Stop takes the action back and reports whether it was still to come. Stop of a nil Timer is false.
func (t *Timer) Stop() bool {
	if t == nil {
		return false
	}
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	if t.place < 0 {
		return false
	}
	t.loop.agenda.remove(t.place)
	t.do = nil // which may hold much
	return true
}

// Pending reports whether the action is still to come. Pending of a nil Timer is false.
func (t *Timer) Pending() bool {
	if t == nil {
		return false
	}
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	return t.place >= 0
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
	alarm := time.NewTimer(time.Hour)
	defer alarm.Stop()
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
		wait := time.Duration(-1)
		if len(l.agenda) > 0 {
			if wait = l.agenda[0].at - now.Sub(l.epoch); wait <= 0 {
				t := l.agenda.pop()
				l.mu.Unlock()
				t.do()
				continue
			}
		}
		l.asleep = true
		l.mu.Unlock()
		l.sleep(alarm, wait)
	}
}

// sleep waits for d, without end where it is negative, or until it is woken.
func (l *Loop) sleep(alarm *time.Timer, d time.Duration) {
	if d < 0 {
		<-l.wake
	} else {
		alarm.Reset(d)
		select {
		case <-alarm.C:
		case <-l.wake:
			alarm.Stop()
		}
	}
	l.mu.Lock()
	l.asleep = false
	l.mu.Unlock()
}
