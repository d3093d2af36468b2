package mqtt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"
)

// Version is a version of MQTT, as its number on the wire.
type Version byte

// The versions that the client speaks.
const (
	V311 Version = 4
	V5   Version = 5
)

// Config is what a Client is made with. Dial or Open, Address, ClientID and Rand are required; every other
// field has a default.
type Config struct {
	// Dial opens a connection, as twin.Hardware's DialContext or net.Dialer's does. It is called on a
	// goroutine of its own, and must return soon after ctx ends.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Open, in the place of Dial, begins to open a connection, as twin.Hardware's OpenBroker does. Then the
	// client has no goroutine and no Incoming: Step takes in what came, and is to be called whenever
	// something comes of the connection.
	Open func(network, address string) (Socket, error)
	// Network is Dial's first argument; "" is "tcp".
	Network string
	// Address is Dial's second argument, such as "broker:1883".
	Address string
	// ClientID names the session at the broker.
	ClientID string
	// Username and Password are left out of CONNECT where both are empty.
	Username, Password string
	// Version is V311 where it is zero.
	Version Version
	// Clean asks the broker to forget the session: in version 3.1.1 at every connection and
	// disconnection [MQTT-3.1.2-6], in version 5 at the client's first connection. The zero value is
	// a persistent session: messages that the broker could not deliver wait for the next connection.
	Clean bool
	// SessionExpiry is how long a version 5 broker keeps the session after a connection ends, in whole
	// seconds; zero is for ever, or not at all where Clean is set. Version 3.1.1 has no such thing.
	SessionExpiry time.Duration
	// Will is published by the broker when the connection ends without a DISCONNECT; nil is none.
	Will *Message
	// KeepAlive is the longest the connection is left idle in either direction before a PINGREQ, in
	// whole seconds up to 65,535 s; zero is 30 s. A version 5 broker may order another.
	KeepAlive time.Duration
	// PingTimeout is how long a PINGRESP may take; zero is AckTimeout.
	PingTimeout time.Duration
	// ConnectTimeout is how long dialing and the CONNACK may take together; zero is 10 s.
	ConnectTimeout time.Duration
	// AckTimeout is how long the broker may take to acknowledge a packet, and the connection to take
	// one; zero is 10 s. After it the connection counts as dead.
	AckTimeout time.Duration
	// BackoffMin and BackoffMax bound the pause before a reconnection; zero is 1 s and 60 s. The
	// pause is drawn evenly from [d/2, d] ("equal jitter"), where d is 2 × BackoffMin at first,
	// doubles with every failure up to BackoffMax, and starts again once a connection has lasted for d.
	BackoffMin, BackoffMax time.Duration
	// Window is how many messages of QoS 1 and 2 may be unacknowledged on a connection; zero is 16. A
	// version 5 broker may ask for less. Keep Window times the size of a message below the
	// connection's send buffer: Step writes on the caller's goroutine, and waits while that is full.
	Window int
	// Queue is how many messages the client holds, those in the window included; zero is 64.
	Queue int
	// MaxPacket is the longest packet that the broker may send, in bytes; zero is 64 KiB.
	MaxPacket int
	// Rand draws the backoff and the first packet identifier. The client owns it from now on.
	Rand *rand.Rand

	// OnConnect is called when the broker accepted a connection; sessionPresent is its word on
	// whether it had the session.
	OnConnect func(sessionPresent bool)
	// OnDisconnect is called when a connection, or the attempt at one, failed. It is not called for
	// Close and Disconnect.
	OnDisconnect func(err error)
	// OnMessage is called with each message that arrives. A message of QoS 1 or 2 is acknowledged
	// after OnMessage has returned, so what it must not lose it stores before that.
	OnMessage func(m Message)
}

// Message is an application message.
type Message struct {
	Topic   string
	Payload []byte
	QoS     byte
	Retain  bool
	// Dup marks a message that arrived and may be a repetition; Publish ignores it.
	Dup bool
}

func (c Config) withDefaults() Config {
	text := func(v *string, d string) {
		if *v == "" {
			*v = d
		}
	}
	span := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	count := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	text(&c.Network, "tcp")
	if c.Version == 0 {
		c.Version = V311
	}
	span(&c.KeepAlive, 30*time.Second)
	span(&c.ConnectTimeout, 10*time.Second)
	span(&c.AckTimeout, 10*time.Second)
	span(&c.PingTimeout, c.AckTimeout)
	span(&c.BackoffMin, time.Second)
	span(&c.BackoffMax, max(c.BackoffMin, 60*time.Second))
	count(&c.Window, 16)
	count(&c.Queue, 64)
	count(&c.MaxPacket, 64<<10)
	return c
}

