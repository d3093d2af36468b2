package twin

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// DialContext connects to address, such as broker:1883, over the device's network. When the boot ends,
// a dial under way is released and every connection returns net.ErrClosed.
func (hw *Hardware) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := hw.enter(); err != nil {
		return nil, err
	}
	dial := hw.t.cfg.Dial
	if dial != nil {
		hw.t.useRadio(0)
	}
	hw.t.unlock()
	if dial == nil {
		return nil, fmt.Errorf("twin: %s has no network to dial %s over", hw.t.cfg.Name, address)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(hw.ctx, func() { cancel(context.Cause(hw.ctx)) })
	defer stop()
	under, err := dial(ctx, network, address)
	if ended := hw.enter(); ended != nil {
		if err == nil {
			vanish(under)
		}
		return nil, ended
	}
	defer hw.t.unlock()
	hw.t.useRadio(0)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: under, hw: hw}
	hw.conns = append(hw.conns, c)
	return c, nil
}

// vanish ends a connection as the end of a boot does: without a word to the other side, where the
// network can do that.
func vanish(c io.Closer) {
	if v, ok := c.(interface{ Vanish() }); ok {
		v.Vanish()
		return
	}
	c.Close() // nobody is left to hear of an error
}

// conn is a connection of one boot.
type conn struct {
	net.Conn
	hw *Hardware
}

// enter makes the end of the boot into net.ErrClosed.
func (c *conn) enter() error {
	if c.hw.do(func() error { return nil }) != nil {
		return net.ErrClosed
	}
	return nil
}

// closed makes whatever the network says about a connection whose boot has ended into net.ErrClosed.
func (c *conn) closed(n int, err error) (int, error) {
	if err != nil && c.hw.over() {
		return n, net.ErrClosed
	}
	return n, err
}

func (hw *Hardware) over() bool {
	hw.t.mu.Lock()
	defer hw.t.unlock()
	return hw.ended != nil
}

func (c *conn) Read(p []byte) (int, error) {
	if err := c.enter(); err != nil {
		return 0, err
	}
	n, err := c.closed(c.Conn.Read(p))
	c.hw.count(0, n)
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.enter(); err != nil {
		return 0, err
	}
	n, err := c.closed(c.Conn.Write(p))
	c.hw.count(n, 0)
	return n, err
}

func (c *conn) Close() error {
	if c.hw.enter() != nil {
		return net.ErrClosed
	}
	c.hw.conns = slices.DeleteFunc(c.hw.conns, func(other *conn) bool { return other == c })
	c.hw.t.unlock()
	return c.Conn.Close()
}

func (c *conn) SetDeadline(t time.Time) error {
	if err := c.enter(); err != nil {
		return err
	}
	return c.Conn.SetDeadline(t)
}

func (c *conn) SetReadDeadline(t time.Time) error {
	if err := c.enter(); err != nil {
		return err
	}
	return c.Conn.SetReadDeadline(t)
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	if err := c.enter(); err != nil {
		return err
	}
	return c.Conn.SetWriteDeadline(t)
}
