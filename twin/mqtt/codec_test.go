package mqtt

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"
)

func FuzzReadPacket(f *testing.F) {
	for _, seed := range [][]byte{
		{0x20, 0x02, 0x01, 0x00}, {0x20, 0x03, 0, 0, 0}, {0x30, 0x05, 0, 1, 't', 'h', 'i'}, {0x32, 0x07, 0, 1, 't', 0, 1, 0, 'x'},
		{0x40, 0x02, 0, 1}, {0x50, 0x03, 0, 1, 0x10}, {0x62, 0x02, 0, 1}, {0x70, 0x04, 0, 1, 0, 0}, {0x90, 0x03, 0, 1, 1},
		{0xb0, 0x02, 0, 1}, {0xd0, 0x00}, {0xe0, 0x02, 0x8e, 0}, {0x30, 0xff, 0xff, 0xff, 0xff, 1},
		{0x37}, {0x31, 0x0b, 0, 1, 't', 0x07, 0x0b, 0x80, 0x01, 0x01, 0x01, 0x23, 0x00},
	} {
		f.Add(byte(V311), seed)
		f.Add(byte(V5), seed)
	}
	f.Fuzz(func(t *testing.T, version byte, data []byte) {
		const limit = 1 << 12
		if version != byte(V5) {
			version = byte(V311)
		}
		r := bufio.NewReader(bytes.NewReader(data))
		for rest := bytes.Clone(data); ; {
			pk, err := readPacket(r, Version(version), limit)
			var parsed packets.Packet
			size, parseErr := parsePacket(&parsed, rest, Version(version), limit)
			if cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); cut {
				require.Zero(t, size, "it is not whole")
			} else {
				if err == nil {
					require.Equal(t, *pk, parsed)
				}
				require.Equal(t, err == nil, parseErr == nil, "%v, but %v", err, parseErr)
				rest = rest[size:]
			}
			if err != nil {
				require.True(t, errors.Is(err, ErrProtocol) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF), "%v", err)
				return
			}
			require.LessOrEqual(t, pk.FixedHeader.Remaining, limit)
			if pk.FixedHeader.Type == packets.Publish {
				require.NotEmpty(t, pk.TopicName)
				require.LessOrEqual(t, pk.FixedHeader.Qos, byte(2))
			}
		}
	})
}

func TestEveryPacketOfAClientEncodes(t *testing.T) {
	for kind := byte(0); kind <= 15; kind++ {
		var b bytes.Buffer
		pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: kind, Qos: 1}, TopicName: "t", PacketID: 1, ProtocolVersion: 4}
		err := appendPacket(&b, &pk)
		switch kind {
		case packets.Reserved, packets.Connack, packets.Suback, packets.Unsuback, packets.Pingresp, packets.Auth:
			require.Error(t, err, "%d", kind)
		default:
			require.NoError(t, err, "%d", kind)
		}
	}
}
