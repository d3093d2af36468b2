package mqtt

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// dial starts an attempt: one goroutine that dials, and then only reads. It keeps no time, so that two
// goroutines of a device never wake at one instant.
func (c *Client) dial(now time.Time) {
	c.attempt++
	c.state, c.due = dialing, now.Add(c.cfg.ConnectTimeout)
	if c.cfg.Open != nil {
		c.open()
		return
	}
	ctx, cancel := context.WithCancel(c.ctx)
	c.cancel = cancel
	attempt := c.attempt
	go func() {
		hand := func(in Incoming) bool {
			in.attempt = attempt
			if ctx.Err() != nil {
				return false
			}
			select {
			case c.incoming <- in:
				return true
			case <-ctx.Done():
				return false
			}
		}
		conn, err := c.cfg.Dial(ctx, c.cfg.Network, c.cfg.Address)
		if err != nil {
			hand(Incoming{err: fmt.Errorf("mqtt: %w", err)})
			return
		}
		if !hand(Incoming{conn: conn}) {
			conn.Close() //nolint:errcheck // nobody wants it any more
			return
		}
		r := bufio.NewReaderSize(conn, 512)
		for {
			pk, err := readPacket(r, c.cfg.Version, c.cfg.MaxPacket)
			if err != nil {
				hand(Incoming{err: fmt.Errorf("mqtt: connection lost: %w", err)})
				return
			}
			if !hand(Incoming{packet: pk}) {
				return
			}
		}
	}()
}

// greet sends CONNECT on the new connection.
func (c *Client) greet(conn wire) {
	c.conn, c.state = conn, handshake
	clean := c.cfg.Clean && (c.cfg.Version == V311 || !c.ever)
	c.send(connectPacket(&c.cfg, clean))
	if err := c.write(time.Now()); err != nil {
		c.drop(err)
	}
}

// welcome takes the broker's answer to CONNECT.
func (c *Client) welcome(pk *packets.Packet) {
	if pk.FixedHeader.Type != packets.Connack { // [MQTT-3.2.0-1]
		c.drop(fmt.Errorf("%w: %s before CONNACK", ErrProtocol, packets.PacketNames[pk.FixedHeader.Type]))
		return
	}
	if pk.ReasonCode != 0 {
		c.drop(&ReasonError{Packet: "CONNACK", Code: pk.ReasonCode})
		return
	}
	now := time.Now()
	c.state, c.since, c.sent, c.heard, c.pinged = online, now, now, now, time.Time{}
	c.ever = true
	c.keepAlive, c.window = c.cfg.KeepAlive, c.cfg.Window
	if p := &pk.Properties; c.cfg.Version == V5 {
		if p.ServerKeepAliveFlag { // [MQTT-3.1.2-21]
			c.keepAlive = time.Duration(p.ServerKeepAlive) * time.Second
		}
		if p.ReceiveMaximum > 0 { // [MQTT-3.3.4-9]
			c.window = min(c.window, int(p.ReceiveMaximum))
		}
	}
	c.resume(pk.SessionPresent)
	if c.cfg.OnConnect != nil {
		c.cfg.OnConnect(pk.SessionPresent)
	}
}

// drop ends a connection, or an attempt, that failed, and sets the time of the next one.
func (c *Client) drop(err error) {
	now := time.Now()
	lasted := time.Duration(0)
	if c.state == online {
		lasted = now.Sub(c.since)
	}
	c.hangUp()
	c.state = offline
	c.due = now.Add(c.backoff(lasted))
	if c.cfg.OnDisconnect != nil {
		c.cfg.OnDisconnect(err)
	}
}

// backoff returns the pause after a connection that lasted so long, as Config.BackoffMin describes.
func (c *Client) backoff(lasted time.Duration) time.Duration {
	ceiling := func() time.Duration {
		d := 2 * c.cfg.BackoffMin
		for range c.failures {
			if d >= c.cfg.BackoffMax {
				break
			}
			d *= 2
		}
		return min(d, c.cfg.BackoffMax)
	}
	if lasted >= ceiling() {
		c.failures = 0
	}
	d := ceiling()
	c.failures++
	low := max(d/2, c.cfg.BackoffMin)
	return low + time.Duration(c.cfg.Rand.Int64N(int64(d-low)+1))
}

