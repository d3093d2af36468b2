package sensor

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMCP3008(t *testing.T) {
	r := room{"ch0": 1.65, "ch1": 3.3, "ch2": 0, "ch3": 1, "ch6": 2, "ch7": 5}
	c := powered[SPIChip](t, "mcp3008", 0, r.read)
	convert := func(w ...byte) []byte {
		in := make([]byte, len(w))
		c.Select(true)
		c.Transfer(ms(0), w, in)
		c.Select(false)
		return in
	}
	// Figure 6-1: the start bit at the end of the first byte puts the last eight bits into the third.
	for control, want := range map[byte]int{
		0x80: 512, 0x90: 1023, 0xA0: 0, 0xB0: 310, 0xF0: 1023, // single-ended
		0x10: 512, // ch1 - ch0
		0x00: 0,   // ch0 - ch1 is below zero
		0x30: 310, // ch3 - ch2
	} {
		b := convert(1, control, 0)
		require.Equal(t, want, word(b[1:])&0x7FF, "control %#x", control)
	}
	// Without leading zeros, and read on: the result again from its lowest bit, then zeros (figure 5-2).
	b := convert(0x80|0xB0>>1, 0, 0, 0, 0) // start, then 1011: channel 3, 310 = 0b0100110110
	bits := ""
	for _, x := range b {
		for i := 7; i >= 0; i-- {
			bits += string('0' + x>>i&1)
		}
	}
	require.Equal(t, "0000000"+"0100110110"+"110110010"+"00000000000000", bits)
	require.Equal(t, []byte{0, 0, 0}, convert(0, 0, 0), "no start bit")
}
