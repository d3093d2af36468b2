package broker

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

// latency of the wires between clients and broker, one way.
const latency = 20 * time.Millisecond

// rig is a broker, an event loop and wires, in a bubble.
type rig struct {
	t      *testing.T
	loop   *vtime.Loop
	steps  *vtime.Source
	b      *Broker
	serve  func(net.Conn)
	events []trace.Event
	mu     sync.Mutex
	wires  []*end
	blind  bool // connections can wait for room, but not look
	pulled bool // connections are served without a goroutine
}

// run runs script on a goroutine of its own, in virtual time, and returns what happened: twice, as it must not make
// a difference whether a connection has a goroutine.
func run(t *testing.T, cfg Config, script func(r *rig)) []trace.Event {
	t.Helper()
	events := runWith(t, cfg, script)
	pulled := runWith(t, cfg, func(r *rig) { r.pulled = true; script(r) })
	require.Equal(t, digest(t, events), digest(t, pulled), "without a goroutine for each connection:\n%s\nwith one:\n%s", lines(t, pulled), lines(t, events))
	return events
}

// lines are the lines of a trace.
func lines(t *testing.T, events []trace.Event) string {
	var b strings.Builder
	for _, e := range events {
		line, err := e.MarshalJSON()
		require.NoError(t, err)
		b.Write(line)
	}
	return b.String()
}

func runWith(t *testing.T, cfg Config, script func(r *rig)) []trace.Event {
	t.Helper()
	var events []trace.Event
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		start := time.Now()
		c := trace.NewCollector(func() time.Duration { return time.Since(start) }, r.loop.Poke)
		cfg.Emit, cfg.Source = c.Emit, r.loop.Source()
		var err error
		r.b, err = New(cfg)
		require.NoError(t, err)
		r.serve = r.b.Attach
		r.steps = r.loop.Source()
		r.play(script, func() bool { r.events = append(r.events, c.Turn()...); return false })
		c.Close()
		r.b.Close()
		r.hangUp()
		events = r.events
	})
	return events
}

func newRig(t *testing.T) *rig {
	return &rig{t: t, loop: vtime.NewLoop(synctest.Wait)}
}

func (r *rig) play(script func(*rig), turn func() bool) {
	go func() {
		defer r.loop.Stop()
		script(r)
	}()
	r.loop.Run(turn)
	synctest.Wait()
}

// hangUp ends every goroutine that reads a wire.
func (r *rig) hangUp() {
	for _, e := range r.wires {
		e.Close()
	}
}

// do acts in a turn of the loop.
func (r *rig) do(f func()) {
	done := make(chan struct{})
	r.steps.After(0, vtime.Stimulus, func() { f(); close(done) })
	<-done
}

// client is the far end of a wire, which decodes what it gets.
type client struct {
	r       *rig
	version byte
	send    io.Writer
	near    *end // the client's
	far     *end // the broker's
	mu      sync.Mutex
	got     []packets.Packet
	raw     bytes.Buffer
	over    bool
}

// dial connects; remote is what the broker sees as the remote address.
func (r *rig) dial(remote string, version byte) *client {
	c := &client{r: r, version: version}
	c.near, c.far = wire(r.loop, remote)
	c.send = c.near
	r.mu.Lock()
	r.wires = append(r.wires, c.near, c.far)
	r.mu.Unlock()
	go c.read()
	if r.blind {
		r.serve(waiter{c.far, c.far})
	} else if r.pulled {
		r.serve(pulling{c.far})
	} else {
		r.serve(c.far)
	}
	return c
}