// hangUp frees what belongs to the connection or the attempt at one.
func (c *Client) hangUp() {
	if c.cancel != nil {
		c.cancel()
		c.cancel = nil
	}
	if c.conn != nil {
		c.conn.Close() //nolint:errcheck // it is given up
		c.conn = nil
	} else if c.socket != nil {
		c.socket.Close() //nolint:errcheck // it is given up
	}
	c.socket, c.part = nil, nil
	c.out.Reset()
}

// expire ends what has lasted too long.
func (c *Client) expire(now time.Time) {
	switch c.state {
	case dialing, handshake:
		if !now.Before(c.due) {
			c.drop(fmt.Errorf("%w: no connection after %s", ErrTimeout, c.cfg.ConnectTimeout))
		}
	case online:
		if !c.pinged.IsZero() && !now.Before(c.pinged.Add(c.cfg.PingTimeout)) {
			c.drop(fmt.Errorf("%w: no PINGRESP after %s", ErrTimeout, c.cfg.PingTimeout))
			return
		}
		if at, ok := c.oldestUnanswered(); ok && !now.Before(at.Add(c.cfg.AckTimeout)) {
			c.drop(fmt.Errorf("%w: no acknowledgement after %s", ErrTimeout, c.cfg.AckTimeout))
		}
	}
}

// next returns when Step is due at the latest.
func (c *Client) next(now time.Time) time.Time {
	switch c.state {
	case closed:
		return now.AddDate(100, 0, 0)
	case online:
		at := now.AddDate(100, 0, 0)
		sooner := func(t time.Time) {
			if t.Before(at) {
				at = t
			}
		}
		switch {
		case !c.pinged.IsZero():
			sooner(c.pinged.Add(c.cfg.PingTimeout))
		case c.keepAlive > 0:
			sooner(c.pingDue())
		}
		if oldest, ok := c.oldestUnanswered(); ok {
			sooner(oldest.Add(c.cfg.AckTimeout))
		}
		return at
	}
	return c.due
}

// pingDue is when the connection has been idle for the keepalive, in either direction
// [MQTT-3.1.2-23]: a client that only sends would else never notice that nobody listens.
func (c *Client) pingDue() time.Time {
	idle := c.sent
	if c.heard.Before(idle) {
		idle = c.heard
	}
	return idle.Add(c.keepAlive)
}

// flush sends what there is to send.
func (c *Client) flush(now time.Time) {
	c.sendFilters(now)
	c.sendMessages(now)
	if c.keepAlive > 0 && c.pinged.IsZero() && !now.Before(c.pingDue()) {
		c.send(&packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pingreq}})
		c.pinged = now
	}
	if err := c.write(now); err != nil {
		c.drop(err)
	}
}

// send encodes pk for the next write.
func (c *Client) send(pk *packets.Packet) {
	pk.ProtocolVersion = byte(c.cfg.Version)
	// Everything was validated before, so that a packet always encodes.
	if err := appendPacket(&c.out, pk); err != nil {
		panic(err)
	}
}

// write writes what send has gathered, as one write.
func (c *Client) write(now time.Time) error {
	if c.out.Len() == 0 {
		return nil
	}
	defer c.out.Reset()
	if err := c.conn.SetWriteDeadline(now.Add(c.cfg.AckTimeout)); err != nil {
		return fmt.Errorf("mqtt: %w", err)
	}
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return fmt.Errorf("mqtt: %w", err)
	}
	c.sent = now
	if err := c.conn.SetWriteDeadline(time.Time{}); err != nil {
		return fmt.Errorf("mqtt: %w", err)
	}
	return nil
}
