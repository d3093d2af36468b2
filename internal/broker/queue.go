package broker

import (
	"bytes"
	"errors"
	"slices"
	"sync"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

// session is what the broker keeps for a client id: the queue of messages to it. It outlives
// connections, and the broker's stops.
//
// mochi keeps the messages of both directions under one set of packet identifiers, so that a client's
// SUBSCRIBE or PUBLISH with an identifier that the broker uses too is refused, or makes the broker
// forget its own message. So mochi's store holds only what a client sends; what it is sent is here.
//
//	state of a message   event                        next
//	waiting              sent, QoS 0                  gone
//	waiting              sent, QoS 1 and 2            sent
//	sent                 PUBACK, PUBREC with an error gone
//	sent                 PUBREC                       released
//	released             PUBCOMP                      gone
//	sent, released       the connection ends          waiting, to be sent again
//	any                  expiry, end of the session   gone
type session struct {
	b  *Broker
	id string

	// Guarded by the broker's mutex.
	link    *link // the connection that owns the session; nil: offline
	expiry  *vtime.Timer
	delayed *vtime.Timer // sends will
	will    delayedWill

	mu       sync.Mutex // guards all below; never held while writing
	device   string
	queue    []*message // in the order of mochi's routing
	live     *link      // the connection that messages go to; nil before the CONNACK
	window   int        // how many may be unacknowledged
	unacked  int
	lastID   uint16
	pumping  bool
	awaiting bool // a goroutine waits for the connection to have room
	credit   bool // there was room for one message
	age      *vtime.Timer
	ages     int64           // the second at which age fires
	newest   *packets.Packet // routed last
}

type state uint8

const (
	waiting state = iota
	sent
	released
)

// message is a PUBLISH on its way to a client.
type message struct {
	pk     packets.Packet
	handle uint16 // mochi's packet identifier for it, 0: none
	id     uint16 // the identifier it was sent with, 0: never sent
	state  state
	before state // what it had reached on an earlier connection
	due    bool  // its turn in mochi's own queue came, which holds QoS 0 as well; or it is in none
}

// drop records that a message is thrown away. The caller holds mu.
func (s *session) drop(pk *packets.Packet, cause string) { s.b.emit(s.dropped(pk, cause)) }

func (s *session) dropped(pk *packets.Packet, cause string) trace.Event {
	e := messageEvent(s.device, s.id, trace.Drop, pk)
	e.Cause = cause
	return e
}

// route takes a message of QoS 1 or 2 that mochi has routed to this client.
func (s *session) route(pk packets.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest = &pk
	if s.waiting() >= s.b.cfg.Pending {
		s.b.lose(s.dropped(&pk, "queue full"))
		return
	}
	s.add(&message{pk: pk, handle: pk.PacketID})
}

// add queues a message. The caller holds mu.
func (s *session) add(m *message) {
	s.queue = append(s.queue, m)
	s.watchAge(m.pk.Expiry)
}

// has reports whether pk is what mochi routed to this client last, at QoS 1 or 2.
func (s *session) has(pk *packets.Packet) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest != nil && s.newest.TopicName == pk.TopicName && s.newest.Created == pk.Created &&
		bytes.Equal(s.newest.Payload, pk.Payload)
}

func (s *session) waiting() (n int) {
	for _, m := range s.queue {
		if m.state == waiting {
			n++
		}
	}
	return n
}

// gate takes a PUBLISH that mochi is about to write to l, and reports whether it may go out now, with
// its identifier set. If not, the session has it, or it was dropped. In virtual time it is always the
// session that sends it: mochi writes to all subscribers at once, each on a goroutine.
func (s *session) gate(l *link, pk *packets.Packet) bool {
	s.mu.Lock()
	ahead := slices.ContainsFunc(s.queue, func(m *message) bool {
		return m.state == waiting && m.due && (pk.FixedHeader.Qos == 0 || m.handle != pk.PacketID)
	})
	var m *message
	if pk.FixedHeader.Qos > 0 {
		if m = s.byHandle(pk.PacketID); m == nil {
			s.mu.Unlock()
			return false // dropped, or sent from the queue already
		}
		m.due = true
	}
	if !ahead && !s.pumping && s.live == l && l.wait == nil && s.sendable(pk) {
		if m != nil {
			s.markSent(m)
			pk.PacketID = m.id
		}
		s.mu.Unlock()
		return true
	}
	if m == nil {
		if s.waiting() >= s.b.cfg.Pending {
			s.b.lose(s.dropped(pk, "queue full"))
		} else {
			s.add(&message{pk: *pk, due: true})
		}
	}
	s.mu.Unlock()
	if l.wait != nil {
		s.await(l)
	} else {
		s.pump()
	}
	return false
}

func (s *session) byHandle(handle uint16) *message {
	for _, m := range s.queue {
		if m.state == waiting && m.handle == handle {
			return m
		}
	}
	return nil
}

