package broker

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/twinrig/twinrig/internal/trace"
)

// errWill ends a connection whose will is not allowed.
var errWill = errors.New("broker: the will's topic is not authorized")

// connect sees the CONNECT.
func (l *link) connect(cl *mqtt.Client, pk *packets.Packet) {
	if l.client != nil {
		l.twice = true
		return
	}
	c := &pk.Connect
	b := l.b
	b.mu.Lock()
	l.client = cl
	if c.ClientIdentifier == "" && (c.Clean || pk.ProtocolVersion == 5) {
		// The broker must choose one [MQTT-3.1.3-6], and mochi's would differ in every run.
		b.assigned++
		c.ClientIdentifier, l.assigned = fmt.Sprintf("assigned-%d", b.assigned), true
	}
	l.id = c.ClientIdentifier
	if ids := b.byClient[l.id]; l.device == "" && len(ids) > 0 {
		l.device = ids[0].Device
	}
	b.mu.Unlock()
	l.keepalive = time.Duration(c.Keepalive) * time.Second
	text := map[byte]string{3: "v3.1", 4: "v3.1.1", 5: "v5"}[pk.ProtocolVersion]
	b.emit(trace.Event{Device: l.device, Kind: trace.Connect, Client: l.id, Count: int64(c.Keepalive),
		Text: cmp.Or(text, fmt.Sprintf("version %d", pk.ProtocolVersion)) + map[bool]string{true: " clean", false: " resume"}[c.Clean]})
}

// OnConnect is called when a CONNECT is well formed. An error closes the connection.
func (h *hook) OnConnect(cl *mqtt.Client, pk packets.Packet) error {
	l := linkOf(cl)
	if l.assigned {
		cl.Properties.Props.AssignedClientID = l.id // [MQTT-3.2.2-16]
	}
	if reason, ok := h.b.admit(l); !ok {
		return h.b.refuse(cl, l, reason)
	}
	if err := l.answerConnect(); err != nil {
		return err
	}
	if h.b.cfg.Open {
		return nil
	}
	for _, id := range h.b.byClient[l.id] {
		if id.Username == string(pk.Connect.Username) && id.Password == string(pk.Connect.Password) {
			l.identity = id
		}
	}
	if l.identity != nil && pk.Connect.WillFlag && !l.identity.May(pk.Connect.WillTopic) {
		return errors.Join(errWill, h.b.server.SendConnack(cl, packets.ErrNotAuthorized, false, nil))
	}
	return nil
}

// OnConnectAuthenticate decides whether the client is who it says.
func (h *hook) OnConnectAuthenticate(cl *mqtt.Client, _ packets.Packet) bool {
	return h.b.cfg.Open || linkOf(cl).identity != nil
}

// connack makes a CONNACK say what the client's version of the protocol can say.
func (b *Broker) connack(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	if cl.Properties.ProtocolVersion == 5 {
		pk.Properties.MaximumPacketSize = b.cfg.PacketSize
		return pk
	}
	if reason := linkOf(cl).refused; reason.Code != 0 {
		pk.ReasonCode = returnCode(reason.Code)
		return pk
	}
	if pk.ReasonCode < packets.ErrUnspecifiedError.Code {
		return pk
	}
	switch pk.ReasonCode { // the return codes of 3.1.1 (3.2.2.3)
	case packets.ErrUnsupportedProtocolVersion.Code:
		pk.ReasonCode = packets.Err3UnsupportedProtocolVersion.Code
	case packets.ErrUnspecifiedError.Code, packets.ErrClientIdentifierNotValid.Code:
		pk.ReasonCode = packets.Err3ClientIdentifierNotValid.Code // [MQTT-3.1.3-8]: no id, and no clean session
	case packets.ErrServerUnavailable.Code, packets.ErrServerBusy.Code:
		pk.ReasonCode = packets.Err3ServerUnavailable.Code
	case packets.ErrNotAuthorized.Code:
		pk.ReasonCode = packets.Err3NotAuthorized.Code
	default:
		if cl.Properties.ProtocolVersion == 3 || cl.Properties.ProtocolVersion == 4 {
			return withheld(pk) // a protocol violation closes the connection without a word [MQTT-3.1.4-1]
		}
		pk.ReasonCode = packets.Err3UnsupportedProtocolVersion.Code // [MQTT-3.1.2-2]
	}
	return pk
}

// connacked records the CONNACK.
func (l *link) connacked(pk *packets.Packet) {
	cause := "success"
	if pk.ReasonCode != 0 {
		cause = [...]string{1: packets.ErrUnsupportedProtocolVersion.Reason, packets.ErrClientIdentifierNotValid.Reason,
			packets.ErrServerUnavailable.Reason, packets.ErrBadUsernameOrPassword.Reason, packets.ErrNotAuthorized.Reason,
			6: pk.Properties.ReasonString}[min(pk.ReasonCode, 6)]
		if l.refused.Code != 0 {
			cause = l.refused.Reason
		}
		l.refusal = cause
	}
	l.b.emit(trace.Event{Device: l.device, Kind: trace.Connack, Client: l.id, Cause: cause})
}

