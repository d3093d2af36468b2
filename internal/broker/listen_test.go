package broker

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

// TestListen runs the broker on the wall clock over TCP: publish, stop, start on the same port, a peer
// that never reads, and nothing left in the end.
func TestListen(t *testing.T) {
	defer goleak.VerifyNone(t)
	loop := vtime.NewLoop(nil)
	var mu sync.Mutex
	var events []trace.Event
	stopped := make(chan struct{})
	go func() { defer close(stopped); loop.Run(func() bool { return false }) }()
	b, err := New(Config{Devices: twoDevices(), Source: loop.Source(), Emit: func(e trace.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	}})
	require.NoError(t, err)
	addr, err := b.Listen("127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(addr.String())
	require.NoError(t, err)
	_, err = b.Listen(addr.String())
	require.ErrorContains(t, err, "port "+port+" is in use")

	a := tcp(t, addr)
	a.connect("id-a", user("ua", "pa"), resume)
	a.expect(packets.Connack)
	a.subscribe("devices/a/#", 1)
	a.expect(packets.Suback)
	a.publish("devices/a/x", "hello", 1, 1, false)
	a.expect(packets.Puback)
	require.Equal(t, "hello", string(a.expect(packets.Publish).Payload))
	require.True(t, b.Connected("a"))

	small := tcp(t, addr)
	small.version = 5
	small.connect("id-b", user("ub", "pb"), func(pk *packets.Packet) { pk.Properties.MaximumPacketSize = 40 })
	small.expect(packets.Connack)
	small.subscribe("devices/b/x", 1)
	small.expect(packets.Suback)
	for qos, payload := range []string{"more than forty bytes, without any doubt at all", "and again more than forty bytes, without a doubt", "fits"} {
		require.NoError(t, b.Publish(Message{Topic: "devices/b/x", Payload: []byte(payload), QoS: byte(qos)}))
	}
	require.Equal(t, "fits", string(small.expect(packets.Publish).Payload))

	deaf := tcp(t, addr)
	deaf.version = 5 // is owed a DISCONNECT
	deaf.connect("id-b", user("ub", "pb"))
	deaf.expect(packets.Connack)
	deaf.subscribe("devices/b/x", 0)
	deaf.expect(packets.Suback)
	for range 40 {
		require.NoError(t, b.Publish(Message{Topic: "devices/b/x", Payload: make([]byte, 1<<20)}))
	}

	begun := time.Now()
	b.Stop()
	require.Less(t, time.Since(begun), 30*time.Second, "a deaf peer does not hold a stop up")
	_, err = a.conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	_, err = net.Dial("tcp", addr.String())
	require.Error(t, err)
	_, err = b.Listen("127.0.0.1:0")
	require.ErrorIs(t, err, ErrStopped)
	taken, err := net.Listen("tcp", addr.String())
	require.NoError(t, err)
	require.ErrorContains(t, b.Start(), "port "+port+" is in use")
	require.False(t, b.Running())
	require.NoError(t, taken.Close())
	require.NoError(t, b.Start())

	again := tcp(t, addr)
	again.connect("id-a", user("ua", "pa"), resume)
	require.True(t, again.expect(packets.Connack).SessionPresent)
	require.Equal(t, "hello", string(again.expect(packets.Publish).Payload))
	b.Close()
	require.False(t, b.Running())
	loop.Stop()
	<-stopped
	mu.Lock()
	defer mu.Unlock()
	require.Contains(t, brief(events, trace.Connack, trace.Publish, trace.Deliver), "publish a id-a devices/a/x hello\n")
	require.Contains(t, brief(events, trace.Drop), "drop b id-b devices/b/x more than forty bytes, without any doubt at all packet too large\n"+
		"drop b id-b devices/b/x and again more than forty bytes, without a doubt packet too large\n")
}

// peer is a client over TCP.
type peer struct {
	client
	conn net.Conn
	held []byte
}

func tcp(t *testing.T, addr net.Addr) *peer {
	conn, err := net.Dial("tcp", addr.String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return peerOn(t, conn)
}

func peerOn(t *testing.T, conn net.Conn) *peer {
	p := &peer{client: client{r: &rig{t: t}, version: 4}, conn: conn}
	p.send = conn
	return p
}

// expect reads up to a packet of a type.
func (p *peer) expect(kind byte) packets.Packet {
	p.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 4096)
	for {
		if n, _ := PacketLength(p.held); n > 0 {
			pk := decode(p.r.t, p.held[:n], p.version)
			p.held = p.held[n:]
			if pk.FixedHeader.Type == kind {
				return pk
			}
			continue
		}
		n, err := p.conn.Read(buf)
		require.NoError(p.r.t, err)
		p.held = append(p.held, buf[:n]...)
	}
}
