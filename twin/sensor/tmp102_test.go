package sensor

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// SBOS397, tables 5 and 6.
func TestTMP102Formats(t *testing.T) {
	for _, test := range []struct {
		celsius         float64
		normal, extends int
	}{
		{150, 0x7FF, 0x0960}, {128, 0x7FF, 0x0800}, {127.9375, 0x7FF, 0x07FF}, {100, 0x640, 0x0640}, {80, 0x500, 0x0500}, {25, 0x190, 0x0190},
		{0.25, 0x004, 0x0004}, {0, 0, 0}, {-0.25, 0xFFC, 0x1FFC}, {-25, 0xE70, 0x1E70}, {-55, 0xC90, 0x1C90}, {-80, 0xC90, 0x1C90},
	} {
		c := powered[I2CChip](t, "tmp102", 0x48, room{"temperature": test.celsius}.read)
		require.Equal(t, test.normal<<4, word(tx(t, c, ms(26), 2, 0)), "%v °C", test.celsius)
		tx(t, c, ms(26), 0, 1, 0x60, 0xB0)
		require.Equal(t, test.extends<<3|1, word(tx(t, c, ms(26), 2, 0)), "%v °C", test.celsius)
	}
}

func TestTMP102Conversions(t *testing.T) {
	r := room{"temperature": 25}
	c := powered[I2CChip](t, "tmp102", 0x48, r.read)
	require.Equal(t, 0x60A0, word(tx(t, c, ms(1), 2, 1)))
	require.Equal(t, 0, word(tx(t, c, ms(25.9), 2, 0)), "0 °C until the first conversion is complete")
	require.Equal(t, 0x1900, word(tx(t, c, ms(26), 2)), "the pointer stays")
	r["temperature"] = 26
	require.Equal(t, 0x1900, word(tx(t, c, ms(275.9), 2)), "four conversions a second")
	require.Equal(t, 0x1A00, word(tx(t, c, ms(276), 2)))
	require.Equal(t, []byte{0x1A, 0x00, 0xFF}, tx(t, c, ms(276), 3))
	// One shot out of shutdown.
	tx(t, c, ms(300), 0, 1, 0x61, 0xA0)
	r["temperature"] = 27
	require.Equal(t, 0x1A00, word(tx(t, c, ms(9000), 2, 0)), "shut down")
	tx(t, c, ms(9000), 0, 1, 0xE1, 0xA0)
	require.Equal(t, 0x6100, word(tx(t, c, ms(9025.9), 2, 1))&0xFF00, "OS reads 0 during the conversion")
	require.Equal(t, 0xE100, word(tx(t, c, ms(9026), 2, 1))&0xFF00)
	require.Equal(t, 0x1B00, word(tx(t, c, ms(9026), 2, 0)))
	// Writes to the temperature are lost; one byte of a register can be written.
	tx(t, c, ms(9100), 0, 0, 1, 2)
	require.Equal(t, 0x1B00, word(tx(t, c, ms(9100), 2, 0)))
	tx(t, c, ms(9100), 0, 3, 0x20)
	require.Equal(t, 0x2000, word(tx(t, c, ms(9100), 2, 3)))
	c.PowerOn(ms(10000))
	require.Equal(t, 0x5000, word(tx(t, c, ms(10000), 2, 3)), "power-on forgets it all")
	// A shutdown lets the conversion under way end, and no other begin.
	tx(t, c, ms(10010), 0, 1, 0x61, 0xA0)
	require.Equal(t, 0, word(tx(t, c, ms(10025), 2, 0)))
	require.Equal(t, 0x1B00, word(tx(t, c, ms(10026), 2, 0)))
	r["temperature"] = 28
	require.Equal(t, 0x1B00, word(tx(t, c, ms(20000), 2, 0)))
}

func TestTMP102Alert(t *testing.T) {
	r := room{"temperature": 25}
	c := powered[I2CChip](t, "tmp102", 0x48, r.read)
	tx(t, c, ms(0), 0, 1, 0x68, 0xA0) // two faults in a row
	alert := func(at float64) bool { return tx(t, c, ms(at), 2, 1)[1]&0x20 == 0 }
	require.False(t, alert(30))
	r["temperature"] = 80
	require.False(t, alert(276), "one result")
	require.True(t, alert(526), "two")
	r["temperature"] = 76
	require.True(t, alert(2000), "not below T_LOW")
	r["temperature"] = 74.9
	require.True(t, alert(2026), "one result below")
	require.False(t, alert(2276))
}
