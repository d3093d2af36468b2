package mqtt

import (
	"errors"
	"fmt"
)

// What Publish, Wait and the callbacks report; test with errors.Is.
var (
	// ErrClosed means that the client was closed, or that its context ended.
	ErrClosed = errors.New("mqtt: client closed")
	// ErrQueueFull means that Config.Queue messages wait already. The message was not taken.
	ErrQueueFull = errors.New("mqtt: queue full")
	// ErrOffline means that a message of QoS 0 was dropped, as there was no connection.
	ErrOffline = errors.New("mqtt: offline")
	// ErrTimeout means that the broker did not answer in time.
	ErrTimeout = errors.New("mqtt: timed out")
	// ErrProtocol means that the broker sent what the specification forbids.
	ErrProtocol = errors.New("mqtt: protocol error")
)

// ReasonError is a refusal or an end that the broker gave a code for.
type ReasonError struct {
	Packet string // which packet said so: CONNACK, SUBACK, DISCONNECT…
	Code   byte   // as on the wire; version 3.1.1 has CONNACK codes 1 to 5 and SUBACK code 0x80
}

// Error returns the code and its meaning.
func (e *ReasonError) Error() string {
	return fmt.Sprintf("mqtt: %s: %s (0x%02x)", e.Packet, reasonText(e.Code), e.Code)
}

// reasonText names a code of MQTT 3.1.1 table 3.1 or MQTT 5 section 2.4, in the latter's words.
func reasonText(code byte) string {
	texts := map[byte]string{
		0x01: "unsupported protocol version", 0x02: "client identifier not valid", 0x03: "server unavailable",
		0x04: "bad user name or password", 0x05: "not authorized", 0x80: "unspecified error", 0x81: "malformed packet",
		0x82: "protocol error", 0x83: "implementation specific error", 0x84: "unsupported protocol version",
		0x85: "client identifier not valid", 0x86: "bad user name or password", 0x87: "not authorized",
		0x88: "server unavailable", 0x89: "server busy", 0x8a: "banned", 0x8b: "server shutting down",
		0x8c: "bad authentication method", 0x8d: "keep alive timeout", 0x8e: "session taken over",
		0x8f: "topic filter invalid", 0x90: "topic name invalid", 0x91: "packet identifier in use",
		0x92: "packet identifier not found", 0x93: "receive maximum exceeded", 0x94: "topic alias invalid",
		0x95: "packet too large", 0x96: "message rate too high", 0x97: "quota exceeded", 0x98: "administrative action",
		0x99: "payload format invalid", 0x9a: "retain not supported", 0x9b: "QoS not supported", 0x9c: "use another server",
		0x9d: "server moved", 0x9e: "shared subscriptions not supported", 0x9f: "connection rate exceeded",
		0xa0: "maximum connect time", 0xa1: "subscription identifiers not supported", 0xa2: "wildcard subscriptions not supported",
	}
	if text, ok := texts[code]; ok {
		return text
	}
	return "reason"
}
