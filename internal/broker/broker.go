package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

// Config is what a Broker is made with.
type Config struct {
	Emit    func(trace.Event) // takes the events; must not block. Required
	Source  *vtime.Source     // runs the broker's timers, in class vtime.Service. Required
	Devices []Identity        // who may connect
	Open    bool              // anybody may connect, and use every topic; Devices only gives names
	// Pending is how many messages may wait for a connection or a session; further ones are dropped.
	// Retained messages that answer a subscription do not count. 0: 1000.
	Pending int
	// Inflight is how many messages of QoS 1 and 2 may be sent to a client and not be acknowledged;
	// a client may ask for less (Receive Maximum). 0: 64.
	Inflight int
	// PacketSize is the size in bytes of the largest packet that clients may send. 0: 1 MiB.
	PacketSize uint32
	Limits     Limits // how often clients may connect and publish
	TLS        *TLS   // for AttachTLS and ListenTLS; nil: the broker speaks none
}

func (c Config) withDefaults() Config {
	if c.Pending == 0 {
		c.Pending = 1000
	}
	if c.Inflight == 0 {
		c.Inflight = 64
	}
	if c.PacketSize == 0 {
		c.PacketSize = 1 << 20
	}
	return c
}

func (c Config) validate() error {
	var faults []error
	if c.Emit == nil {
		faults = append(faults, errors.New("broker: Config.Emit is missing"))
	}
	if c.Source == nil {
		faults = append(faults, errors.New("broker: Config.Source is missing"))
	}
	if c.Pending < 0 {
		faults = append(faults, fmt.Errorf("broker: Config.Pending is %d; it must not be negative", c.Pending))
	}
	if c.Inflight < 0 || c.Inflight > math.MaxUint16 {
		faults = append(faults, fmt.Errorf("broker: Config.Inflight is %d; it must be 0 to 65535", c.Inflight))
	}
	return errors.Join(append(faults, c.Limits.validate())...)
}

// connectTimeout is how long a connection may take to send its CONNECT (3.1: "a reasonable amount of
// time"); longer than the retransmissions of a poor link take.
const connectTimeout = time.Minute

// listenerID is what mochi calls where connections come from; Server.Close, which would look for it, is not used.
const listenerID = "twinrig"

// Broker is the embedded broker. Its methods may be called from any goroutine; in virtual time call
// Stop, Start, Restart, Kick, Publish and Close where everything else is idle, as in a turn of the loop.
type Broker struct {
	cfg      Config
	server   *mqtt.Server
	hook     *hook
	backend  *mqtt.Client
	tap      func(Segment)  // nil: nobody looks on
	wg       sync.WaitGroup // connections and listeners
	changes  atomic.Uint64  // of subscriptions, from 1
	spare    sync.Pool      // of *message, empty ones: they are large, and most live for an instant
	devices  map[string]*Identity
	byClient map[string][]*Identity

	mu        sync.Mutex // guards all below; never held while waiting
	running   bool
	attached  uint64
	assigned  uint64
	links     map[*link]struct{}
	sessions  map[string]*session
	deferred  []delayedWill // wills that wait for the broker to start
	retained  map[string]*vtime.Timer
	turns     map[string]int // next member of each shared subscription
	listeners []*listener
	roomy     []*session    // connections that have room, pumped in the next turn
	losses    []trace.Event // recorded in the next turn

	disturbances []*Disturbance
	allConnects  bucket
	connects     map[string]*bucket // by client id

	certificate *shownCertificate // nil without TLS
}

// shownCertificate is a certificate of the broker, with the handshakes that began with it.
type shownCertificate struct {
	tls.Certificate
	count atomic.Int64
}

// New returns a broker that runs.
func New(cfg Config) (*Broker, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	b := &Broker{
		cfg: cfg, running: true, links: map[*link]struct{}{}, sessions: map[string]*session{},
		retained: map[string]*vtime.Timer{}, turns: map[string]int{},
		devices: map[string]*Identity{}, byClient: map[string][]*Identity{}, connects: map[string]*bucket{},
	}
	if cfg.TLS != nil {
		b.certificate = &shownCertificate{Certificate: cfg.TLS.Certificate}
	}
	for i := range cfg.Devices {
		id := &cfg.Devices[i]
		b.devices[id.Device] = id
		b.byClient[id.ClientID] = append(b.byClient[id.ClientID], id)
	}
	b.server = mqtt.New(&mqtt.Options{
		Logger:       slog.New(&mochiLog{b: b}),
		Capabilities: capabilities(cfg),
		// Small, because there are many clients; and each packet is written at once, or what mochi
		// still holds back would wait for a packet that the queue never hands it.
		ClientNetReadBufferSize: 256, ClientNetWriteBufferSize: 1,
		SysTopicResendInterval: 3600,
	})
	b.changes.Store(1)
	b.hook = newHook(b)
	if err := b.server.AddHook(b.hook, nil); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b.backend = b.inline(backendID, "", originPublish)
	return b, nil
}

func capabilities(cfg Config) *mqtt.Capabilities {
	c := mqtt.NewDefaultServerCapabilities()
	c.MaximumMessageExpiryInterval = 0 // messages expire only where their publisher says so
	c.MaximumClientWritesPending = 64
	c.MaximumPacketSize = 0 // the link looks after it, see sizer
	c.TopicAliasMaximum = 0 // mochi checks the ACL before it looks an alias up
	return c
}

// Attach serves conn until one side closes it: on a goroutine of its own, or without one where conn is a puller. While the broker is
// stopped conn is closed at once. conn belongs to the broker from here on.
//
// The device that events name is conn.RemoteAddr().String() where that is a device's name, else the
// device with the CONNECT packet's client id.
func (b *Broker) Attach(conn net.Conn) { b.attach(conn, nil) }

// attach serves conn, or what secure makes of it.
func (b *Broker) attach(conn net.Conn, secure *tls.Conn) {
	l := &link{Conn: conn, b: b, done: make(chan struct{}), gone: make(chan struct{})}
	if conn.RemoteAddr() != nil {
		if _, ok := b.devices[conn.RemoteAddr().String()]; ok {
			l.device = conn.RemoteAddr().String()
		}
	}
	l.wait, _ = conn.(writeWaiter)
	l.room, _ = conn.(writeChecker)
	if secure != nil {
		// A record may hold several packets, and the broker gets one in a turn.
		l.Conn, l.paced = secure, true
	}
	b.mu.Lock()
	if !b.running {
		b.mu.Unlock()
		conn.Close() //nolint:errcheck // refused; there is nobody to tell
		return
	}
	b.attached++
	l.number = b.attached
	b.links[l] = struct{}{}
	b.wg.Add(1)
	b.mu.Unlock()
	l.tap(Opened, nil)
	conn.SetReadDeadline(time.Now().Add(connectTimeout)) //nolint:errcheck // a closed connection shows when it is read
	if p, ok := conn.(puller); ok && secure == nil {
		l.serve(p)
		return
	}
	go func() {
		defer b.wg.Done()
		if secure != nil {
			if err := l.shake(secure); err != nil {
				l.end(err)
				return
			}
		}
		l.end(b.server.EstablishConnection(listenerID, l))
	}()
}

// Running reports whether the broker takes connections.
func (b *Broker) Running() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.running
}

// Connected reports whether the device has a connection on which it was accepted.
func (b *Broker) Connected(device string) bool {
	return len(b.linksOf(device)) > 0
}

func (b *Broker) emit(e trace.Event) { b.cfg.Emit(e) }
