package mqtttest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Message is a PUBLISH that the broker accepted.
type Message struct {
	At          time.Time
	Client      string // its id
	Topic       string
	Payload     string
	QoS         byte
	Retain, Dup bool
}

// Client is a CONNECT that the broker accepted.
type Client struct {
	At        time.Time
	ID        string
	KeepAlive time.Duration
	Clean     bool
	Username  string
}

// Broker is mochi in memory. It lets everybody do everything.
type Broker struct {
	server *mochi.Server

	mu       sync.Mutex
	wires    []*Wire
	ends     []net.Conn
	down     bool
	closed   bool
	dials    []time.Time
	messages []Message
	clients  []Client
}

// NewBroker returns a broker that runs. Close it, or a bubble cannot end.
func NewBroker() (*Broker, error) {
	b := &Broker{server: mochi.New(&mochi.Options{
		Logger: slog.New(slog.DiscardHandler), InlineClient: true,
	})}
	if err := b.server.AddHook(&hook{b: b}, nil); err != nil {
		return nil, fmt.Errorf("mqtttest: %w", err)
	}
	return b, nil
}

// Dial connects to the broker at once; during an outage it waits for ctx to end, as when packets are
// lost. It is a twin.Config's Dial.
func (b *Broker) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	b.mu.Lock()
	b.dials = append(b.dials, time.Now())
	if b.down {
		b.mu.Unlock()
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	defer b.mu.Unlock()
	if b.closed {
		return nil, syscall.ECONNREFUSED
	}
	w, client, broker := NewWire()
	b.wires, b.ends = append(b.wires, w), append(b.ends, broker)
	go b.server.EstablishConnection("wire", broker) //nolint:errcheck // how a connection ends is no fault here
	return client, nil
}

// Outage begins or ends an outage of the network: what is under way is lost, and nobody is told.
func (b *Broker) Outage(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
	for _, w := range b.wires {
		w.Cut()
	}
}

// LoseAnswers loses what the broker sends on the connections that there are, and nothing else: it
// still hears the devices.
func (b *Broker) LoseAnswers() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.wires {
		w.CutFromB()
	}
}

// Kick ends every connection, as a broker does that goes down.
func (b *Broker) Kick() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, end := range b.ends {
		end.Close() //nolint:errcheck // never fails
	}
}

// Close ends every connection and refuses more.
func (b *Broker) Close() {
	b.Kick()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}

// Publish publishes as a backend does.
func (b *Broker) Publish(topic, payload string, qos byte) error {
	if err := b.server.Publish(topic, []byte(payload), false, qos); err != nil {
		return fmt.Errorf("mqtttest: publish %s: %w", topic, err)
	}
	return nil
}

// Messages returns what was accepted on a topic so far, in order.
func (b *Broker) Messages(topic string) []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.messages), func(m Message) bool { return m.Topic != topic })
}

// Payloads returns the payloads of Messages.
func (b *Broker) Payloads(topic string) []string {
	var payloads []string
	for _, m := range b.Messages(topic) {
		payloads = append(payloads, m.Payload)
	}
	return payloads
}

// Clients returns the connections that were accepted so far, in order.
func (b *Broker) Clients() []Client {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.clients)
}

// Dials returns when a connection was tried.
func (b *Broker) Dials() []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.dials)
}

// hook notes what the broker does.
type hook struct {
	mochi.HookBase
	b *Broker
}

func (h *hook) ID() string { return "mqtttest" }

func (h *hook) Provides(event byte) bool {
	return slices.Contains([]byte{mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnSessionEstablished,
		mochi.OnPublished, mochi.OnWillSent}, event)
}

func (h *hook) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }

func (h *hook) OnACLCheck(*mochi.Client, string, bool) bool { return true }

func (h *hook) OnSessionEstablished(cl *mochi.Client, pk packets.Packet) {
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	h.b.clients = append(h.b.clients, Client{
		At: time.Now(), ID: cl.ID, KeepAlive: time.Duration(pk.Connect.Keepalive) * time.Second,
		Clean: pk.Connect.Clean, Username: string(pk.Connect.Username),
	})
}

func (h *hook) OnPublished(cl *mochi.Client, pk packets.Packet) { h.note(cl, pk) }

func (h *hook) OnWillSent(cl *mochi.Client, pk packets.Packet) { h.note(cl, pk) }

func (h *hook) note(cl *mochi.Client, pk packets.Packet) {
	f := pk.FixedHeader
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	h.b.messages = append(h.b.messages, Message{
		At: time.Now(), Client: cl.ID, Topic: pk.TopicName, Payload: string(pk.Payload), QoS: f.Qos, Retain: f.Retain, Dup: f.Dup,
	})
}
