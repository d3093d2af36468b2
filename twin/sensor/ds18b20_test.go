package sensor

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"periph.io/x/conn/v3/onewire"
)

func wire(t *testing.T, chip OneWireChip, at time.Time, n int, w ...byte) []byte {
	t.Helper()
	var line OneWireLine
	r := make([]byte, n)
	require.True(t, line.Tx(at, []OneWireChip{chip}, append([]byte{0xCC}, w...), r))
	return r
}

// Table 1 of 19-7487.
func TestDS18B20Formats(t *testing.T) {
	for celsius, want := range map[float64]uint16{
		125: 0x07D0, 85: 0x0550, 25.0625: 0x0191, 10.125: 0x00A2, 0.5: 0x0008, 0: 0, -0.5: 0xFFF8, -10.125: 0xFF5E, -25.0625: 0xFE6F, -55: 0xFC90,
		200: 0x07D0, -100: 0xFC90,
	} {
		c := powered[OneWireChip](t, "ds18b20", 1, room{"temperature": celsius}.read)
		wire(t, c, ms(0), 0, 0x44)
		pad := wire(t, c, ms(750), 9, 0xBE)
		require.Equal(t, want, binary.LittleEndian.Uint16(pad), "%v °C", celsius)
		require.True(t, onewire.CheckCRC(pad))
	}
}

func TestDS18B20Resolutions(t *testing.T) {
	for bits, test := range map[int]struct{ ms, celsius float64 }{
		9: {93.75, 21.5}, 10: {187.5, 21.75}, 11: {375, 21.875}, 12: {750, 21.9375},
	} {
		c := powered[OneWireChip](t, "ds18b20", 1, room{"temperature": 21.9375}.read)
		wire(t, c, ms(0), 0, 0x4E, 0x4B, 0x46, byte(bits-9)<<5|0x1F)
		require.Equal(t, []byte{0, 0}, wire(t, c, ms(10), 2, 0x44), "zeros while it converts")
		require.Equal(t, []byte{0x50, 0x05}, wire(t, c, ms(10+test.ms-0.01), 2, 0xBE), "85 °C before the first result")
		raw := wire(t, c, ms(10+test.ms), 2, 0xBE)
		require.InDelta(t, test.celsius, float64(int16(binary.LittleEndian.Uint16(raw)))/16, 1e-9, "%d bits", bits)
	}
}

func TestDS18B20Memory(t *testing.T) {
	c := powered[OneWireChip](t, "ds18b20", 1, room{}.read)
	require.Equal(t, []byte{0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10}, wire(t, c, ms(0), 8, 0xBE)[2:])
	wire(t, c, ms(0), 0, 0x4E, 10, 0xF6, 0x00)
	require.Equal(t, []byte{10, 0xF6, 0x1F}, wire(t, c, ms(0), 5, 0xBE)[2:], "the lowest five bits of the configuration are ones")
	c.PowerOn(ms(100))
	require.Equal(t, []byte{0x4B, 0x46, 0x7F}, wire(t, c, ms(100), 5, 0xBE)[2:], "not copied")
	wire(t, c, ms(100), 0, 0x4E, 10, 0xF6, 0x3F)
	wire(t, c, ms(100), 0, 0x48)
	c.PowerOn(ms(200))
	require.Equal(t, []byte{10, 0xF6, 0x3F}, wire(t, c, ms(200), 5, 0xBE)[2:], "the EEPROM stays")
	wire(t, c, ms(200), 0, 0x4E, 1, 2, 0x7F)
	wire(t, c, ms(200), 0, 0xB8)
	require.Equal(t, []byte{10, 0xF6, 0x3F}, wire(t, c, ms(200), 5, 0xBE)[2:], "recalled")
	require.Equal(t, []byte{0xFF}, wire(t, c, ms(200), 1, 0xB4), "a supply of its own")
}

func TestDS18B20Alarm(t *testing.T) {
	r := room{"temperature": 74.9375}
	c := powered[OneWireChip](t, "ds18b20", 1, r.read)
	for i, test := range []struct {
		celsius float64
		alarmed bool
	}{{74.9375, false}, {75, true}, {71, false}, {70.9375, true}, {-10, true}, {72, false}} {
		r["temperature"] = test.celsius
		at := float64(i) * 1000
		wire(t, c, ms(at), 0, 0x44)
		wire(t, c, ms(at+750), 0, 0xBE)
		require.Equal(t, test.alarmed, c.Alarmed(), "%v °C", test.celsius)
	}
}

func TestOneWireSelectsByROM(t *testing.T) {
	a := powered[OneWireChip](t, "ds18b20", 0x2A, room{"temperature": 10}.read)
	b := powered[OneWireChip](t, "ds18b20", 0xFFFFFFFFFFFF, room{"temperature": -10}.read)
	both := []OneWireChip{a, b}
	require.Equal(t, uint64(0x00_00000000002A_28), a.ROM()&0x00FFFFFFFFFFFFFF)
	var line OneWireLine
	rom := func(c OneWireChip, w ...byte) []byte {
		return append(binary.LittleEndian.AppendUint64([]byte{0x55}, c.ROM()), w...)
	}
	line.Tx(ms(0), both, []byte{0xCC, 0x44}, nil)
	r := make([]byte, 2)
	require.True(t, line.Tx(ms(800), both, rom(a, 0xBE), r))
	require.Equal(t, []byte{0xA0, 0x00}, r)
	line.Tx(ms(800), both, rom(b, 0xBE), r)
	require.Equal(t, []byte{0x60, 0xFF}, r)
	line.Tx(ms(800), both, []byte{0xCC, 0xBE}, r)
	require.Equal(t, []byte{0x20, 0x00}, r, "both at once: what one pulls low is low")
	require.False(t, line.Tx(ms(800), nil, rom(a, 0xBE), r))
	require.Equal(t, []byte{0xFF, 0xFF}, r)
	code := make([]byte, 8)
	line.Tx(ms(800), []OneWireChip{a}, []byte{0x33}, code)
	require.Equal(t, a.ROM(), binary.LittleEndian.Uint64(code))
	require.True(t, onewire.CheckCRC(code))
}
