// Package observer is a broker that is not ours, as a run sees it: an MQTT 5 client that publishes for the
// backend and looks on. What it sees are publishes; connections, subscriptions and deliveries of others no
// client is told of.
//
// It is for the wall clock only.
package observer

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"github.com/twinrig/twinrig/internal/broker"
	"github.com/twinrig/twinrig/internal/trace"
)

const (
	keepAlive = 30 // s
	// answerTime is how long the broker may take to answer.
	answerTime = 10 * time.Second
	// clientID is the observer's, and backend its name in the trace.
	clientID = "twinrig-backend"
	backend  = "backend"
)

// Config says which broker, and who looks on. Emit is required.
type Config struct {
	URL     *url.URL          // mqtt://user:password@host:1883, or mqtts:
	TLS     *tls.Config       // for mqtts: nil: the system's authorities
	Devices []broker.Identity // by whose topics a message is told to be a device's
	Emit    func(trace.Event) // takes the publish events; must not block
}

// Observer is a connection to the broker. Its methods are safe for concurrent use.
type Observer struct {
	cfg    Config
	client *paho.Client
	mu     sync.Mutex
	lost   error
	closed bool
}

// Address returns host:port of a broker's URL, with the scheme's port where it names none.
func Address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"mqtt": "1883", "mqtts": "8883"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// Dial connects to the broker and begins to look on.
func Dial(ctx context.Context, cfg Config) (*Observer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	conn, err := dial(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("observer: connect to %s: %w", cfg.URL.Redacted(), err)
	}
	o := &Observer{cfg: cfg}
	o.client = paho.NewClient(paho.ClientConfig{
		Conn: conn,
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			o.see(p.Packet)
			return true, nil
		}},
		OnClientError:      o.lose,
		OnServerDisconnect: func(d *paho.Disconnect) { o.lose(fmt.Errorf("reason code %#02x", d.ReasonCode)) },
	})
	if err := o.begin(ctx); err != nil {
		conn.Close() //nolint:errcheck // it failed already
		return nil, fmt.Errorf("observer: %s: %w", cfg.URL.Redacted(), err)
	}
	return o, nil
}

func dial(ctx context.Context, cfg Config) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", Address(cfg.URL))
	if err != nil || cfg.URL.Scheme != "mqtts" {
		return conn, err
	}
	settings := &tls.Config{}
	if cfg.TLS != nil {
		settings = cfg.TLS.Clone()
	}
	if settings.ServerName == "" {
		settings.ServerName = cfg.URL.Hostname()
	}
	secure := tls.Client(conn, settings)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close() //nolint:errcheck // it failed already
		return nil, err
	}
	return packets.NewThreadSafeConn(secure), nil
}

func (o *Observer) begin(ctx context.Context) error {
	connect := &paho.Connect{ClientID: clientID, CleanStart: true, KeepAlive: keepAlive}
	if user := o.cfg.URL.User; user != nil {
		password, given := user.Password()
		connect.Username, connect.UsernameFlag = user.Username(), true
		connect.Password, connect.PasswordFlag = []byte(password), given
	}
	ack, err := o.client.Connect(ctx, connect)
	switch {
	case ack != nil && ack.ReasonCode != 0:
		return fmt.Errorf("the broker refuses the connection: %s (reason code %#02x)", reason(ack.Properties), ack.ReasonCode)
	case err != nil:
		return fmt.Errorf("no MQTT 5 connection: %w", err)
	}
	// Messages of its own it knows; retained ones from before the run are not the run's; and the
	// publisher's retain flag is what scenarios match.
	connected, stop := o.whileConnected(ctx)
	defer stop()
	everything := paho.SubscribeOptions{Topic: "#", QoS: 2, NoLocal: true, RetainHandling: 2, RetainAsPublished: true}
	granted, err := o.client.Subscribe(connected, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{everything}})
	if err == nil && len(granted.Reasons) > 0 && granted.Reasons[0] > 2 {
		err = fmt.Errorf("reason code %#02x", granted.Reasons[0])
	}
	if connected.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("the broker ended the connection before it granted %s the subscription to #", clientID)
	}
	if err != nil {
		return fmt.Errorf("the broker does not let %s subscribe to #: %w", clientID, err)
	}
	return nil
}

// whileConnected is ctx until the connection ends: the client waits out an answer that no longer can come.
func (o *Observer) whileConnected(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-o.client.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func reason(p *paho.ConnackProperties) string {
	if p != nil && p.ReasonString != "" {
		return p.ReasonString
	}
	return "no reason given"
}

// see records what the broker passed on.
func (o *Observer) see(p *paho.Publish) {
	e := trace.Event{Kind: trace.Publish, Topic: p.Topic, Payload: slices.Clone(p.Payload), QoS: p.QoS, Retain: p.Retain}
	for i := range o.cfg.Devices {
		if d := &o.cfg.Devices[i]; d.May(p.Topic) {
			e.Device, e.Client = d.Device, d.ClientID
			break
		}
	}
	o.cfg.Emit(e)
}

func (o *Observer) lose(err error) {
	o.mu.Lock()
	first := o.lost == nil && !o.closed
	if first {
		o.lost = fmt.Errorf("observer: the broker %s ended the connection: %w", o.cfg.URL.Redacted(), err)
	}
	o.mu.Unlock()
	if first {
		o.cfg.Emit(trace.Event{Kind: trace.Broker, Name: "lost", Text: err.Error()})
	}
}

// Lost returns why nothing more is seen, or nil.
func (o *Observer) Lost() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost
}

// Publish publishes a message for the backend, and waits for the broker's answer where the QoS has one.
func (o *Observer) Publish(m broker.Message) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	ctx, stop := o.whileConnected(ctx)
	defer stop()
	p := &paho.Publish{Topic: m.Topic, Payload: m.Payload, QoS: m.QoS, Retain: m.Retain, Properties: &paho.PublishProperties{}}
	for _, key := range slices.Sorted(maps.Keys(m.Properties)) {
		p.Properties.User.Add(key, m.Properties[key])
	}
	if _, err := o.client.Publish(ctx, p); err != nil {
		return fmt.Errorf("observer: publish to %s: %w", m.Topic, err)
	}
	o.cfg.Emit(trace.Event{Kind: trace.Publish, Client: backend, Topic: m.Topic, Payload: m.Payload, QoS: m.QoS, Retain: m.Retain})
	return nil
}

// Close ends the connection.
func (o *Observer) Close() {
	o.mu.Lock()
	o.closed = true
	lost := o.lost
	o.mu.Unlock()
	if lost == nil {
		o.client.Disconnect(&paho.Disconnect{}) //nolint:errcheck // whatever it says, this is the end
	}
	<-o.client.Done()
}
