package mqtt

import (
	"bytes"
	"context"
	"net"
	"slices"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

type state uint8

// The states; doc.go has the table of what leads from one to another.
const (
	offline state = iota
	dialing
	handshake
	online
	closed
)

// Client is an MQTT client. It belongs to one goroutine, which calls all of its methods; callbacks
// run inside these calls, may call Publish, Subscribe and Unsubscribe, and must not call the rest.
type Client struct {
	cfg      Config
	ctx      context.Context
	incoming chan Incoming
	state    state
	out      bytes.Buffer // packets to write at the end of this turn

	// The connection, or the attempt at one.
	attempt  int // tells what comes from an earlier one
	cancel   context.CancelFunc
	conn     wire      // nil: none, or not set up
	socket   Socket    // in the place of dial's goroutine; nil: none
	part     []byte    // of a packet that is not whole yet, from socket
	due      time.Time // offline: when to dial; dialing, handshake: when to give up
	failures int       // connections in a row that did not last
	since    time.Time // online since
	ever     bool      // a CONNECT was accepted before

	// While online.
	keepAlive time.Duration
	window    int
	sent      time.Time // the last write
	heard     time.Time // the last packet that arrived
	pinged    time.Time // the PINGREQ that is not answered; zero: none

	// The session: what outlives a connection.
	lastID   uint16
	messages []*outgoing         // not yet acknowledged, in the order of Publish
	filters  []*filter           // in the order of Subscribe
	received map[uint16]struct{} // QoS 2 messages taken, whose PUBREL is to come
}

// New returns a client that connects at its first turn. When ctx ends, so does the client: its next
// turn closes the connection. The error lists everything that is wrong with cfg.
func New(ctx context.Context, cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Client{
		cfg: cfg, ctx: ctx, incoming: make(chan Incoming), received: map[uint16]struct{}{},
		// A device that lost power has lost its identifiers too, but the broker keeps those of its
		// QoS 2 exchanges: beginning elsewhere avoids that it takes a new message for an old one.
		lastID: uint16(cfg.Rand.Uint32()),
	}, nil
}

// Incoming is something that happened on the connection, to be given to Handle.
type Incoming struct {
	attempt int
	conn    net.Conn        // connected
	packet  *packets.Packet // or a packet arrived
	err     error           // or it ended
}

// Incoming returns the channel on which the connection's happenings arrive, the same for all of the
// client's life. Each must be given to Handle. It is never closed. With Config.Open nothing arrives there.
func (c *Client) Incoming() <-chan Incoming { return c.incoming }

// Connected reports whether the broker has accepted the connection and it has not failed since.
func (c *Client) Connected() bool { return c.state == online }

// Unacknowledged returns how many messages the client holds: published, and not yet done.
func (c *Client) Unacknowledged() int { return len(c.messages) }

// Wait drives the client for d, or until its context ends: then it returns the context's cause, or
// ErrClosed after Close and Disconnect. It is for clients with Config.Dial.
func (c *Client) Wait(d time.Duration) error {
	end := time.Now().Add(d)
	for {
		next := c.Step()
		if c.state == closed {
			if err := context.Cause(c.ctx); err != nil {
				return err
			}
			return ErrClosed
		}
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		timer := time.NewTimer(min(left, time.Until(next)))
		select {
		case in := <-c.incoming:
			c.Handle(in)
		case <-timer.C:
		case <-c.ctx.Done():
		}
		timer.Stop()
	}
}

// Step takes a turn: it does what is due (connecting, time-outs, PINGREQ), sends what Publish,
// Subscribe and Handle have left to be sent, and returns when the next turn is due at the latest. After
// the end of the client it does nothing and returns a time a century off.
//
// Firmware with a select of its own takes a turn before each wait:
//
//	for {
//		timer.Reset(time.Until(client.Step()))
//		select {
//		case in := <-client.Incoming():
//			client.Handle(in)
//		case line := <-lines:
//			command(line)
//		case <-timer.C:
//		}
//	}
func (c *Client) Step() time.Time {
	now := time.Now()
	if c.state != closed && c.ctx.Err() != nil {
		c.Close()
	}
	if c.socket != nil {
		c.poll()
	}
	c.expire(now)
	if c.state == offline && !now.Before(c.due) {
		c.dial(now)
	}
	if c.state == online {
		c.flush(now)
	}
	if c.state != online {
		c.forsake()
	}
	return c.next(now)
}

// Handle takes in what came from Incoming. What it leaves to be sent goes out with the next Step.
func (c *Client) Handle(in Incoming) {
	if in.attempt != c.attempt || c.state == closed || c.state == offline {
		if in.conn != nil {
			in.conn.Close() //nolint:errcheck // nobody wants it any more
		}
		return
	}
	switch {
	case in.err != nil:
		c.drop(in.err)
	case in.conn != nil:
		c.greet(in.conn)
	default:
		c.handle(in.packet)
	}
}

// handle takes in a packet of the connection there is. It keeps none of pk but what that points to.
func (c *Client) handle(pk *packets.Packet) {
	if c.state == handshake {
		c.welcome(pk)
		return
	}
	c.heard = time.Now()
	if err := c.take(pk); err != nil {
		c.drop(err)
	}
}

// Publish hands m to the client, which keeps m.Payload; the next Step sends it. done may be nil; else
// it is called once. For a message of QoS 1 or 2 that is when the broker has acknowledged it, with a
// *ReasonError where it refused, or never where the client ends before; until then the client sends it again after every
// reconnection. For QoS 0 it is when the message was written, with ErrOffline where it was dropped.
//
// Messages go out in the order of Publish. On a resumed session an unacknowledged one is sent again
// with DUP; where the broker has lost the session, as a new message: at least once even then.
func (c *Client) Publish(m Message, done func(error)) error {
	if err := m.validate(); err != nil {
		return err
	}
	switch {
	case c.state == closed:
		return ErrClosed
	case len(c.messages) >= c.cfg.Queue:
		return ErrQueueFull
	}
	if done == nil {
		done = func(error) {}
	}
	c.messages = append(c.messages, &outgoing{Message: m, done: done})
	return nil
}

// Subscribe asks for the messages that match filter, now and after every reconnection without a
// session. done may be nil; else it is called with each of the broker's answers: nil, or a
// *ReasonError where it refused. Subscribing again to a filter replaces qos and done.
func (c *Client) Subscribe(filterText string, qos byte, done func(error)) error {
	if err := validateFilter(filterText, qos); err != nil {
		return err
	}
	return c.request(&filter{text: filterText, qos: qos, done: done, wanted: true})
}

// Unsubscribe takes Subscribe back. done may be nil; else it is called with the broker's answer.
func (c *Client) Unsubscribe(filterText string, done func(error)) error {
	if err := validateFilter(filterText, 0); err != nil {
		return err
	}
	return c.request(&filter{text: filterText, done: done})
}

func (c *Client) request(f *filter) error {
	if c.state == closed {
		return ErrClosed
	}
	if f.done == nil {
		f.done = func(error) {}
	}
	c.filters = slices.DeleteFunc(c.filters, func(old *filter) bool { return old.text == f.text })
	c.filters = append(c.filters, f)
	return nil
}

// Disconnect takes leave of the broker, which forgets the will, and closes the client.
func (c *Client) Disconnect() {
	if c.state == online {
		c.send(&packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}})
		c.write(time.Now()) //nolint:errcheck // the connection ends either way
	}
	c.Close()
}

// Close closes the connection without a word, so that the broker publishes the will, and ends the
// client. It may be called more than once.
func (c *Client) Close() {
	c.hangUp()
	c.state = closed
}
