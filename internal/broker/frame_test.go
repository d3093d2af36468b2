package broker

import (
	"bytes"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"
)

func TestPacketLength(t *testing.T) {
	long := append([]byte{0x30, 0x80, 0x01}, make([]byte, 128)...)
	for _, c := range []struct {
		name string
		in   []byte
		want int
		err  bool
	}{
		{"nothing", nil, 0, false},
		{"a type only", []byte{0xc0}, 0, false},
		{"PINGREQ", []byte{0xc0, 0}, 2, false},
		{"two packets", []byte{0xc0, 0, 0xe0, 0}, 2, false},
		{"part of the length", []byte{0x30, 0x80}, 0, false},
		{"part of the body", long[:130], 0, false},
		{"two bytes of length", long, 131, false},
		{"and more", append(bytes.Clone(long), 1, 2, 3), 131, false},
		{"four bytes of length, incomplete", []byte{0x30, 0xff, 0xff, 0xff, 0x7f}, 0, false},
		{"five bytes of length", []byte{0x30, 0xff, 0xff, 0xff, 0xff}, 0, true},
	} {
		n, err := PacketLength(c.in)
		require.Equal(t, c.want, n, c.name)
		require.Equal(t, c.err, err != nil, c.name)
	}
}

// FuzzPacketLength holds it against mochi's own decoder, for every way to cut the input.
func FuzzPacketLength(f *testing.F) {
	f.Add([]byte{0xc0, 0})
	f.Add([]byte{0x30, 0x80, 0x01, 1})
	f.Add([]byte{0x30, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := PacketLength(b)
		if len(b) < 2 {
			require.NoError(t, err)
			require.Zero(t, n)
			return
		}
		remaining, size, mochi := packets.DecodeLength(bytes.NewReader(b[1:min(len(b), 5)]))
		switch {
		case mochi == nil && 1+size+remaining <= len(b):
			require.NoError(t, err)
			require.Equal(t, 1+size+remaining, n)
			for cut := range min(n, 200) {
				short, err := PacketLength(b[:cut])
				require.NoError(t, err)
				require.Zero(t, short)
			}
		case mochi == nil || len(b) < 5:
			require.NoError(t, err)
			require.Zero(t, n)
		default:
			require.Error(t, err)
		}
	})
}
