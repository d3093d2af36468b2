package broker

import (
	"maps"
	"slices"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// recipient is a client that the messages of a topic go to, and what its subscriptions say about them.
type recipient struct {
	client      string
	qos         byte // at most
	noLocal     bool // but its own
	asPublished bool // with the flag of retained messages
	identifiers []int
}

// route is whom the messages of a topic go to. Each connection keeps the one of its last PUBLISH: a device writes to
// one topic most of the time, and a look at all filters costs as much as the rest of a message's way.
type route struct {
	topic  string
	asOf   uint64 // the broker's count of changes to subscriptions that it was true at; 0: never
	shared bool   // some are for one member of a group, which is picked anew for each message
	to     []recipient
}

// OnUnsubscribed is called when subscriptions were taken back, also with the end of a session.
func (h *hook) OnUnsubscribed(*mqtt.Client, packets.Packet) { h.b.changes.Add(1) }

// routeFor returns whom the messages of a topic go to.
func (l *link) routeFor(topic string) *route {
	asOf := l.b.changes.Load() // before the look, which may be of a later state
	if l.route.asOf != asOf || l.route.topic != topic {
		l.route = newRoute(l.b.server.Topics.Subscribers(topic))
		l.route.topic, l.route.asOf = topic, asOf
	}
	return &l.route
}

func newRoute(subs *mqtt.Subscribers) (r route) {
	r.shared = len(subs.Shared) > 0
	for client, sub := range subs.Subscriptions {
		identifiers := slices.DeleteFunc(slices.Sorted(maps.Values(sub.Identifiers)), func(id int) bool { return id == 0 })
		r.to = append(r.to, recipient{client, sub.Qos, sub.NoLocal, sub.RetainAsPublished, identifiers})
	}
	return r
}

// direct reports whether every message of the route comes to its client by the session's queue alone. mochi's own queue,
// which a goroutine empties, is needed where a Write may block.
func (r *route) direct(b *Broker) bool {
	return !r.shared && !slices.ContainsFunc(r.to, func(to recipient) bool {
		cl, ok := b.server.Clients.Get(to.client)
		return ok && (linkOf(cl) == nil || linkOf(cl).wait == nil)
	})
}

// takeOver makes a message that was just accepted the broker's own to keep and to route, and reports whether it did.
// What mochi would do with it follows here and in OnPublished.
func (l *link) takeOver(cl *mqtt.Client, pk *packets.Packet) bool {
	r := l.routeFor(pk.TopicName)
	if l.routed = r.direct(l.b); l.routed && pk.FixedHeader.Retain { // mochi's Server.retainMessage [MQTT-3.3.1-5]
		changed := l.b.server.Topics.RetainMessage(pk.Copy(false))
		l.b.hook.OnRetainMessage(cl, *pk, changed)
	}
	return l.routed
}

// OnPublished is called when a message was acknowledged to its sender.
func (h *hook) OnPublished(cl *mqtt.Client, pk packets.Packet) {
	if l := linkOf(cl); l != nil && l.routed {
		l.routed = false
		for i := range l.route.to {
			h.b.pass(&pk, &l.route.to[i])
		}
	}
}

// pass is mochi's Server.publishToClient, past its own queue.
func (b *Broker) pass(pk *packets.Packet, to *recipient) {
	cl, ok := b.server.Clients.Get(to.client)
	if !ok || to.noLocal && pk.Origin == to.client { // [MQTT-3.8.3-3]
		return
	}
	l, out := linkOf(cl), pk.Copy(false)
	if !b.hook.OnACLCheck(cl, pk.TopicName, false) {
		l.session.lost(&out, packets.ErrNotAuthorized.Reason)
		return
	}
	out.FixedHeader.Retain = pk.FixedHeader.Retain && to.asPublished && cl.Properties.ProtocolVersion == 5 // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
	out.FixedHeader.Qos = min(out.FixedHeader.Qos, to.qos)
	if len(to.identifiers) > 0 {
		out.Properties.SubscriptionIdentifier = to.identifiers // [MQTT-3.3.4-3] [MQTT-3.3.4-4]
	}
	l.session.take(l, &out, !cl.Closed())
}

// take takes a message in that only the session's queue holds.
func (s *session) take(l *link, pk *packets.Packet, connected bool) {
	if pk.FixedHeader.Qos == 0 && !connected {
		s.lost(pk, "not connected")
		return
	}
	s.mu.Lock()
	full := s.waiting() >= s.b.cfg.Pending
	if full {
		s.b.lose(s.dropped(pk, "queue full"))
	} else {
		m, ok := s.b.spare.Get().(*message)
		if !ok {
			m = new(message)
		}
		m.pk, m.due = *pk, true
		s.add(m)
	}
	s.mu.Unlock()
	if connected && !full {
		s.await(l)
	}
}
