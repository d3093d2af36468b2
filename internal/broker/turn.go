package broker

import (
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

// await has pump called in a later turn, when l has room.
func (s *session) await(l *link) {
	s.mu.Lock()
	if s.awaiting {
		s.mu.Unlock()
		return
	}
	s.awaiting = true
	s.mu.Unlock()
	if l.room != nil && l.room.Writable() {
		s.b.hasRoom(s)
		return
	}
	s.b.wg.Add(1)
	go func() {
		defer s.b.wg.Done()
		l.wait.WaitWritable()
		s.b.hasRoom(s)
	}()
}

// hasRoom has the session pumped in the next turn: its device may act in this turn as well, and those
// events and these must not mix.
func (b *Broker) hasRoom(s *session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roomy = append(b.roomy, s)
	b.wantTurn()
}

// lose records in the next turn that a message did not get as far as a session's queue, as mochi
// comes to its subscribers in any order.
func (b *Broker) lose(e trace.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.losses = append(b.losses, e)
	b.wantTurn()
}

// wantTurn asks for a turn of its own, as bytes on their way do, so that what arrives at the same
// instant finds the queues empty. The caller holds mu.
func (b *Broker) wantTurn() {
	if len(b.roomy)+len(b.losses) == 1 {
		b.cfg.Source.After(0, vtime.Bytes, b.turn)
	}
}

// turn makes up for what goroutines asked for in any order: it takes them in the order of client ids.
func (b *Broker) turn() {
	b.mu.Lock()
	roomy, losses := b.roomy, b.losses
	b.roomy, b.losses = nil, nil
	b.mu.Unlock()
	slices.SortStableFunc(losses, func(x, y trace.Event) int { return strings.Compare(x.Client, y.Client) })
	for _, e := range losses {
		b.emit(e)
	}
	slices.SortFunc(roomy, func(x, y *session) int { return strings.Compare(x.id, y.id) })
	for _, s := range roomy {
		s.mu.Lock()
		s.awaiting, s.credit = false, true
		s.mu.Unlock()
		s.pump()
	}
}
