package mqtt_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/twin/mqtt"
	"github.com/twinrig/twinrig/twin/mqtt/mqtttest"
)

// fake is a broker that does nothing but what the test tells it to.
type fake struct {
	t       *testing.T
	version byte
	dials   []time.Duration // when the client dialed, since start
	start   time.Time
	refuse  error         // of the next dials
	conns   chan *fakeEnd // as the client dials
}

type fakeEnd struct {
	f    *fake
	wire *mqtttest.Wire
	conn net.Conn
	r    *bufio.Reader
}

func newFake(t *testing.T, version mqtt.Version) *fake {
	return &fake{t: t, version: byte(version), start: time.Now(), conns: make(chan *fakeEnd, 100)}
}

func (f *fake) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	f.dials = append(f.dials, time.Since(f.start))
	if f.refuse != nil {
		return nil, f.refuse
	}
	w, client, broker := mqtttest.NewWire()
	f.conns <- &fakeEnd{f: f, wire: w, conn: broker, r: bufio.NewReader(broker)}
	return client, nil
}

// config returns a client's configuration for the fake.
func (f *fake) config() mqtt.Config {
	return mqtt.Config{
		Dial: f.dial, Address: "broker:1883", ClientID: "dev", Version: mqtt.Version(f.version),
		Rand: rand.New(rand.NewPCG(1, 2)),
	}
}

// accept takes the next connection and answers its CONNECT.
func (f *fake) accept(sessionPresent bool) *fakeEnd {
	e := <-f.conns
	e.expect(packets.Connect)
	e.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}, SessionPresent: sessionPresent})
	return e
}

func (e *fakeEnd) send(pk packets.Packet) {
	pk.ProtocolVersion = e.f.version
	var b bytes.Buffer
	encode := map[byte]func(*bytes.Buffer) error{
		packets.Connack: pk.ConnackEncode, packets.Publish: pk.PublishEncode, packets.Puback: pk.PubackEncode,
		packets.Pubrec: pk.PubrecEncode, packets.Pubrel: pk.PubrelEncode, packets.Pubcomp: pk.PubcompEncode,
		packets.Suback: pk.SubackEncode, packets.Unsuback: pk.UnsubackEncode, packets.Pingresp: pk.PingrespEncode,
		packets.Disconnect: pk.DisconnectEncode,
	}[pk.FixedHeader.Type]
	require.NoError(e.f.t, encode(&b))
	e.raw(b.Bytes())
}

func (e *fakeEnd) raw(b []byte) {
	_, err := e.conn.Write(b)
	require.NoError(e.f.t, err)
}

// reply sends an acknowledgement.
func (e *fakeEnd) reply(kind byte, id uint16, codes ...byte) {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: id, ReasonCodes: codes}
	if kind == packets.Pubrel {
		pk.FixedHeader.Qos = 1
	}
	if len(codes) > 0 {
		pk.ReasonCode = codes[0]
	}
	e.send(pk)
}

// read waits for the client's next packet; nil where the connection ended.
func (e *fakeEnd) read() *packets.Packet {
	first, err := e.r.ReadByte()
	if err != nil {
		return nil
	}
	pk := &packets.Packet{ProtocolVersion: e.f.version}
	require.NoError(e.f.t, pk.FixedHeader.Decode(first))
	n, _, err := packets.DecodeLength(e.r)
	require.NoError(e.f.t, err)
	pk.FixedHeader.Remaining = n
	body := make([]byte, n)
	_, err = io.ReadFull(e.r, body)
	require.NoError(e.f.t, err)
	decode := map[byte]func([]byte) error{
		packets.Connect: pk.ConnectDecode, packets.Publish: pk.PublishDecode, packets.Puback: pk.PubackDecode,
		packets.Pubrec: pk.PubrecDecode, packets.Pubrel: pk.PubrelDecode, packets.Pubcomp: pk.PubcompDecode,
		packets.Subscribe: pk.SubscribeDecode, packets.Unsubscribe: pk.UnsubscribeDecode,
		packets.Pingreq: pk.PingreqDecode, packets.Disconnect: pk.DisconnectDecode,
	}[pk.FixedHeader.Type]
	require.NoError(e.f.t, decode(body))
	return pk
}

// expect waits for the client's next packet, which must be of the kind.
func (e *fakeEnd) expect(kind byte) *packets.Packet {
	e.f.t.Helper()
	pk := e.read()
	require.NotNil(e.f.t, pk, "the connection ended; wanted %s", packets.PacketNames[kind])
	require.Equal(e.f.t, packets.PacketNames[kind], packets.PacketNames[pk.FixedHeader.Type])
	return pk
}

// ended waits for the end of the connection and fails where another packet comes.
func (e *fakeEnd) ended() {
	e.f.t.Helper()
	pk := e.read()
	require.Nil(e.f.t, pk)
}

// drive runs the client on a goroutine of its own until the test ends it.
func drive(t *testing.T, cfg mqtt.Config, setup func(*mqtt.Client)) (stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	c, err := mqtt.New(ctx, cfg)
	require.NoError(t, err)
	setup(c)
	done := make(chan error)
	go func() { done <- c.Wait(1000 * time.Hour) }()
	return func() {
		cancel(errTestOver)
		require.ErrorIs(t, <-done, errTestOver)
	}
}

var errTestOver = fmt.Errorf("test over")
