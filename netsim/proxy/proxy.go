package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/twinrig/twinrig/netsim"
)

// sendBuffer is how many bytes a direction holds before its sender has to wait.
const sendBuffer = 64 << 10

// Proxy is the link of one device. Its methods may be called from any goroutine.
type Proxy struct {
	target   string
	listener net.Listener
	now      func() time.Duration // the model's clock
	ctx      context.Context      // ends with Close
	cancel   context.CancelFunc
	running  sync.WaitGroup
	kick     chan struct{} // the model has something new to do

	mu               sync.Mutex // guards all below, and the pairs; never held while anything waits
	uplink, downlink *netsim.Link
	pairs            []*pair
	dials            int // see dialing
	refused          int
	closed           bool
}

// Listen starts a proxy on a free loopback port, for connections to the broker at target, such as
// 127.0.0.1:1883. uplink and downlink are the proxy's from then on. The caller must Close it.
func Listen(target string, uplink, downlink *netsim.Link) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: listen for connections to %s: %w", target, err)
	}
	epoch := time.Now()
	p := &Proxy{
		target: target, listener: listener, now: func() time.Duration { return time.Since(epoch) },
		kick: make(chan struct{}, 1), uplink: uplink, downlink: downlink,
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.running.Go(p.accept)
	p.running.Go(p.turn)
	return p, nil
}

// Addr returns the address that the proxy listens on, as host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Set changes the profile, for packets sent from now on.
func (p *Proxy) Set(profile netsim.Profile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.uplink.Set(profile.Uplink)
	p.downlink.Set(profile.Downlink)
}

// SetUp takes the link up or down. While it is down nothing passes, and set-ups hang.
func (p *Proxy) SetUp(up bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.uplink.SetUp(up)
	p.downlink.SetUp(up)
}

// Stats returns the packets counted in each direction.
func (p *Proxy) Stats() (uplink, downlink netsim.Stats) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.uplink.Stats(), p.downlink.Stats()
}

// Refused returns how many connections the broker did not take.
func (p *Proxy) Refused() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}

// Close resets every connection at both ends and waits until nothing of the proxy is left.
// Calls after the first return net.ErrClosed.
func (p *Proxy) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return net.ErrClosed
	}
	p.closed = true
	p.cancel()
	for _, c := range p.pairs {
		c.abort()
	}
	p.mu.Unlock()
	err := p.listener.Close()
	p.running.Wait()
	if err != nil {
		return fmt.Errorf("proxy: close %s: %w", p.Addr(), err)
	}
	return nil
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		switch {
		case err == nil:
			p.running.Go(p.accepted(client.(*net.TCPConn)).serve)
		case errors.Is(err, net.ErrClosed):
			return
		default: // such as EMFILE, which passes
			p.sleep(10 * time.Millisecond)
		}
	}
}

func (p *Proxy) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.ctx.Done():
	}
}

// accepted returns the pair of a client that was accepted: a new one, unless DialContext met it first.
func (p *Proxy) accepted(client *net.TCPConn) *pair {
	p.mu.Lock()
	defer p.mu.Unlock()
	address := client.RemoteAddr().String()
	i := slices.IndexFunc(p.pairs, func(c *pair) bool { return c.address == address && c.client == nil })
	if i < 0 {
		i = len(p.pairs)
		p.pairs = append(p.pairs, newPair(p, address))
	}
	p.pairs[i].client = client
	return p.pairs[i]
}

// dialed returns the pair of a client that DialContext connected: a new one, unless it was accepted first.
func (p *Proxy) dialed(client net.Addr) *pair {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.pairs, func(c *pair) bool { return c.address == client.String() })
	if i < 0 {
		i = len(p.pairs)
		p.pairs = append(p.pairs, newPair(p, client.String()))
	}
	return p.pairs[i]
}

// dialing counts those who may still ask for a pair with dialed, which has perhaps ended by then.
// While there is one, no pair is forgotten, and no client reset because the broker refused: the
// reset could come before the dialling side's connect returns, and be all that it learns.
func (p *Proxy) dialing(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dials += n
	p.sweep()
}

func (p *Proxy) forget(c *pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.over = true
	p.sweep()
}

// sweep removes pairs that are over. The caller holds mu.
func (p *Proxy) sweep() {
	if p.dials > 0 {
		return
	}
	p.pairs = slices.DeleteFunc(p.pairs, func(c *pair) bool {
		if c.over {
			reset(c.client) // closed already where it was connected
		}
		return c.over
	})
}

// turn steps the model whenever something is due, until Close.
func (p *Proxy) turn() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-p.kick:
		case <-timer.C:
		}
		if wait, ok := p.step(); ok {
			timer.Reset(wait)
		} else {
			timer.Stop()
		}
	}
}

// step does what is due, and returns how long it is to what is due next.
func (p *Proxy) step() (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for _, c := range p.pairs {
		c.step(now)
		if at, due := c.next(); due && (!ok || at-now < wait) {
			wait, ok = at-now, true
		}
	}
	return wait, ok
}

// poke makes turn look again.
func (p *Proxy) poke() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}
