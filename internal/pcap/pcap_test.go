package pcap

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/twinrig/twinrig/internal/broker"
)

// direction is one direction of one TCP connection.
type direction struct {
	from, to string
	port     layers.TCPPort // of the client
}

// streams reads a capture back as a TCP stack would: the bytes of each direction, and the name of the
// interface that it was seen on.
func streams(t require.TestingT, file []byte) (bytesOf map[direction][]byte, seenOn map[direction]string) {
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
	require.NoError(t, err)
	bytesOf, seenOn = map[direction][]byte{}, map[direction]string{}
	next := map[direction]uint32{}
	for {
		data, info, err := r.ReadPacketData()
		if err != nil {
			return bytesOf, seenOn
		}
		p := gopacket.NewPacket(data, layers.LayerTypeIPv4, gopacket.Default)
		require.Nil(t, p.ErrorLayer())
		ip, tcp := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4), p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		d := direction{ip.SrcIP.String(), ip.DstIP.String(), max(tcp.SrcPort, tcp.DstPort)}
		require.Equal(t, layers.TCPPort(mqttPort), min(tcp.SrcPort, tcp.DstPort))
		if tcp.SYN {
			next[d] = tcp.Seq
			bytesOf[d] = []byte{}
			in, err := r.Interface(info.InterfaceIndex)
			require.NoError(t, err)
			seenOn[d] = in.Name
		}
		require.Equal(t, next[d], tcp.Seq, "neither a hole nor a repetition")
		if back := (direction{d.to, d.from, d.port}); tcp.ACK {
			require.Equal(t, next[back], tcp.Ack)
		}
		next[d] += uint32(len(tcp.Payload))
		if tcp.SYN || tcp.FIN {
			next[d]++
		}
		bytesOf[d] = append(bytesOf[d], tcp.Payload...)
	}
}

// TestEveryByteIsInTheFile: whatever two connections carry, each direction reads back.
func TestEveryByteIsInTheFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var file bytes.Buffer
		c, err := New(&file, []string{"a", "b"})
		require.NoError(t, err)
		devices := []string{"a", "b"}
		want := [2][2][]byte{}
		for i, d := range devices {
			c.Tap(broker.Segment{Connection: uint64(i + 1), Device: d, What: broker.Opened})
		}
		for range rapid.IntRange(0, 30).Draw(t, "segments") {
			i, way := rapid.IntRange(0, 1).Draw(t, "connection"), rapid.IntRange(0, 1).Draw(t, "way")
			data := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, rapid.SampledFrom([]int{1, 2, segment, segment + 1, 5000}).Draw(t, "length"))
			c.Tap(broker.Segment{Connection: uint64(i + 1), Device: devices[i], What: []broker.SegmentKind{broker.Received, broker.Sent}[way], Data: data})
			want[i][way] = append(want[i][way], data...)
			if rapid.Bool().Draw(t, "turn") {
				require.NoError(t, c.Turn())
			}
		}
		c.Tap(broker.Segment{Connection: 1, What: broker.Closed})
		c.Tap(broker.Segment{Connection: 1, What: broker.Sent, Data: []byte("too late")})
		require.NoError(t, c.Turn())
		got, seenOn := streams(t, file.Bytes())
		for i, client := range []string{"10.0.0.1", "10.0.0.2"} {
			up, down := direction{client, "198.18.0.1", ephemeral}, direction{"198.18.0.1", client, ephemeral}
			require.Equal(t, string(want[i][0]), string(got[up]))
			require.Equal(t, string(want[i][1]), string(got[down]))
			require.Equal(t, devices[i], seenOn[up])
		}
	})
}

// TestConnectionsKeepApart: of one device, and of clients that are none.
func TestConnectionsKeepApart(t *testing.T) {
	var file bytes.Buffer
	c, err := New(&file, []string{"a"})
	require.NoError(t, err)
	for i, device := range []string{"a", "a", "", ""} {
		n := uint64(i + 1)
		c.Tap(broker.Segment{Connection: n, Device: device, What: broker.Opened})
		c.Tap(broker.Segment{Connection: n, Device: device, What: broker.Received, Data: []byte{byte(n)}})
		require.NoError(t, c.Turn())
	}
	got, seenOn := streams(t, file.Bytes())
	require.Len(t, got, 8, "two directions each")
	for i, d := range []direction{{"10.0.0.1", "198.18.0.1", ephemeral}, {"10.0.0.1", "198.18.0.1", ephemeral + 1}} {
		require.Equal(t, []byte{byte(i + 1)}, got[d])
		require.Equal(t, "a", seenOn[d])
	}
}

// TestGoroutinesMayTapInAnyOrder: the file has the order of the connections.
func TestGoroutinesMayTapInAnyOrder(t *testing.T) {
	write := func(order ...uint64) []byte {
		var file bytes.Buffer
		c, err := New(&file, []string{"a", "b"})
		require.NoError(t, err)
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i, d := range []string{"a", "b"} {
			c.turn = append(c.turn, seen{broker.Segment{Connection: uint64(i + 1), Device: d, What: broker.Opened}, at})
		}
		for _, n := range order {
			c.turn = append(c.turn, seen{broker.Segment{Connection: n, What: broker.Sent, Data: fmt.Append(nil, n)}, at})
		}
		require.NoError(t, c.Turn())
		return file.Bytes()
	}
	require.Equal(t, write(1, 2, 1), write(2, 1, 1))
}

type fullDisk struct{ room int }

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.room {
		return 0, errFull
	}
	d.room -= len(p)
	return len(p), nil
}

func TestCaptureReportsAFullDisk(t *testing.T) {
	_, err := New(&fullDisk{}, nil)
	require.ErrorIs(t, err, errFull)
	c, err := New(&fullDisk{room: 200}, []string{"a"})
	require.NoError(t, err)
	c.Tap(broker.Segment{Connection: 1, Device: "a", What: broker.Opened})
	c.Tap(broker.Segment{Connection: 1, Device: "a", What: broker.Sent, Data: make([]byte, 1000)})
	require.ErrorIs(t, c.Turn(), errFull)
}
