package broker

import (
	"errors"
	"slices"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/twinrig/twinrig/internal/trace"
)

// Where an inline client's message comes from, kept as its listener.
const (
	originPublish = "publish"
	originWill    = "will"
)

// hook is all of the broker's hooks in mochi.
type hook struct {
	mqtt.HookBase
	b        *Broker
	provides [64]bool
}

func newHook(b *Broker) *hook {
	h := &hook{b: b}
	for _, event := range []byte{
		mqtt.OnConnect, mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnSessionEstablish, mqtt.OnSessionEstablished,
		mqtt.OnDisconnect, mqtt.OnWill, mqtt.OnPacketRead, mqtt.OnPacketProcessed, mqtt.OnPacketEncode, mqtt.OnPacketSent,
		mqtt.OnSubscribe, mqtt.OnSubscribed, mqtt.OnSelectSubscribers, mqtt.OnPublish, mqtt.OnPublishDropped,
		mqtt.OnRetainMessage, mqtt.OnQosPublish, mqtt.OnPublished, mqtt.OnUnsubscribed,
	} {
		h.provides[event] = true
	}
	return h
}

// ID names the hook in mochi.
func (h *hook) ID() string { return "twinrig" }

// Provides tells mochi which events to call the hook for.
func (h *hook) Provides(event byte) bool { return h.provides[event] }

// OnPacketRead sees a packet before mochi acts on it.
func (h *hook) OnPacketRead(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	l := linkOf(cl)
	if l.paced {
		l.pause(0)
	}
	switch pk.FixedHeader.Type {
	case packets.Connect:
		l.connect(cl, &pk)
	case packets.Publish:
		if err := l.pace(&pk); err != nil {
			return pk, errors.Join(packets.ErrRejectPacket, err) // the one error that mochi heeds here
		}
		l.publish, l.settled = publicationOf(&pk), false
	case packets.Puback, packets.Pubrec, packets.Pubcomp:
		l.acknowledge(&pk)
	}
	return pk, nil
}

// OnPacketProcessed is called when mochi has acted on a packet.
func (h *hook) OnPacketProcessed(cl *mqtt.Client, pk packets.Packet, _ error) {
	l := linkOf(cl)
	switch {
	case l == nil:
	case pk.FixedHeader.Type == packets.Publish:
		if !l.settled {
			l.dropPublish(unaccepted(&pk))
		}
		l.publish = publication{}
	case pk.FixedHeader.Type == packets.Puback:
		if l.pubrel != nil {
			cl.WritePacket(*l.pubrel) //nolint:errcheck // a connection that ends shows when it is read
			l.pubrel = nil
		}
		l.session.pump()
	}
}

// OnPacketEncode sees a packet before mochi encodes it, and before it takes the client's lock.
func (h *hook) OnPacketEncode(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	l := linkOf(cl)
	if l == nil {
		return pk
	}
	switch pk.FixedHeader.Type {
	case packets.Publish:
		if !pk.Ignore && !l.session.gate(l, &pk) {
			return withheld(pk)
		}
	case packets.Pubrec:
		if pk.ReasonCode == packets.ErrPacketIdentifierInUse.Code {
			// The client repeats a PUBLISH, as it must when it saw no PUBREC [MQTT-4.3.3-10].
			pk.ReasonCode, pk.Properties.ReasonString = packets.CodeSuccess.Code, ""
		}
	case packets.Suback:
		for i, code := range pk.ReasonCodes {
			if cl.Properties.ProtocolVersion < 5 && code > packets.ErrUnspecifiedError.Code {
				pk.ReasonCodes[i] = packets.ErrUnspecifiedError.Code // the one failure of 3.1.1 (3.9.3)
			}
		}
	case packets.Connack:
		return h.b.connack(cl, pk)
	case packets.Disconnect:
		if cl.Properties.ProtocolVersion < 5 {
			return withheld(pk) // 3.1.1 has no DISCONNECT from the server (3.14)
		}
	}
	return pk
}

// withheld makes mochi give a packet up: it does not encode this type.
func withheld(pk packets.Packet) packets.Packet {
	pk.FixedHeader.Type = packets.Reserved
	return pk
}

// OnPacketSent is called when a packet was written.
func (h *hook) OnPacketSent(cl *mqtt.Client, pk packets.Packet, _ []byte) {
	l := linkOf(cl)
	switch pk.FixedHeader.Type {
	case packets.Publish:
		h.b.emit(messageEvent(l.device, l.id, trace.Deliver, &pk))
	case packets.Suback:
		l.sendRetained(pk.ReasonCodes)
	case packets.Connack:
		l.connacked(&pk)
	}
}

// publication is what the trace says of a PUBLISH. A packet is a kilobyte: none is kept, nor allocated, for it.
type publication struct {
	topic       string
	payload     []byte
	qos         byte
	retain, dup bool
}