// sendable reports whether the client's window has room [MQTT-3.3.4-9]. The caller holds mu.
func (s *session) sendable(pk *packets.Packet) bool {
	return pk.FixedHeader.Qos == 0 || s.unacked < s.window
}

// writable reports whether the connection has room for a message. The caller holds mu.
func (s *session) writable(l *link) bool {
	switch {
	case l.wait == nil:
		return true
	case l.room != nil:
		return l.room.Writable()
	}
	credit := s.credit
	s.credit = false
	return credit
}

// markSent gives the message an identifier and counts it. The caller holds mu.
func (s *session) markSent(m *message) {
	if m.pk.FixedHeader.Qos == 0 {
		s.remove(m)
		return
	}
	s.unacked++
	if m.id == 0 {
		m.id = s.nextID()
	}
	m.state = max(sent, m.before)
	m.pk.FixedHeader.Dup = m.before >= sent // [MQTT-3.3.1-1]
	m.pk.PacketID = m.id
}

func (s *session) nextID() uint16 {
	for {
		s.lastID++
		if s.lastID != 0 && !slices.ContainsFunc(s.queue, func(m *message) bool { return m.id == s.lastID }) {
			return s.lastID
		}
	}
}

func (s *session) remove(m *message) {
	if i := slices.Index(s.queue, m); i >= 0 {
		s.queue = slices.Delete(s.queue, i, i+1)
	}
	if len(s.queue) == 0 {
		s.queue = nil
	}
}

// pump sends what waits, in order, as far as the window and the connection allow. It may be called
// at any time by any goroutine; one of them does the work.
func (s *session) pump() {
	s.mu.Lock()
	if s.pumping {
		s.mu.Unlock()
		return
	}
	s.pumping = true
	var full *link
	for s.live != nil && full == nil {
		m := s.next()
		if m == nil || !s.sendable(&m.pk) {
			break
		}
		if !s.writable(s.live) {
			full = s.live
			break
		}
		s.send(m)
	}
	s.pumping = false
	s.mu.Unlock()
	if full != nil {
		s.await(full)
	}
}

// send writes a message. The caller holds mu, which send gives up meanwhile.
func (s *session) send(m *message) {
	l := s.live
	s.markSent(m)
	pk := m.pk
	if m.state == released {
		pk = packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pubrel, Qos: 1}, PacketID: m.id}
	}
	pk.Ignore = true // it has passed the gate
	s.mu.Unlock()
	err := l.client.WritePacket(pk)
	s.mu.Lock()
	switch {
	case errors.Is(err, packets.ErrPacketTooLarge):
		s.tooLarge(m)
	case m.pk.FixedHeader.Qos == 0: // out of the queue since it was marked as sent
		*m = message{}
		s.b.spare.Put(m)
	}
}

func (s *session) next() *message {
	for _, m := range s.queue {
		if m.state == waiting && m.due {
			return m
		}
	}
	return nil
}

// tooLarge drops a message that the client does not take [MQTT-3.1.2-25]. The caller holds mu.
func (s *session) tooLarge(m *message) {
	if m.state == sent {
		s.unacked--
	}
	s.remove(m)
	s.drop(&m.pk, packets.ErrPacketTooLarge.Reason)
}

// acknowledge takes the client's answer to a message and reports whether there was such a message.
// The caller calls pump when mochi is through with the packet.
func (s *session) acknowledge(pk *packets.Packet) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.queue, func(m *message) bool { return m.id == pk.PacketID && m.state != waiting })
	if i < 0 {
		return false
	}
	m := s.queue[i]
	if pk.FixedHeader.Type == packets.Pubrec && pk.ReasonCode < packets.ErrUnspecifiedError.Code {
		m.state = released
		return true
	}
	s.unacked--
	s.remove(m)
	if pk.FixedHeader.Type == packets.Pubrec {
		s.drop(&m.pk, "refused by the client")
	}
	return true
}

// establish lets messages flow: what an earlier connection left comes first.
func (s *session) establish(l *link) {
	s.mu.Lock()
	s.live, s.device, s.unacked, s.credit = l, l.device, 0, false
	s.mu.Unlock()
	s.makeDue()
	s.pump()
}

// makeDue is called where messages are, or may be, in no queue but the session's.
func (s *session) makeDue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.queue {
		m.due = true
	}
}

// detach ends the flow. Messages of QoS 0 are lost with the connection.
func (s *session) detach() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = nil
	var kept []*message
	for _, m := range s.queue {
		if m.pk.FixedHeader.Qos == 0 {
			s.drop(&m.pk, "disconnected")
			continue
		}
		if m.state != waiting {
			m.before, m.state = m.state, waiting
		}
		kept = append(kept, m)
	}
	s.queue, s.unacked = kept, 0
}

// discard drops every message.
func (s *session) discard(cause string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.age.Stop()
	for _, m := range s.queue {
		s.drop(&m.pk, cause)
	}
	s.queue, s.unacked = nil, 0
}
