package mqtt

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// outgoing is a message on its way to the broker.
type outgoing struct {
	Message
	done     func(error)
	id       uint16    // 0: never sent in this session
	released bool      // QoS 2: PUBREC came, PUBREL is what the broker waits for
	sent     time.Time // on this connection, with what it waits for; zero: not yet
}

// filter is a subscription, or an order to end one.
type filter struct {
	text   string
	qos    byte
	done   func(error)
	wanted bool // false: to be unsubscribed
	id     uint16
	sent   time.Time // on this connection and not answered; zero: not
	agreed bool      // the broker has answered
}

// resume prepares the session for a new connection.
func (c *Client) resume(present bool) {
	for _, f := range c.filters {
		f.sent = time.Time{}
		f.agreed = f.agreed && present
	}
	if !present {
		// The broker knows nothing: not what we took from it, and not what it took from us, but a
		// released message was its own already [MQTT-4.3.3-1].
		clear(c.received)
		unwanted := func(f *filter) bool { return !f.wanted }
		for _, f := range slices.Clone(c.filters) {
			if unwanted(f) {
				f.done(nil) // a new session has no subscriptions
			}
		}
		c.filters = slices.DeleteFunc(c.filters, unwanted)
	}
	for _, m := range slices.Clone(c.messages) {
		m.sent = time.Time{}
		switch {
		case m.released && !present:
			c.finish(m, nil)
		case !present:
			m.id = 0
		}
	}
}

// sendFilters sends SUBSCRIBE and UNSUBSCRIBE, a packet each.
func (c *Client) sendFilters(now time.Time) {
	for _, f := range c.filters {
		if f.agreed || !f.sent.IsZero() {
			continue
		}
		f.id, f.sent = c.newID(), now
		kind := packets.Subscribe
		if !f.wanted {
			kind = packets.Unsubscribe
		}
		c.send(&packets.Packet{
			FixedHeader: packets.FixedHeader{Type: kind}, PacketID: f.id,
			Filters: packets.Subscriptions{{Filter: f.text, Qos: f.qos}},
		})
	}
}

// sendMessages sends, in order, what was not sent on this connection, as far as the window lets it.
func (c *Client) sendMessages(now time.Time) {
	room := c.window
	for _, m := range c.messages {
		if m.QoS > 0 && !m.sent.IsZero() {
			room--
		}
	}
	for _, m := range slices.Clone(c.messages) {
		switch {
		case !m.sent.IsZero():
			continue
		case m.QoS == 0:
			c.send(m.packet())
			c.finish(m, nil)
			continue
		case room == 0:
			return // what follows waits too: order before QoS
		case m.released:
			c.send(reply(packets.Pubrel, m.id, 0))
		default:
			pk := m.packet()
			pk.FixedHeader.Dup = m.id != 0 // [MQTT-3.3.1-1]
			if m.id == 0 {
				m.id = c.newID()
			}
			pk.PacketID = m.id
			c.send(pk)
		}
		m.sent = now
		room--
	}
}

// forsake drops the messages of QoS 0, which are not worth waiting for a connection.
func (c *Client) forsake() {
	for _, m := range slices.Clone(c.messages) {
		if m.QoS == 0 {
			c.finish(m, ErrOffline)
		}
	}
}

func (m *outgoing) packet() *packets.Packet {
	return &packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: m.QoS, Retain: m.Retain},
		TopicName:   m.Topic, Payload: m.Payload,
	}
}

func reply(kind byte, id uint16, reason byte) *packets.Packet {
	return &packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: id, ReasonCode: reason}
}

// newID returns a packet identifier that nothing uses [MQTT-2.2.1-4].
func (c *Client) newID() uint16 {
	for {
		c.lastID++
		used := func(id uint16) bool { return id == c.lastID }
		if c.lastID != 0 &&
			!slices.ContainsFunc(c.messages, func(m *outgoing) bool { return used(m.id) }) &&
			!slices.ContainsFunc(c.filters, func(f *filter) bool { return used(f.id) && !f.sent.IsZero() }) {
			return c.lastID
		}
	}
}

// finish forgets a message and tells its publisher.
func (c *Client) finish(m *outgoing, err error) {
	i := slices.Index(c.messages, m)
	c.messages = slices.Delete(c.messages, i, i+1)
	m.done(err)
}