func (c Config) validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("mqtt: config: "+format, args...))
		}
	}
	check(c.Dial != nil || c.Open != nil, "Dial is missing, and so is Open")
	check(c.Dial == nil || c.Open == nil, "Dial and Open exclude one another")
	check(c.Rand != nil, "Rand is missing")
	check(c.Address != "", "Address is missing")
	check(c.ClientID != "" && len(c.ClientID) <= math.MaxUint16, "ClientID has %d bytes; 1 to 65,535 are allowed", len(c.ClientID))
	check(len(c.Username) <= math.MaxUint16 && len(c.Password) <= math.MaxUint16, "Username and Password may have 65,535 bytes each")
	check(c.Version == V311 || c.Version == V5, "Version %d is neither V311 nor V5", c.Version)
	check(wholeSeconds(c.KeepAlive, math.MaxUint16), "KeepAlive %s is not whole seconds from 1 to 65,535", c.KeepAlive)
	check(c.SessionExpiry == 0 || wholeSeconds(c.SessionExpiry, math.MaxUint32), "SessionExpiry %s is not whole seconds", c.SessionExpiry)
	for _, d := range []time.Duration{c.PingTimeout, c.ConnectTimeout, c.AckTimeout, c.BackoffMin} {
		check(d > 0, "%s is not a time-out or backoff", d)
	}
	check(c.BackoffMax >= c.BackoffMin, "BackoffMax %s is below BackoffMin %s", c.BackoffMax, c.BackoffMin)
	check(c.Window >= 1 && c.Window <= math.MaxUint16, "Window %d is not from 1 to 65,535", c.Window)
	check(c.Queue >= c.Window && c.Queue < math.MaxUint16, "Queue %d is not from Window to 65,534", c.Queue)
	check(c.MaxPacket >= 16 && c.MaxPacket <= 1<<28, "MaxPacket %d is not from 16 to 2^28", c.MaxPacket)
	if c.Will != nil {
		if err := c.Will.validate(); err != nil {
			errs = append(errs, fmt.Errorf("mqtt: config: Will: %w", err))
		}
		check(len(c.Will.Payload) <= math.MaxUint16, "Will has %d bytes; 65,535 are allowed", len(c.Will.Payload))
	}
	return errors.Join(errs...)
}

func wholeSeconds(d, most time.Duration) bool {
	return d >= time.Second && d%time.Second == 0 && d/time.Second <= most
}

func (m Message) validate() error {
	switch {
	case m.Topic == "" || len(m.Topic) > math.MaxUint16:
		return fmt.Errorf("mqtt: a topic of %d bytes; 1 to 65,535 are allowed", len(m.Topic))
	case strings.ContainsAny(m.Topic, "+#\x00"):
		return fmt.Errorf("mqtt: topic %q has a wildcard or a zero byte", m.Topic) // [MQTT-3.3.2-2]
	case m.QoS > 2:
		return fmt.Errorf("mqtt: topic %q: QoS %d is not 0, 1 or 2", m.Topic, m.QoS)
	case len(m.Payload) > 1<<28-1<<17:
		return fmt.Errorf("mqtt: topic %q: %d bytes are more than a packet holds", m.Topic, len(m.Payload))
	}
	return nil
}

func validateFilter(filter string, qos byte) error {
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		// [MQTT-4.7.1-2] [MQTT-4.7.1-3]
		wrong := strings.ContainsAny(level, "+#") && level != "+" && level != "#"
		if wrong || level == "#" && i != len(levels)-1 {
			return fmt.Errorf("mqtt: filter %q: a wildcard must be a whole level, and # the last", filter)
		}
	}
	switch {
	case filter == "" || len(filter) > math.MaxUint16 || slices.Contains([]byte(filter), 0):
		return fmt.Errorf("mqtt: filter %q is empty, too long or has a zero byte", filter)
	case qos > 2:
		return fmt.Errorf("mqtt: filter %q: QoS %d is not 0, 1 or 2", filter, qos)
	}
	return nil
}