// OnSessionEstablish is called when a client is accepted, before its session is looked for. Another
// connection of the same client id ends here, completely, so that nothing of it happens afterwards.
func (h *hook) OnSessionEstablish(cl *mqtt.Client, pk packets.Packet) {
	l := linkOf(cl)
	s := h.b.own(l)
	props := &cl.Properties.Props
	if d := props.SessionExpiryInterval; d < cl.Properties.Will.WillDelayInterval {
		cl.Properties.Will.WillDelayInterval = d // a will is due when the session ends (3.1.3.2.2)
	}
	l.will = cl.Properties.Will
	old, ok := h.b.server.Clients.Get(l.id)
	if ok && !pk.Connect.Clean {
		for _, pk := range old.State.Inflight.GetAll(false) {
			if pk.FixedHeader.Type == packets.Pubrec {
				l.inbound = append(l.inbound, pk)
			}
			old.State.Inflight.Delete(pk.PacketID)
		}
		h.b.mu.Lock()
		s.delayed.Stop()
		s.will = delayedWill{} // [MQTT-3.1.3-9]
		h.b.mu.Unlock()
	} else {
		s.discard("session discarded")
		h.b.sendDelayed(s)
	}
	props.TopicAliasMaximum = 0         // a dropped message must not be the one that names the alias
	cl.State.Inflight.ResetSendQuota(0) // the session counts
	s.mu.Lock()
	s.device, s.window = l.device, h.b.cfg.Inflight
	if props.ReceiveMaximum > 0 {
		s.window = min(s.window, int(props.ReceiveMaximum))
	}
	s.mu.Unlock()
}

// own returns the session of the link's client id, with the link as its owner.
func (b *Broker) own(l *link) *session {
	for {
		b.mu.Lock()
		s := b.sessions[l.id]
		if s == nil {
			s = &session{b: b, id: l.id}
			b.sessions[l.id] = s
		}
		if s.link == nil {
			s.link, l.session = l, s
			s.expiry.Stop()
			b.mu.Unlock()
			return s
		}
		old := s.link
		b.mu.Unlock()
		old.stop(packets.ErrSessionTakenOver, false) // [MQTT-3.1.4-3]
	}
}

// OnSessionEstablished is called after the CONNACK.
func (h *hook) OnSessionEstablished(cl *mqtt.Client, _ packets.Packet) {
	l := linkOf(cl)
	for _, pk := range l.inbound {
		cl.State.Inflight.Set(pk)
	}
	l.inbound = nil
	h.b.mu.Lock()
	l.established = true
	h.b.mu.Unlock()
	l.session.establish(l)
}

// OnWill is called when a connection ends without a DISCONNECT, before the will is sent.
func (h *hook) OnWill(cl *mqtt.Client, will mqtt.Will) (mqtt.Will, error) {
	l := linkOf(cl)
	l.endBeforeWill(cl)
	if will.WillDelayInterval > 0 {
		h.b.delay(l, time.Duration(will.WillDelayInterval)*time.Second)
	} else {
		h.b.emitWill(l.device, l.id, will)
	}
	return will, nil
}

// endBeforeWill ends the connection before its will is sent.
func (l *link) endBeforeWill(cl *mqtt.Client) {
	if !l.twice {
		// The client may be subscribed to its own will, and mochi closes only afterwards.
		cl.Stop(nil)
	}
	if l.readErr != nil {
		l.emitDisconnect(l.readErr)
	}
}

// OnDisconnect is called when the connection of an accepted client has ended.
func (h *hook) OnDisconnect(cl *mqtt.Client, err error, expire bool) {
	h.b.letGo(linkOf(cl), err, expire)
}

// letGo parts a connection from its session; expire says that the session ends with it.
func (b *Broker) letGo(l *link, err error, expire bool) {
	l.ended = true
	l.emitDisconnect(err)
	s := l.session
	s.detach()
	if expire {
		s.discard("session ended")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	l.established = false
	if expire {
		delete(b.sessions, s.id)
	} else if d, ok := sessionExpiry(l.client); ok {
		s.expiry = b.after(d, func() { b.retire(s) })
	}
}

// acknowledge takes a client's answer to a message. mochi has no part in it, and gets an
// acknowledgement of nothing instead.
func (l *link) acknowledge(pk *packets.Packet) {
	known := l.session.acknowledge(pk)
	if pk.FixedHeader.Type == packets.Pubrec && pk.ReasonCode < packets.ErrUnspecifiedError.Code {
		l.pubrel = &packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pubrel, Qos: 1}, PacketID: pk.PacketID}
		if !known {
			l.pubrel.ReasonCode = packets.ErrPacketIdentifierNotFound.Code
		}
	}
	pk.FixedHeader.Type, pk.PacketID = packets.Puback, 0
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
