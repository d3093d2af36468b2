package proxy

import (
	"context"
	"fmt"
	"net"
)

// Conn is a device's end of a connection over the proxy.
type Conn struct {
	net.Conn
	pair *pair
}

// DialContext connects to the broker over the link, as net.Dialer.DialContext does: it takes a round
// trip, longer where packets are lost, and hangs while the link is down. network and address are
// for the error's text only; there is one broker. The connection is a *Conn. The error is a
// *net.OpError around ctx's cause, ECONNREFUSED, ETIMEDOUT (after 127 s), or net.ErrClosed after Close.
func (p *Proxy) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	fail := func(err error) error {
		return &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s: %w", address, err)}
	}
	if p.ctx.Err() != nil {
		return nil, fail(net.ErrClosed)
	}
	conn, c, err := p.connect(ctx)
	switch {
	case err != nil && p.ctx.Err() != nil: // Close came in between
		return nil, fail(net.ErrClosed)
	case err != nil:
		return nil, fail(err)
	}
	select {
	case <-c.ready:
		p.mu.Lock()
		err = c.failure
		p.mu.Unlock()
	case <-ctx.Done():
		err = context.Cause(ctx)
		c.cancel()
	case <-p.ctx.Done():
		err = net.ErrClosed
	}
	if err != nil {
		reset(conn)
		return nil, fail(err)
	}
	return &Conn{Conn: conn, pair: c}, nil
}

// connect connects to the proxy itself, which takes no time of the model.
func (p *Proxy) connect(ctx context.Context) (*net.TCPConn, *pair, error) {
	p.dialing(+1)
	defer p.dialing(-1)
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", p.Addr())
	if err != nil {
		return nil, nil, err
	}
	return conn.(*net.TCPConn), p.dialed(conn.LocalAddr()), nil
}

// Read reads what arrived. The error is ETIMEDOUT where what was written could not be delivered
// for 924.6 s or somewhat longer.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	return n, c.pair.failed("read", err)
}

// Write writes b; its errors are those of Read.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	return n, c.pair.failed("write", err)
}

// Vanish ends the connection as a power cut does: nothing of it reaches the broker any more, not
// even its end. The broker's side stays open until the broker closes it, or the proxy is closed.
func (c *Conn) Vanish() {
	p := c.pair.proxy
	p.mu.Lock()
	c.pair.vanish()
	p.mu.Unlock()
	reset(c.Conn.(*net.TCPConn))
}
