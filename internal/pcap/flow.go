package pcap

import (
	"net"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// flow is one TCP connection of the file. Every byte is acknowledged by the next packet of the other side,
// and nothing is ever missing.
type flow struct {
	out            *pcapgo.NgWriter
	number         int // of the interface
	client, server side
}

// side is one end of a flow.
type side struct {
	address net.IP
	port    layers.TCPPort
	seq     uint32 // of the next byte
}

const (
	mqttPort   = 1883 // IANA; dissectors take it for MQTT
	ephemeral  = 49152
	ephemerals = 1<<16 - ephemeral // RFC 6335, section 6
	segment    = 1460              // bytes: what Ethernet leaves of an IPv4 packet
)

func newFlow(out *pcapgo.NgWriter, h *host) *flow {
	return &flow{
		out: out, number: h.number,
		client: side{address: h.address, port: layers.TCPPort(ephemeral + (h.flows-1+ephemerals)%ephemerals)},
		server: side{address: net.IPv4(198, 18, 0, 1), port: mqttPort},
	}
}

// begin is the handshake of TCP.
func (f *flow) begin(at time.Time) error {
	for _, step := range []struct {
		from, to *side
		flags    layers.TCP
	}{
		{&f.client, &f.server, layers.TCP{SYN: true}},
		{&f.server, &f.client, layers.TCP{SYN: true, ACK: true}},
		{&f.client, &f.server, layers.TCP{ACK: true}},
	} {
		if err := f.packet(at, step.from, step.to, step.flags, nil); err != nil {
			return err
		}
	}
	return nil
}

// data carries bytes from the client, or to it.
func (f *flow) data(at time.Time, fromClient bool, data []byte) error {
	from, to := &f.server, &f.client
	if fromClient {
		from, to = to, from
	}
	for len(data) > 0 {
		n := min(len(data), segment)
		if err := f.packet(at, from, to, layers.TCP{PSH: n == len(data), ACK: true}, data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// end closes both directions. Who began is not told: the trace has the cause.
func (f *flow) end(at time.Time) error {
	if err := f.packet(at, &f.client, &f.server, layers.TCP{FIN: true, ACK: true}, nil); err != nil {
		return err
	}
	if err := f.packet(at, &f.server, &f.client, layers.TCP{FIN: true, ACK: true}, nil); err != nil {
		return err
	}
	return f.packet(at, &f.client, &f.server, layers.TCP{ACK: true}, nil)
}

func (f *flow) packet(at time.Time, from, to *side, tcp layers.TCP, payload []byte) error {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, Flags: layers.IPv4DontFragment, SrcIP: from.address, DstIP: to.address}
	tcp.SrcPort, tcp.DstPort, tcp.Seq, tcp.Window = from.port, to.port, from.seq, 0xffff
	if tcp.ACK {
		tcp.Ack = to.seq
	}
	from.seq += uint32(len(payload))
	if tcp.SYN || tcp.FIN {
		from.seq++ // RFC 9293, section 3.4
	}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		return err
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, serializing(), ip, &tcp, gopacket.Payload(payload)); err != nil {
		return err
	}
	info := gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(b.Bytes()), Length: len(b.Bytes()), InterfaceIndex: f.number}
	return f.out.WritePacket(info, b.Bytes())
}
