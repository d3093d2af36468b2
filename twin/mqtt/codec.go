package mqtt

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/mochi-mqtt/server/v2/packets"
)

// readPacket reads one packet that a broker may send. The error wraps ErrProtocol where the bytes are
// at fault, else it is r's. max is the longest remaining length accepted.
func readPacket(r *bufio.Reader, version Version, limit int) (*packets.Packet, error) {
	first, err := r.ReadByte()
	if err != nil {
		return nil, err
	}
	pk := &packets.Packet{ProtocolVersion: byte(version)}
	if err := pk.FixedHeader.Decode(first); err != nil {
		return nil, fmt.Errorf("%w: first byte 0x%02x: %w", ErrProtocol, first, err)
	}
	length, _, err := packets.DecodeLength(&limitedBytes{r: r, left: 4})
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, fmt.Errorf("%w: bad remaining length: %w", ErrProtocol, err)
	case length > limit:
		return nil, fmt.Errorf("%w: a packet of %d bytes, more than the %d asked for", ErrProtocol, length, limit)
	}
	pk.FixedHeader.Remaining = length
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if err := decode(pk, body); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrProtocol, packets.PacketNames[pk.FixedHeader.Type], err)
	}
	return pk, nil
}

func decode(pk *packets.Packet, body []byte) error {
	switch pk.FixedHeader.Type {
	case packets.Connack:
		return pk.ConnackDecode(body)
	case packets.Publish:
		return decodePublish(pk, body)
	case packets.Puback:
		return pk.PubackDecode(body)
	case packets.Pubrec:
		return pk.PubrecDecode(body)
	case packets.Pubrel:
		return pk.PubrelDecode(body)
	case packets.Pubcomp:
		return pk.PubcompDecode(body)
	case packets.Suback:
		return pk.SubackDecode(body)
	case packets.Unsuback:
		return pk.UnsubackDecode(body)
	case packets.Pingresp:
		return pk.PingrespDecode(body)
	case packets.Disconnect:
		if pk.ProtocolVersion == byte(V5) { // [MQTT-3.14.0-1] in 3.1.1 only clients send it
			return pk.DisconnectDecode(body)
		}
	}
	return fmt.Errorf("a broker does not send this")
}

func decodePublish(pk *packets.Packet, body []byte) error {
	if err := pk.PublishDecode(body); err != nil {
		return err
	}
	// The client offers no topic aliases, and a subscription identifier is no violation in this direction.
	check := *pk
	check.Properties.SubscriptionIdentifier = nil
	if code := check.PublishValidate(0); code != packets.CodeSuccess {
		return code
	}
	return nil
}

// limitedBytes ends a length that goes on and on.
type limitedBytes struct {
	r    io.ByteReader
	left int
}

func (l *limitedBytes) ReadByte() (byte, error) {
	if l.left == 0 {
		return 0, packets.ErrMalformedVariableByteInteger
	}
	l.left--
	return l.r.ReadByte()
}

// appendPacket writes pk to buf. Only the types that a client sends are known.
func appendPacket(buf *bytes.Buffer, pk *packets.Packet) error {
	switch pk.FixedHeader.Type {
	case packets.Connect:
		return pk.ConnectEncode(buf)
	case packets.Publish:
		return pk.PublishEncode(buf)
	case packets.Puback:
		return pk.PubackEncode(buf)
	case packets.Pubrec:
		return pk.PubrecEncode(buf)
	case packets.Pubrel:
		pk.FixedHeader.Qos = 1 // its reserved bits [MQTT-3.6.1-1]
		return pk.PubrelEncode(buf)
	case packets.Pubcomp:
		return pk.PubcompEncode(buf)
	case packets.Subscribe:
		pk.FixedHeader.Qos = 1 // [MQTT-3.8.1-1]
		return pk.SubscribeEncode(buf)
	case packets.Unsubscribe:
		pk.FixedHeader.Qos = 1 // [MQTT-3.10.1-1]
		return pk.UnsubscribeEncode(buf)
	case packets.Pingreq:
		return pk.PingreqEncode(buf)
	case packets.Disconnect:
		return pk.DisconnectEncode(buf)
	}
	return fmt.Errorf("mqtt: packet type %d is not a client's", pk.FixedHeader.Type)
}

// connectPacket builds the CONNECT of a connection.
func connectPacket(cfg *Config, clean bool) *packets.Packet {
	pk := &packets.Packet{
		FixedHeader:     packets.FixedHeader{Type: packets.Connect},
		ProtocolVersion: byte(cfg.Version),
		Connect: packets.ConnectParams{
			ProtocolName:     []byte("MQTT"),
			ClientIdentifier: cfg.ClientID,
			Clean:            clean,
			Keepalive:        uint16(cfg.KeepAlive.Seconds()),
			UsernameFlag:     cfg.Username != "" || cfg.Password != "", // [MQTT-3.1.2-22] no password without a user name
			Username:         []byte(cfg.Username),
			PasswordFlag:     cfg.Password != "",
			Password:         []byte(cfg.Password),
		},
	}
	if w := cfg.Will; w != nil {
		c := &pk.Connect
		c.WillFlag, c.WillTopic, c.WillPayload, c.WillQos, c.WillRetain = true, w.Topic, w.Payload, w.QoS, w.Retain
	}
	if cfg.Version == V5 {
		p := &pk.Properties
		p.MaximumPacketSize = uint32(cfg.MaxPacket)
		switch {
		case cfg.SessionExpiry > 0:
			p.SessionExpiryInterval, p.SessionExpiryIntervalFlag = uint32(cfg.SessionExpiry.Seconds()), true
		case !cfg.Clean:
			p.SessionExpiryInterval, p.SessionExpiryIntervalFlag = 0xffffffff, true // for ever [MQTT 5, 3.1.2.11.2]
		}
	}
	return pk
}
