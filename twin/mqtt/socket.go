package mqtt

import (
	"fmt"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// Socket is a connection whose calls do not wait, but for Write, such as twin.Hardware's Open returns.
type Socket = interface {
	// Connected reports whether the connection is set up; the error says why it could not be, or was lost.
	Connected() (bool, error)
	// Take returns the bytes that came since the last call, none or more; they are the caller's. The
	// error, once there are no more bytes, says why there will be none: io.EOF, for example.
	Take() ([]byte, error)
	// Write, SetWriteDeadline and Close are net.Conn's. Write waits while the send buffer is full.
	Write(p []byte) (int, error)
	SetWriteDeadline(t time.Time) error
	Close() error
}

// wire is what the client does with a connection that is set up.
type wire interface {
	Write(p []byte) (int, error)
	SetWriteDeadline(t time.Time) error
	Close() error
}

// open starts an attempt, without a goroutine.
func (c *Client) open() {
	socket, err := c.cfg.Open(c.cfg.Network, c.cfg.Address)
	if err != nil {
		c.drop(fmt.Errorf("mqtt: %w", err))
		return
	}
	c.socket = socket
	c.poll()
}

// poll takes in what came of the socket.
func (c *Client) poll() {
	if c.state == dialing {
		switch ok, err := c.socket.Connected(); {
		case err != nil:
			c.drop(fmt.Errorf("mqtt: %w", err))
			return
		case !ok:
			return
		}
		c.greet(c.socket)
	}
	for attempt := c.attempt; c.socket != nil && c.attempt == attempt; {
		data, err := c.socket.Take()
		switch {
		case len(data) > 0:
			c.parse(data)
		case err != nil:
			c.drop(fmt.Errorf("mqtt: connection lost: %w", err))
			return
		default:
			return
		}
	}
}

// parse handles the packets that are whole, and keeps what is left.
func (c *Client) parse(data []byte) {
	if len(c.part) > 0 {
		data = append(c.part, data...)
	}
	attempt := c.attempt
	for c.attempt == attempt && c.socket != nil {
		var pk packets.Packet // a kilobyte that is garbage at once: it stays on the stack
		n, err := parsePacket(&pk, data, c.cfg.Version, c.cfg.MaxPacket)
		switch {
		case err != nil:
			c.drop(fmt.Errorf("mqtt: connection lost: %w", err))
			return
		case n == 0:
			if c.part = data; len(data) == 0 {
				c.part = nil
			}
			return
		}
		data = data[n:]
		c.handle(&pk)
	}
}

// parsePacket is readPacket from bytes, of which pk keeps some, into an empty pk. It returns how many they are; 0 where
// they are not a whole packet yet.
func parsePacket(pk *packets.Packet, data []byte, version Version, limit int) (size int, err error) {
	if len(data) == 0 {
		return 0, nil
	}
	pk.ProtocolVersion = byte(version)
	if err := pk.FixedHeader.Decode(data[0]); err != nil {
		return 0, fmt.Errorf("%w: first byte 0x%02x: %w", ErrProtocol, data[0], err)
	}
	header, length := 1, 0
	for more := true; more; header++ {
		switch {
		case header > 4:
			return 0, fmt.Errorf("%w: bad remaining length: %w", ErrProtocol, packets.ErrMalformedVariableByteInteger)
		case header >= len(data):
			return 0, nil
		}
		length |= int(data[header]&0x7f) << (7 * (header - 1))
		more = data[header]&0x80 != 0
	}
	size = header + length
	switch {
	case length > limit:
		return 0, fmt.Errorf("%w: a packet of %d bytes, more than the %d asked for", ErrProtocol, length, limit)
	case len(data) < size:
		return 0, nil
	}
	pk.FixedHeader.Remaining = length
	if err := decode(pk, data[header:size:size]); err != nil {
		return 0, fmt.Errorf("%w: %s: %w", ErrProtocol, packets.PacketNames[pk.FixedHeader.Type], err)
	}
	return size, nil
}
