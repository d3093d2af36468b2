package broker

import (
	"math"
	"slices"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

// delayedWill is a will that was not sent when its connection ended.
type delayedWill struct {
	client, device string
	will           mqtt.Will
}

// after runs f on the event loop, seconds from now.
func (b *Broker) after(d time.Duration, f func()) *vtime.Timer {
	return b.cfg.Source.After(d, vtime.Service, f)
}

// watchAge has the session's expired messages dropped, as soon as the first one is due. expiry is in
// seconds since 1970, 0 for never. The caller holds mu.
func (s *session) watchAge(expiry int64) {
	if expiry <= 0 || s.age.Pending() && s.ages <= expiry {
		return
	}
	s.age.Stop()
	s.ages = expiry
	// Times are kept in whole seconds: it is certain that a message has expired a second later.
	s.age = s.b.after(time.Until(time.Unix(expiry+1, 0)), s.expireMessages)
}

// expireMessages drops messages whose Message Expiry Interval has passed [MQTT-3.3.2-5].
func (s *session) expireMessages() {
	s.mu.Lock()
	now := time.Now().Unix()
	var next int64
	s.queue = slices.DeleteFunc(s.queue, func(m *message) bool {
		if m.pk.Expiry <= 0 || m.state == released || m.before == released {
			return false
		}
		if m.pk.Expiry >= now {
			if next == 0 || m.pk.Expiry < next {
				next = m.pk.Expiry
			}
			return false
		}
		if m.state == sent {
			s.unacked--
		}
		s.drop(&m.pk, "expired")
		return true
	})
	s.watchAge(next)
	s.mu.Unlock()
	s.pump()
}

// retire ends a session that nobody resumed in time [MQTT-4.1.0-2].
func (b *Broker) retire(s *session) {
	b.mu.Lock()
	if s.link != nil || b.sessions[s.id] != s {
		b.mu.Unlock()
		return
	}
	delete(b.sessions, s.id)
	b.mu.Unlock()
	if cl, ok := b.server.Clients.Get(s.id); ok {
		b.server.UnsubscribeClient(cl)
		b.server.Clients.Delete(s.id)
	}
	s.discard("session expired")
	b.sendDelayed(s) // [MQTT-3.1.3-9]
}

// sessionExpiry is how long a session outlives its connection; ok is false where it never ends.
func sessionExpiry(cl *mqtt.Client) (d time.Duration, ok bool) {
	if cl.Properties.ProtocolVersion < 5 || cl.Properties.Props.SessionExpiryInterval == math.MaxUint32 {
		return 0, false
	}
	return time.Duration(cl.Properties.Props.SessionExpiryInterval) * time.Second, true
}

// delay puts a will off.
func (b *Broker) delay(l *link, d time.Duration) {
	s := l.session
	b.mu.Lock()
	defer b.mu.Unlock()
	s.will = delayedWill{client: l.id, device: l.device, will: l.will}
	s.delayed = b.after(d, func() { b.sendDelayed(s) })
}

// sendDelayed sends the will that a session put off, if there is one: now, or when the broker starts.
func (b *Broker) sendDelayed(s *session) {
	b.mu.Lock()
	w := s.will
	s.will = delayedWill{}
	s.delayed.Stop()
	if w.client != "" && !b.running {
		b.deferred = append(b.deferred, w)
		w.client = ""
	}
	b.mu.Unlock()
	if w.client != "" {
		b.sendWill(w)
	}
}

// sendWill publishes a will whose client is gone.
func (b *Broker) sendWill(w delayedWill) {
	b.emitWill(w.device, w.client, w.will)
	err := b.server.InjectPacket(b.inline(w.client, w.device, originWill), packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: w.will.Qos, Retain: w.will.Retain},
		TopicName:   w.will.TopicName, Payload: w.will.Payload, PacketID: uint16(w.will.Qos),
		Properties: packets.Properties{User: w.will.User},
	})
	if err != nil {
		b.emit(trace.Event{Device: w.device, Kind: trace.Drop, Client: w.client, Topic: w.will.TopicName,
			Payload: w.will.Payload, QoS: w.will.Qos, Retain: w.will.Retain, Cause: err.Error()})
	}
}

// emitWill records that a will is sent. Subscribers see an ordinary message, so it is one in the
// trace too.
func (b *Broker) emitWill(device, client string, will mqtt.Will) {
	e := trace.Event{Device: device, Kind: trace.Will, Client: client, Topic: will.TopicName,
		Payload: slices.Clone(will.Payload), QoS: will.Qos, Retain: will.Retain}
	b.emit(e)
	e.Kind = trace.Publish
	b.emit(e)
}

// watchRetained has a retained message removed when it expires [MQTT-3.3.2-5].
func (b *Broker) watchRetained(pk *packets.Packet) {
	topic := pk.TopicName
	b.mu.Lock()
	defer b.mu.Unlock()
	b.retained[topic].Stop()
	delete(b.retained, topic)
	if len(pk.Payload) == 0 || pk.Expiry <= 0 {
		return
	}
	b.retained[topic] = b.after(time.Until(time.Unix(pk.Expiry+1, 0)), func() {
		b.mu.Lock()
		delete(b.retained, topic)
		b.mu.Unlock()
		b.server.Topics.RetainMessage(packets.Packet{TopicName: topic})
		b.emit(trace.Event{Kind: trace.Retain, Topic: topic, Cause: "expired"})
	})
}
