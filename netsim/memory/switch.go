// Package memory carries bytes between devices and the broker in memory and in virtual time, over
// links shaped by netsim's model.
//
// It starts no goroutine. Connections are ordinary net.Conn values; whatever reaches one of their
// ends from outside (bytes, the end of the stream, a deadline) does so as one action of the event
// loop, so that the order of a run is the same in every repetition.
package memory

import (
	"context"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/netsim"
)

// Config is what a Switch is made with. All fields are required.
type Config struct {
	Loop *vtime.Loop
	Seed seed.Seed
	// Accept takes the broker's end of a new connection; its RemoteAddr is the device's name.
	Accept func(net.Conn)
	// Listening reports whether a new connection would be accepted; if not it is refused.
	Listening func() bool
	// Frame returns the length of the first whole packet in b, 0 where it is not whole yet. The
	// broker gets one packet at a time, also when several arrive in one segment.
	Frame func(b []byte) int
}

// Switch is the fabric that all networks in memory share.
type Switch struct {
	cfg   Config
	epoch time.Time

	refused int // only the loop touches it
	mu      sync.Mutex
	conns   map[*pair]struct{}
}

// New returns a switch without networks.
func New(cfg Config) *Switch {
	return &Switch{cfg: cfg, epoch: time.Now(), conns: map[*pair]struct{}{}}
}

func (s *Switch) now() time.Duration { return time.Since(s.epoch) }

// Close closes every connection at both ends, as at the end of a run.
func (s *Switch) Close() {
	s.mu.Lock()
	open := make([]*pair, 0, len(s.conns))
	for p := range s.conns {
		open = append(open, p)
	}
	s.mu.Unlock()
	for _, p := range open {
		p.abort(net.ErrClosed)
	}
}

// Network is a named network: each device attached has a link of its own, with the network's profile.
type Network struct {
	sw      *Switch
	name    string
	profile netsim.Profile
	up      bool
	ports   []*Port
}

// Network adds a network.
func (s *Switch) Network(name string, profile netsim.Profile) *Network {
	return &Network{sw: s, name: name, profile: profile, up: true}
}

// Profile returns the profile in force.
func (n *Network) Profile() netsim.Profile { return n.profile }

// Up reports whether the network is up.
func (n *Network) Up() bool { return n.up }

// Set changes the profile, for packets sent from now on.
func (n *Network) Set(p netsim.Profile) {
	n.profile = p
	for _, port := range n.ports {
		port.mu.Lock()
		port.uplink.Set(p.Uplink)
		port.downlink.Set(p.Downlink)
		port.mu.Unlock()
	}
}

// SetUp takes the network up or down. While it is down every packet sent is lost.
func (n *Network) SetUp(up bool) {
	n.up = up
	for _, port := range n.ports {
		port.mu.Lock()
		port.uplink.SetUp(up)
		port.downlink.SetUp(up)
		port.mu.Unlock()
	}
}

// Packets returns how many packets were offered to the network's links since the run began, so that
// the difference over a time tells whether an impairment touched anything.
func (n *Network) Packets() uint64 {
	var sum uint64
	for _, port := range n.ports {
		port.mu.Lock()
		sum += port.uplink.Stats().Sent + port.downlink.Stats().Sent
		port.mu.Unlock()
	}
	return sum
}

// Port is where a device is attached to a network.
type Port struct {
	mu               sync.Mutex // guards the links and all connections over them
	net              *Network
	device           string
	uplink, downlink *netsim.Link
	// One source for each thing that the switch does to the device and to the broker, so that the
	// order of two of them at one instant does not depend on which was asked for first.
	toDevice, toBroker *vtime.Source
}

// Attach attaches a device. Attach devices in the order of the scenario.
func (n *Network) Attach(device string) *Port {
	up, down := netsim.Links(n.sw.cfg.Seed, n.name, device, n.profile)
	up.SetUp(n.up)
	down.SetUp(n.up)
	p := &Port{net: n, device: device, uplink: up, downlink: down, toDevice: n.sw.cfg.Loop.Source(), toBroker: n.sw.cfg.Loop.Source()}
	n.ports = append(n.ports, p)
	return p
}

// DialContext connects to the broker: one round trip, or longer where packets are lost. network and
// address are ignored but for the error text; there is one broker. The error is a *net.OpError
// around ctx's cause, ECONNREFUSED or ETIMEDOUT.
func (p *Port) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	fail := func(err error) error {
		return &net.OpError{Op: "dial", Net: network, Addr: addr(address), Err: err}
	}
	d := &dial{port: p, ctx: ctx, handshake: netsim.NewHandshake(p.uplink, p.downlink), done: make(chan error, 1)}
	p.mu.Lock()
	d.handshake.Start(p.net.sw.now())
	d.wait()
	p.mu.Unlock()
	select {
	case err := <-d.done:
		if err != nil {
			return nil, fail(err)
		}
		return &d.conn.device, nil
	case <-ctx.Done():
		p.mu.Lock()
		d.timer.Stop()
		p.mu.Unlock()
		return nil, fail(context.Cause(ctx))
	}
}

// dial is a connection being set up.
type dial struct {
	port      *Port
	ctx       context.Context
	handshake *netsim.Handshake
	timer     *vtime.Timer
	conn      *pair
	done      chan error
}

// wait asks for the next step of the set-up. The caller holds the port's mu.
func (d *dial) wait() {
	if at, ok := d.handshake.Next(); ok {
		d.timer = d.port.toDevice.After(at-d.port.net.sw.now(), vtime.Bytes, d.step)
	}
}

// step is an action of the loop.
func (d *dial) step() {
	sw := d.port.net.sw
	connected, err := d.advance()
	switch {
	case err != nil:
		d.done <- err
	case connected && !sw.cfg.Listening():
		sw.refused++
		d.done <- syscall.ECONNREFUSED
	case connected:
		d.conn = sw.connected(d.port, d.handshake)
		sw.cfg.Accept(&d.conn.broker)
		d.done <- nil
	}
}

func (d *dial) advance() (connected bool, err error) {
	d.port.mu.Lock()
	defer d.port.mu.Unlock()
	if d.ctx.Err() != nil {
		return false, nil
	}
	connected, err = d.handshake.Step(d.port.net.sw.now())
	if !connected && err == nil {
		d.wait()
	}
	return connected, err
}

// Refused counts the connections that were refused because the broker was not listening.
func (s *Switch) Refused() int { return s.refused }

// connected makes the connection that a handshake has set up.
func (s *Switch) connected(p *Port, h *netsim.Handshake) *pair {
	c := newPair(s, p)
	if rtt, ok := h.RoundTrip(); ok {
		c.measured(rtt)
	}
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	return c
}

func (s *Switch) forget(c *pair) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// addr names one end of a connection: the device, or the broker.
type addr string

func (a addr) Network() string { return "memory" }
func (a addr) String() string  { return string(a) }
