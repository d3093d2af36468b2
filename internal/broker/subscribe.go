package broker

import (
	"cmp"
	"slices"
	"strings"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/twinrig/twinrig/internal/trace"
)

// subscribing is a subscription whose SUBACK is not out yet.
type subscribing struct {
	packets.Subscription
	existed bool
}

// OnSubscribe keeps mochi from sending retained messages: they follow the SUBACK, in order.
func (h *hook) OnSubscribe(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	l := linkOf(cl)
	l.subscribes()
	l.subscribing = nil
	pk.Filters = slices.Clone(pk.Filters)
	for i, f := range pk.Filters {
		_, existed := cl.State.Subscriptions.Get(f.Filter)
		l.subscribing = append(l.subscribing, subscribing{f, existed})
		pk.Filters[i].RetainHandling = 2
	}
	return pk
}

// OnSubscribed is called before the SUBACK.
func (h *hook) OnSubscribed(cl *mqtt.Client, pk packets.Packet, codes []byte) {
	h.b.changes.Add(1)
	l := linkOf(cl)
	for i, f := range pk.Filters {
		e := trace.Event{Device: l.device, Kind: trace.Subscribe, Client: l.id, Topic: f.Filter, QoS: codes[i]}
		if codes[i] >= packets.ErrUnspecifiedError.Code {
			e.QoS, e.Cause = f.Qos, h.refused(cl, f)
		}
		h.b.emit(e)
	}
}

// refused says why a subscription is not granted; 3.1.1 has one code for all reasons.
func (h *hook) refused(cl *mqtt.Client, f packets.Subscription) string {
	switch {
	case !mqtt.IsValidFilter(f.Filter, false):
		return packets.ErrTopicFilterInvalid.Reason
	case f.NoLocal && mqtt.IsSharedFilter(f.Filter):
		return packets.ErrProtocolViolationInvalidSharedNoLocal.Reason
	case !h.OnACLCheck(cl, f.Filter, false):
		return packets.ErrNotAuthorized.Reason
	}
	return packets.ErrPacketIdentifierInUse.Reason
}

// sendRetained queues the retained messages that answer the subscriptions just granted.
func (l *link) sendRetained(codes []byte) {
	for i, f := range l.subscribing {
		if codes[i] >= packets.ErrUnspecifiedError.Code || mqtt.IsSharedFilter(f.Filter) ||
			f.RetainHandling == 2 || f.RetainHandling == 1 && f.existed { // [MQTT-3.3.1-10] [MQTT-3.3.1-11]
			continue
		}
		for _, kept := range l.b.retainedFor(f.Filter) {
			out := kept.Copy(false)
			out.FixedHeader.Retain = true // [MQTT-3.3.1-8]
			out.FixedHeader.Qos = min(out.FixedHeader.Qos, codes[i])
			if f.Identifier > 0 {
				out.Properties.SubscriptionIdentifier = []int{f.Identifier} // [MQTT-3.3.4-3]
			}
			l.session.mu.Lock()
			l.session.add(&message{pk: out, due: true})
			l.session.mu.Unlock()
		}
	}
	l.subscribing = nil
	l.session.pump()
}

// retainedFor returns the retained messages that a filter matches, sorted by topic.
func (b *Broker) retainedFor(filter string) []packets.Packet {
	found := b.server.Topics.Messages(filter)
	if parent, ok := strings.CutSuffix(filter, "/#"); ok {
		found = append(found, b.server.Topics.Messages(parent)...) // mochi leaves it out (4.7.1.2)
	}
	slices.SortFunc(found, func(a, b packets.Packet) int { return cmp.Compare(a.TopicName, b.TopicName) })
	return slices.CompactFunc(found, func(a, b packets.Packet) bool { return a.TopicName == b.TopicName })
}
