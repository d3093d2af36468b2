package proxy

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/twinrig/twinrig/netsim"
)

// pair is one connection: the client's socket, the broker's, and the model between them.
//
//	set-up: opening is set          -> answered -> the broker is dialled -> ready
//	bytes:  up and down are set     -> a flow ends by itself, or is killed
//	end:    all four copies returned; both sockets are closed, the pair is forgotten
type pair struct {
	proxy    *Proxy
	address  string          // of the client
	ctx      context.Context // ends when nobody wants the connection any more
	cancel   context.CancelFunc
	answered chan struct{} // closed when opening has ended
	ready    chan struct{} // closed when the connection is set up, or is not to be; then see failure

	// Guarded by the proxy's mu.
	opening        *netsim.Handshake
	client, broker *net.TCPConn
	up, down       *flow
	failure        error // why there is no connection, or no more
	over           bool
}

// flow is one direction of a pair. The proxy's mu guards it.
type flow struct {
	stream *netsim.Stream
	cond   *sync.Cond
	out    []byte // arrived, to be written to the far socket
	giving int    // bytes that are being written to it
	ended  bool   // and then the end
	dead   bool   // nothing moves any more; what the near socket sends is discarded
}

func newPair(p *Proxy, client string) *pair {
	c := &pair{proxy: p, address: client, answered: make(chan struct{}), ready: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(p.ctx)
	return c
}

// serve carries the connection from its set-up to its end.
func (c *pair) serve() {
	p := c.proxy
	defer p.forget(c)
	defer c.cancel()
	p.mu.Lock()
	client := c.client
	c.opening = netsim.NewHandshake(p.uplink, p.downlink)
	c.opening.Start(p.now())
	p.mu.Unlock()
	p.poke()
	broker, err := c.open()
	if err != nil {
		p.mu.Lock()
		c.failure = err
		p.mu.Unlock()
		close(c.ready)
		return // sweep resets the client
	}
	// Not reset: what was written last may still be on its way through the kernel. Where that is
	// not wanted, it was reset before.
	defer client.Close() //nolint:errcheck // closed already, or nobody is left to hear of it
	defer broker.Close() //nolint:errcheck // as above
	var copies sync.WaitGroup
	copies.Go(func() { c.take(client, c.up) })
	copies.Go(func() { c.give(broker, c.up) })
	copies.Go(func() { c.take(broker, c.down) })
	copies.Go(func() { c.give(client, c.down) })
	close(c.ready)
	copies.Wait()
}

// open waits for the set-up, connects to the broker, and makes the flows.
func (c *pair) open() (*net.TCPConn, error) {
	p := c.proxy
	select {
	case <-c.answered:
	case <-c.ctx.Done():
		return nil, net.ErrClosed
	}
	p.mu.Lock()
	opening, err := c.opening, c.failure
	c.opening = nil
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(c.ctx, "tcp", p.target)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case c.ctx.Err() != nil: // Close or the one who dialled came in between
		if err == nil {
			reset(conn.(*net.TCPConn))
		}
		return nil, net.ErrClosed
	case err != nil:
		p.refused++
		return nil, fmt.Errorf("proxy: connect to the broker at %s: %w", p.target, err)
	}
	c.broker = conn.(*net.TCPConn)
	c.up = &flow{stream: netsim.NewStream(p.uplink, p.downlink), cond: sync.NewCond(&p.mu)}
	c.down = &flow{stream: netsim.NewStream(p.downlink, p.uplink), cond: sync.NewCond(&p.mu)}
	if rtt, ok := opening.RoundTrip(); ok {
		c.up.stream.Measured(rtt)
		c.down.stream.Measured(rtt)
	}
	return c.broker, nil
}

// step does what is due. The caller holds mu.
func (c *pair) step(now time.Duration) {
	if c.opening != nil {
		if done, err := c.opening.Step(now); done || err != nil {
			c.failure = err
			close(c.answered)
		}
	}
	if c.up == nil {
		return
	}
	if err := c.up.step(now); err != nil {
		c.failure = err
		c.vanish()
	}
	if err := c.down.step(now); err != nil {
		c.kill(c.down)
		reset(c.broker)
	}
}

func (f *flow) step(now time.Duration) error {
	if f.dead {
		return nil
	}
	data, eof, err := f.stream.Step(now)
	f.out = append(f.out, data...)
	f.ended = f.ended || eof
	f.cond.Broadcast()
	return err
}

// held is how many bytes the sender must still answer for. The caller holds mu.
func (f *flow) held() int { return f.stream.Buffered() + len(f.out) + f.giving }

// next returns when something is due. The caller holds mu.
func (c *pair) next() (at time.Duration, ok bool) {
	if c.opening != nil {
		return c.opening.Next()
	}
	for _, f := range []*flow{c.up, c.down} {
		if f == nil || f.dead {
			continue
		}
		if t, due := f.stream.Next(); due && (!ok || t < at) {
			at, ok = t, true
		}
	}
	return at, ok
}

// take reads what a socket sends into the flow. Once the flow is dead it reads on, to notice when
// the other side closes.
func (c *pair) take(from net.Conn, f *flow) {
	p := c.proxy
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		if !f.dead {
			f.stream.Write(p.now(), buf[:n])
			if err != nil {
				f.stream.CloseWrite(p.now())
			}
			p.poke()
		}
		for err == nil && !f.dead && f.held() >= sendBuffer {
			f.cond.Wait()
		}
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// give writes what arrived to a socket, until the end or until the flow is dead.
func (c *pair) give(to *net.TCPConn, f *flow) {
	mu := &c.proxy.mu
	mu.Lock()
	defer mu.Unlock()
	for !f.dead {
		if len(f.out) == 0 && !f.ended {
			f.cond.Wait()
			continue
		}
		data, ended := f.out, f.ended
		f.out, f.giving = nil, len(data)
		mu.Unlock()
		_, err := to.Write(data)
		if err == nil && ended {
			err = to.CloseWrite()
		}
		mu.Lock()
		f.giving = 0
		f.cond.Broadcast() // there is room
		switch {
		case err != nil:
			c.kill(f)
		case ended:
			return
		}
	}
}

// kill ends a flow without a word; a client that is left with neither direction is reset. The
// caller holds mu.
func (c *pair) kill(f *flow) {
	f.dead = true
	f.out = nil
	f.cond.Broadcast()
	if c.up.dead && c.down.dead {
		reset(c.client)
	}
}

// vanish takes the client away; the broker hears nothing of it. The caller holds mu.
func (c *pair) vanish() {
	if c.up != nil {
		c.kill(c.up)
		c.kill(c.down)
	}
}

// abort ends the pair at both ends. The caller holds mu.
func (c *pair) abort() {
	c.cancel()
	if c.client != nil {
		reset(c.client)
	}
	if c.broker != nil {
		c.vanish()
		reset(c.broker)
	}
}

// reset closes a socket so that the other side gets RST; it may be closed already.
func reset(c *net.TCPConn) {
	c.SetLinger(0) //nolint:errcheck // closed already
	c.Close()      //nolint:errcheck // closed already
}

// failed returns why the client's connection ended, or otherwise err.
func (c *pair) failed(op string, err error) error {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	if err == nil || c.failure != syscall.ETIMEDOUT { //nolint:errorlint // the model's own value
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Err: c.failure}
}
