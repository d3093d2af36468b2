// Package pcap writes the MQTT that crossed a broker's connections as a pcapng file
// (draft-ietf-opsawg-pcapng), for Wireshark and tshark. What carried the bytes is made up: plain TCP over IPv4
// to port 1883, whether the connection was TLS, WebSocket or a link in memory, with no packet lost or
// repeated. When and in which order the broker read and wrote the bytes is what happened.
package pcap

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/twinrig/twinrig/internal/broker"
)

// Capture collects segments and writes them at each Turn.
type Capture struct {
	mu    sync.Mutex // guards turn
	turn  []seen
	out   *pcapgo.NgWriter
	hosts map[string]*host // by device
	open  map[uint64]*flow // by connection
}

// seen is a segment with its time.
type seen struct {
	broker.Segment
	at time.Time
}

// New writes the beginning of a file: a section, and an interface for connections of no known device. Each device
// gets an interface of its name when it first connects. devices gives them their addresses: 10.0.0.1 for the first.
func New(w io.Writer, devices []string) (*Capture, error) {
	options := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "twinrig"}}
	out, err := pcapgo.NewNgWriterInterface(w, wire("others"), options)
	if err != nil {
		return nil, fmt.Errorf("pcap: %w", err)
	}
	c := &Capture{out: out, hosts: make(map[string]*host, len(devices)), open: map[uint64]*flow{}}
	for i, name := range devices {
		c.hosts[name] = &host{address: address(10<<24, i+1)}
	}
	return c, c.flush()
}

// wire describes an interface: raw IP packets, times in nanoseconds.
func wire(name string) pcapgo.NgInterface {
	return pcapgo.NgInterface{Name: name, LinkType: layers.LinkTypeRaw, TimestampResolution: 9}
}

// Tap takes a segment; it is what broker.Config.Tap wants.
func (c *Capture) Tap(s broker.Segment) {
	s.Data = slices.Clone(s.Data)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn = append(c.turn, seen{s, time.Now()})
}

// Turn writes what came since the last call; it is with the underlying writer when Turn returns. What
// goroutines did in one turn of the loop is written in the order of the connections.
func (c *Capture) Turn() error {
	c.mu.Lock()
	turn := c.turn
	c.turn = nil
	c.mu.Unlock()
	if len(turn) == 0 {
		return nil
	}
	slices.SortStableFunc(turn, func(a, b seen) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.Connection, b.Connection))
	})
	for _, s := range turn {
		if err := c.write(s); err != nil {
			return fmt.Errorf("pcap: %w", err)
		}
	}
	return c.flush()
}

func (c *Capture) flush() error {
	if err := c.out.Flush(); err != nil {
		return fmt.Errorf("pcap: %w", err)
	}
	return nil
}

// host is a device's end of its connections.
type host struct {
	address net.IP
	shown   bool // it has an interface
	number  int  // of the interface
	flows   int  // so far
}

// host returns the host of a connection.
func (c *Capture) host(s broker.Segment) (*host, error) {
	h := c.hosts[s.Device]
	if h == nil {
		const others = 198<<24 | 19<<16 // half of what RFC 2544 sets apart for benchmarks; the broker has the other
		return &host{address: address(others, int(s.Connection%(1<<16)))}, nil
	}
	if !h.shown {
		number, err := c.out.AddInterface(wire(s.Device))
		if err != nil {
			return nil, err
		}
		h.shown, h.number = true, number
	}
	h.flows++
	return h, nil
}

func address(base uint32, n int) net.IP {
	return binary.BigEndian.AppendUint32(nil, base+uint32(n))
}

// write writes the packets of a segment.
func (c *Capture) write(s seen) error {
	f := c.open[s.Connection]
	switch {
	case s.What == broker.Opened:
		h, err := c.host(s.Segment)
		if err != nil {
			return err
		}
		f = newFlow(c.out, h)
		c.open[s.Connection] = f
		return f.begin(s.at)
	case f == nil:
		return nil // written after the end, as an answer that a step delays: it reached nobody
	case s.What == broker.Closed:
		delete(c.open, s.Connection)
		return f.end(s.at)
	}
	return f.data(s.at, s.What == broker.Received, s.Data)
}

// serializing has lengths and checksums filled in.
func serializing() gopacket.SerializeOptions {
	return gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
}