func publicationOf(pk *packets.Packet) publication {
	return publication{pk.TopicName, pk.Payload, pk.FixedHeader.Qos, pk.FixedHeader.Retain, pk.FixedHeader.Dup}
}

func (p publication) event(device, client string, kind trace.Kind) trace.Event {
	return trace.Event{Device: device, Kind: kind, Client: client, Topic: p.topic, Payload: p.payload, QoS: p.qos, Retain: p.retain, Dup: p.dup}
}

// messageEvent is an event about a PUBLISH.
func messageEvent(device, client string, kind trace.Kind, pk *packets.Packet) trace.Event {
	return publicationOf(pk).event(device, client, kind)
}

// sender returns the device and the client id that a message comes from.
func sender(cl *mqtt.Client) (device, client string) {
	if l := linkOf(cl); l != nil {
		return l.device, l.id
	}
	return cl.Net.Remote, cl.ID
}

// OnPublish is called when a message is accepted, before it is acknowledged, kept and routed.
// Nothing may be recorded of its sender after that, for the sender may be a subscriber as well.
func (h *hook) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	l := linkOf(cl)
	if l != nil {
		l.settled = true
	}
	if cl.Net.Listener != originWill {
		device, client := sender(cl)
		h.b.emit(messageEvent(device, client, trace.Publish, &pk))
	}
	if l != nil && l.takeOver(cl, &pk) {
		return pk, packets.CodeSuccessIgnore
	}
	return pk, nil
}

// unaccepted says why mochi took no notice of a PUBLISH.
func unaccepted(pk *packets.Packet) string {
	if !mqtt.IsValidFilter(pk.TopicName, true) {
		return packets.ErrTopicNameInvalid.Reason
	}
	if pk.FixedHeader.Qos == 2 {
		return "repeated" // [MQTT-4.3.3-10]
	}
	return packets.ErrUnspecifiedError.Reason
}

func (l *link) dropPublish(cause string) {
	l.settled = true
	e := l.publish.event(l.device, l.id, trace.Drop)
	e.Cause = cause
	l.b.emit(e)
}

// OnRetainMessage is called when a message is kept as its topic's retained message, or removes it.
func (h *hook) OnRetainMessage(cl *mqtt.Client, pk packets.Packet, changed int64) {
	h.b.watchRetained(&pk)
	if changed == 0 {
		return // there was nothing to remove
	}
	device, client := sender(cl)
	h.b.emit(trace.Event{Device: device, Kind: trace.Retain, Client: client, Topic: pk.TopicName, Payload: pk.Payload})
}

// OnQosPublish is called when a message of QoS 1 or 2 is routed to a client, or an acknowledgement is
// due to one.
func (h *hook) OnQosPublish(cl *mqtt.Client, pk packets.Packet, _ int64, _ int) {
	if l := linkOf(cl); l != nil && pk.FixedHeader.Type == packets.Publish {
		cl.State.Inflight.Delete(pk.PacketID) // the session has it
		l.session.route(pk)
	}
}

// OnPublishDropped is called when mochi's own queue of a client is full.
func (h *hook) OnPublishDropped(cl *mqtt.Client, pk packets.Packet) {
	s := linkOf(cl).session
	if pk.FixedHeader.Qos > 0 && s.has(&pk) {
		s.makeDue() // it goes out from the session's queue
		return
	}
	s.lost(&pk, "queue full")
}

// OnSelectSubscribers picks one member of each shared subscription: the next in the order of client
// ids, among the connected ones where there are any.
func (h *hook) OnSelectSubscribers(subs *mqtt.Subscribers, _ packets.Packet) *mqtt.Subscribers {
	subs.SharedSelected = map[string]packets.Subscription{}
	for _, filter := range sortedKeys(subs.Shared) {
		members := sortedKeys(subs.Shared[filter])
		online := slices.DeleteFunc(slices.Clone(members), func(id string) bool {
			cl, ok := h.b.server.Clients.Get(id)
			return !ok || cl.Closed()
		})
		if len(online) > 0 {
			members = online
		}
		h.b.mu.Lock()
		id := members[h.b.turns[filter]%len(members)]
		h.b.turns[filter]++
		h.b.mu.Unlock()
		sub := subs.Shared[filter][id]
		if other, ok := subs.SharedSelected[id]; ok {
			sub = other.Merge(sub)
		}
		subs.SharedSelected[id] = sub
	}
	return subs
}

// OnACLCheck decides whether a client may publish to a topic, subscribe to a filter, or be sent a message.
func (h *hook) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	l := linkOf(cl)
	if h.b.cfg.Open || l == nil || l.identity != nil && l.identity.May(topic) {
		return true
	}
	if write {
		l.dropPublish(packets.ErrNotAuthorized.Reason)
	}
	return false
}
