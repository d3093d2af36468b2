package broker

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/twinrig/twinrig/internal/trace"
)

// backendID is the client id in events about messages that Publish sent for nobody.
const backendID = "backend"

// ErrStopped means that the broker is stopped.
var ErrStopped = errors.New("broker: stopped")

// Message is what Publish publishes.
type Message struct {
	Topic      string
	Payload    []byte
	QoS        byte // 0 to 2
	Retain     bool
	Properties map[string]string // user properties; subscribers with 3.1.1 do not see them
	As         string            // a device: sent in its name, and its ACL counts; "": the backend, which may do all
}

// Publish publishes a message as if a client had sent it. What the device's ACL forbids is not an
// error but a drop event, as it is for the device.
func (b *Broker) Publish(m Message) error {
	if !b.Running() {
		return fmt.Errorf("%w: publish to %s", ErrStopped, m.Topic)
	}
	if m.QoS > 2 {
		return fmt.Errorf("broker: publish to %s: QoS %d does not exist", m.Topic, m.QoS)
	}
	if m.Topic == "" || !mqtt.IsValidFilter(m.Topic, true) {
		return fmt.Errorf("broker: publish to %q: not a topic that may be published to", m.Topic)
	}
	pk := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: m.QoS, Retain: m.Retain},
		TopicName:   m.Topic, Payload: slices.Clone(m.Payload), PacketID: uint16(m.QoS),
	}
	for _, key := range sortedKeys(m.Properties) {
		pk.Properties.User = append(pk.Properties.User, packets.UserProperty{Key: key, Val: m.Properties[key]})
	}
	cl := b.backend
	if m.As != "" {
		id := b.devices[m.As]
		if id == nil {
			return fmt.Errorf("broker: publish to %s: there is no device %s", m.Topic, m.As)
		}
		if !b.cfg.Open && !id.May(m.Topic) {
			e := messageEvent(id.Device, id.ClientID, trace.Drop, &pk)
			e.Cause = packets.ErrNotAuthorized.Reason
			b.emit(e)
			return nil
		}
		cl = b.inline(id.ClientID, id.Device, originPublish)
	}
	if err := b.server.InjectPacket(cl, pk); err != nil {
		return fmt.Errorf("broker: publish to %s: %w", m.Topic, err)
	}
	return nil
}

// inline returns a client without a connection, in whose name messages can be published.
func (b *Broker) inline(id, device, origin string) *mqtt.Client {
	cl := b.server.NewClient(nil, origin, id, true)
	cl.Net.Remote = device
	cl.Properties.ProtocolVersion = 5
	return cl
}

// Stop disconnects all clients (version 5: server shutting down) and takes no more. Sessions that
// outlive a connection, what waits for them, and retained messages are kept. Wills are deferred until
// the broker starts, as 3.1.2.5 allows.
func (b *Broker) Stop() {
	if b.halt() {
		b.emit(trace.Event{Kind: trace.Broker, Name: "stop"})
		b.disconnectAll()
	}
}

// Start lets a stopped broker take connections again, on the same TCP addresses.
func (b *Broker) Start() error { return b.start("start") }

// Restart stops and starts.
func (b *Broker) Restart() error {
	if b.halt() {
		b.disconnectAll()
	}
	return b.start("restart")
}

// halt refuses connections from now on and reports whether the broker was running.
func (b *Broker) halt() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.running {
		return false
	}
	b.running = false
	for _, l := range b.listeners {
		l.shut()
	}
	return true
}

// disconnectAll ends every connection, one after the other in the order they came in.
func (b *Broker) disconnectAll() {
	b.mu.Lock()
	links := make([]*link, 0, len(b.links))
	for l := range b.links {
		links = append(links, l)
	}
	slices.SortFunc(links, func(a, b *link) int { return cmp.Compare(a.number, b.number) })
	for _, l := range links {
		if l.established && l.will.Flag != 0 && l.will.WillDelayInterval == 0 {
			b.deferred = append(b.deferred, delayedWill{client: l.id, device: l.device, will: l.will})
		}
	}
	b.mu.Unlock()
	for _, l := range links {
		l.stop(packets.ErrServerShuttingDown, true)
	}
}

func (b *Broker) start(name string) error {
	b.mu.Lock()
	if b.running {
		b.mu.Unlock()
		return errors.New("broker: it is running already")
	}
	for _, l := range b.listeners {
		if err := l.open(); err != nil {
			for _, l := range b.listeners {
				l.shut()
			}
			b.mu.Unlock()
			return err
		}
	}
	b.running = true
	wills := b.deferred
	b.deferred = nil
	b.mu.Unlock()
	b.emit(trace.Event{Kind: trace.Broker, Name: name})
	for _, w := range wills {
		b.sendWill(w)
	}
	return nil
}

// Kick disconnects a device (version 5: administrative action). Its will is sent.
func (b *Broker) Kick(device string) error {
	return b.KickFor(device, packets.ErrAdministrativeAction.Code, packets.ErrAdministrativeAction.Reason)
}

// KickFor is Kick with a reason code of MQTT 5 and its name.
func (b *Broker) KickFor(device string, code byte, name string) error {
	links := b.linksOf(device)
	if len(links) == 0 {
		return fmt.Errorf("broker: kick %s: it is not connected", device)
	}
	b.emit(trace.Event{Device: device, Kind: trace.Broker, Name: "kick"})
	for _, l := range links {
		l.kicked.Store(true)
		l.stop(packets.Code{Code: code, Reason: name}, false)
	}
	return nil
}

// linksOf returns the connections of a device that were accepted, oldest first.
func (b *Broker) linksOf(device string) []*link {
	b.mu.Lock()
	defer b.mu.Unlock()
	var links []*link
	for l := range b.links {
		if l.established && l.device == device {
			links = append(links, l)
		}
	}
	slices.SortFunc(links, func(a, b *link) int { return cmp.Compare(a.number, b.number) })
	return links
}

// Close stops the broker for good and waits until none of its goroutines is left.
func (b *Broker) Close() {
	if b.halt() {
		b.disconnectAll()
	}
	b.mu.Lock()
	b.listeners, b.deferred = nil, nil
	for _, t := range b.retained {
		t.Stop()
	}
	sessions := slices.Collect(maps.Values(b.sessions))
	for _, s := range sessions {
		s.expiry.Stop()
		s.delayed.Stop()
	}
	b.mu.Unlock()
	for _, s := range sessions {
		s.mu.Lock()
		s.age.Stop()
		s.mu.Unlock()
	}
	b.wg.Wait()
}