// oldestUnanswered returns when the packet that has waited longest for an answer was sent.
func (c *Client) oldestUnanswered() (at time.Time, ok bool) {
	older := func(t time.Time) {
		if !t.IsZero() && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	for _, m := range c.messages {
		older(m.sent)
	}
	for _, f := range c.filters {
		older(f.sent)
	}
	return at, ok
}

// take acts on a packet of an accepted connection. An error ends the connection.
func (c *Client) take(pk *packets.Packet) error {
	switch pk.FixedHeader.Type {
	case packets.Publish:
		c.receive(pk)
	case packets.Pubrel:
		delete(c.received, pk.PacketID)
		c.send(reply(packets.Pubcomp, pk.PacketID, 0))
	case packets.Puback, packets.Pubrec, packets.Pubcomp:
		c.acknowledged(pk)
	case packets.Suback, packets.Unsuback:
		return c.answered(pk)
	case packets.Pingresp:
		c.pinged = time.Time{}
	case packets.Disconnect:
		return &ReasonError{Packet: "DISCONNECT", Code: pk.ReasonCode}
	default:
		return fmt.Errorf("%w: %s on an accepted connection", ErrProtocol, packets.PacketNames[pk.FixedHeader.Type])
	}
	return nil
}

// receive passes a message on and acknowledges it.
func (c *Client) receive(pk *packets.Packet) {
	h := pk.FixedHeader
	_, again := c.received[pk.PacketID]
	if !(h.Qos == 2 && again) && c.cfg.OnMessage != nil { // [MQTT-4.3.3-2] a repetition of QoS 2 is not passed on
		c.cfg.OnMessage(Message{Topic: pk.TopicName, Payload: pk.Payload, QoS: h.Qos, Retain: h.Retain, Dup: h.Dup})
	}
	switch h.Qos {
	case 1:
		c.send(reply(packets.Puback, pk.PacketID, 0))
	case 2:
		c.received[pk.PacketID] = struct{}{}
		c.send(reply(packets.Pubrec, pk.PacketID, 0))
	}
}

// acknowledged takes PUBACK, PUBREC and PUBCOMP.
func (c *Client) acknowledged(pk *packets.Packet) {
	const notFound = 0x92
	kind := pk.FixedHeader.Type
	i := slices.IndexFunc(c.messages, func(m *outgoing) bool {
		return m.id == pk.PacketID && m.id != 0 && (m.QoS == 1) == (kind == packets.Puback)
	})
	if i < 0 {
		if kind == packets.Pubrec { // the broker waits for an end that we have forgotten
			c.send(reply(packets.Pubrel, pk.PacketID, notFound))
		}
		return
	}
	m := c.messages[i]
	var refused error
	if pk.ReasonCode >= 0x80 {
		refused = &ReasonError{Packet: strings.ToUpper(packets.PacketNames[kind]), Code: pk.ReasonCode}
	}
	if kind == packets.Pubrec && refused == nil {
		m.released, m.sent = true, time.Now()
		c.send(reply(packets.Pubrel, m.id, 0))
		return
	}
	if kind == packets.Pubcomp {
		refused = nil // the message was taken with PUBREC; the rest is book-keeping
	}
	c.finish(m, refused)
}

// answered takes SUBACK and UNSUBACK.
func (c *Client) answered(pk *packets.Packet) error {
	wanted := pk.FixedHeader.Type == packets.Suback
	i := slices.IndexFunc(c.filters, func(f *filter) bool {
		return f.id == pk.PacketID && f.wanted == wanted && !f.sent.IsZero()
	})
	if i < 0 {
		return nil // replaced meanwhile
	}
	if wanted && len(pk.ReasonCodes) != 1 { // [MQTT-3.8.4-5]
		return fmt.Errorf("%w: SUBACK with %d codes for one filter", ErrProtocol, len(pk.ReasonCodes))
	}
	f := c.filters[i]
	f.sent, f.agreed = time.Time{}, true
	if !wanted {
		c.filters = slices.Delete(c.filters, i, i+1)
	}
	var refused error
	for _, code := range pk.ReasonCodes {
		if code >= 0x80 {
			refused = &ReasonError{Packet: map[bool]string{true: "SUBACK", false: "UNSUBACK"}[wanted], Code: code}
		}
	}
	f.done(refused)
	return nil
}