func (c *client) read() {
	buf := make([]byte, 4096)
	var held []byte
	for {
		n, err := c.near.Read(buf)
		held = append(held, buf[:n]...)
		c.mu.Lock()
		c.raw.Write(buf[:n])
		for {
			n, err := PacketLength(held)
			if n == 0 || err != nil {
				break
			}
			c.got = append(c.got, decode(c.r.t, held[:n], c.version))
			held = held[n:]
		}
		c.over = err != nil
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func decode(t *testing.T, b []byte, version byte) packets.Packet {
	pk := packets.Packet{ProtocolVersion: version}
	require.NoError(t, pk.FixedHeader.Decode(b[0]))
	body := bytes.NewBuffer(b[1:])
	var err error
	pk.FixedHeader.Remaining, _, err = packets.DecodeLength(body)
	require.NoError(t, err)
	rest := bytes.Clone(body.Bytes())
	switch pk.FixedHeader.Type {
	case packets.Connack:
		err = pk.ConnackDecode(rest)
	case packets.Publish:
		err = pk.PublishDecode(rest)
	case packets.Puback:
		err = pk.PubackDecode(rest)
	case packets.Pubrec:
		err = pk.PubrecDecode(rest)
	case packets.Pubrel:
		err = pk.PubrelDecode(rest)
	case packets.Pubcomp:
		err = pk.PubcompDecode(rest)
	case packets.Suback:
		err = pk.SubackDecode(rest)
	case packets.Disconnect:
		err = pk.DisconnectDecode(rest)
	}
	require.NoError(t, err)
	return pk
}

// all returns the packets that came since the last call, by type.
func (c *client) all() map[byte][]packets.Packet {
	time.Sleep(10 * latency)
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[byte][]packets.Packet{}
	for _, pk := range c.got {
		found[pk.FixedHeader.Type] = append(found[pk.FixedHeader.Type], pk)
	}
	c.got = nil
	return found
}

// take returns the packets of a type that came since the last call, and forgets the others.
func (c *client) take(kind byte) []packets.Packet { return c.all()[kind] }

// messages returns the payloads of take(PUBLISH).
func (c *client) messages() string {
	var s []string
	for _, pk := range c.take(packets.Publish) {
		s = append(s, string(pk.Payload))
	}
	return strings.Join(s, " ")
}

// ended reports whether the broker closed the connection.
func (c *client) ended() bool {
	time.Sleep(10 * latency)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

func (c *client) write(encode func(*bytes.Buffer) error) {
	var b bytes.Buffer
	require.NoError(c.r.t, encode(&b))
	c.send.Write(b.Bytes())
}

// together sends in one segment what f sends.
func (c *client) together(f func()) {
	var segment bytes.Buffer
	c.send = &segment
	f()
	c.send = c.near
	c.near.Write(segment.Bytes())
}

type connectOption func(*packets.Packet)

func keepalive(seconds uint16) connectOption {
	return func(pk *packets.Packet) { pk.Connect.Keepalive = seconds }
}

func resume(pk *packets.Packet) { pk.Connect.Clean = false }

func expiry(seconds uint32) connectOption {
	return func(pk *packets.Packet) {
		pk.Connect.Clean = false
		pk.Properties.SessionExpiryInterval, pk.Properties.SessionExpiryIntervalFlag = seconds, true
	}
}

func user(name, password string) connectOption {
	return func(pk *packets.Packet) {
		pk.Connect.UsernameFlag, pk.Connect.Username = true, []byte(name)
		pk.Connect.PasswordFlag, pk.Connect.Password = true, []byte(password)
	}
}

func will(topic, payload string, delay uint32) connectOption {
	return func(pk *packets.Packet) {
		pk.Connect.WillFlag, pk.Connect.WillTopic, pk.Connect.WillPayload = true, topic, []byte(payload)
		pk.Connect.WillProperties.WillDelayInterval = delay
	}
}

func (c *client) connect(id string, opts ...connectOption) {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}, ProtocolVersion: c.version,
		Connect: packets.ConnectParams{ProtocolName: []byte("MQTT"), Clean: true, ClientIdentifier: id}}
	for _, o := range opts {
		o(&pk)
	}
	c.write(pk.ConnectEncode)
}

// connected dials and connects.
func (r *rig) connected(remote string, version byte, id string, opts ...connectOption) *client {
	c := r.dial(remote, version)
	c.connect(id, opts...)
	acks := c.take(packets.Connack)
	require.Len(r.t, acks, 1)
	require.Zero(r.t, acks[0].ReasonCode)
	return c
}

func (c *client) subscribe(filter string, qos byte) {
	c.subscribeAs(packets.Subscription{Filter: filter, Qos: qos})
}

func (c *client) subscribeAs(subs ...packets.Subscription) {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, ProtocolVersion: c.version,
		PacketID: 1, Filters: subs}
	if subs[0].Identifier > 0 {
		pk.Properties.SubscriptionIdentifier = []int{subs[0].Identifier}
	}
	c.write(pk.SubscribeEncode)
}

// publish publishes; id is the packet identifier, also the payload's default.
func (c *client) publish(topic, payload string, qos byte, id uint16, retain bool) {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: qos, Retain: retain},
		ProtocolVersion: c.version, TopicName: topic, Payload: []byte(payload)}
	if qos > 0 {
		pk.PacketID = id
	}
	c.write(pk.PublishEncode)
}

// answer sends PUBACK, PUBREC, PUBREL or PUBCOMP.
func (c *client) answer(kind byte, id uint16) {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, ProtocolVersion: c.version, PacketID: id}
	if kind == packets.Pubrel {
		pk.FixedHeader.Qos = 1
	}
	c.write(pk.PubackEncode)
}

func (c *client) disconnect() {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}, ProtocolVersion: c.version}
	c.write(pk.DisconnectEncode)
	time.Sleep(10 * latency)
}

// brief writes events down, one a line, without times.
func brief(events []trace.Event, kinds ...trace.Kind) string {
	var b strings.Builder
	for _, e := range events {
		for _, k := range kinds {
			if e.Kind == k {
				fmt.Fprintln(&b, strings.Join(strings.Fields(fmt.Sprint(e.Kind, " ", e.Name, " ", e.Device, " ", e.Client, " ", e.Topic, " ",
					string(e.Payload), " ", e.Cause, " ", map[bool]string{true: "dup"}[e.Dup])), " "))
			}
		}
	}
	return b.String()
}

// digest is of the trace, to the byte.
func digest(t *testing.T, events []trace.Event) string {
	h := sha256.New()
	for _, e := range events {
		line, err := e.MarshalJSON()
		require.NoError(t, err)
		h.Write(line)
	}
	return fmt.Sprintf("%d events %x", len(events), h.Sum(nil)[:8])
}
