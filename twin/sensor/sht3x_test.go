package sensor

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSHT3xCheckSum(t *testing.T) {
	require.Equal(t, []byte{0xBE, 0xEF, 0x92}, sht3xWord(0xBEEF)) // the data sheet's example, table 19
}

func TestSHT3xSingleShot(t *testing.T) {
	for command, duration := range map[uint16]float64{0x2400: 12.5, 0x240B: 4.5, 0x2416: 2.5} {
		c := powered[I2CChip](t, "sht3x", 0x44, room{"temperature": -45 + 175.0/2, "humidity": 100}.read)
		require.ErrorIs(t, c.Tx(ms(0.4), []byte{0xF3, 0x2D}, nil), ErrNACK, "not up yet")
		tx(t, c, ms(10), 0, byte(command>>8), byte(command))
		require.ErrorIs(t, c.Tx(ms(10+duration-0.01), nil, make([]byte, 6)), ErrNACK)
		require.ErrorIs(t, c.Tx(ms(10+duration-0.01), []byte{0xF3, 0x2D}, nil), ErrNACK, "it answers nothing while it measures")
		r := tx(t, c, ms(10+duration), 6)
		require.InDelta(t, 0x8000, word(r), 1)
		require.Equal(t, append(sht3xWord(uint16(word(r))), sht3xWord(0xFFFF)...), r)
		require.ErrorIs(t, c.Tx(ms(50), nil, make([]byte, 6)), ErrNACK, "a result can be read once")
	}
}

func TestSHT3xStretch(t *testing.T) {
	c := powered[I2CChip](t, "sht3x", 0x44, room{"temperature": 20}.read)
	var stretch *Stretch
	require.ErrorAs(t, c.Tx(ms(10), []byte{0x2C, 0x06}, make([]byte, 6)), &stretch)
	require.Equal(t, ms(22.5), stretch.Until)
	tx(t, c, stretch.Until, 6)
}

func TestSHT3xPeriodic(t *testing.T) {
	r := room{"temperature": -45, "humidity": 0}
	c := powered[I2CChip](t, "sht3x", 0x44, r.read)
	fetch := func(at float64) error { return c.Tx(ms(at), []byte{0xE0, 0x00}, make([]byte, 6)) }
	require.ErrorIs(t, fetch(9), ErrNACK, "nothing is measured")
	require.Equal(t, byte(0x02), tx(t, c, ms(9), 3, 0xF3, 0x2D)[1]&0x02, "the command was not carried out")
	tx(t, c, ms(10), 0, 0x21, 0x30) // once a second, high repeatability
	require.ErrorIs(t, fetch(22), ErrNACK)
	require.NoError(t, fetch(22.5))
	require.ErrorIs(t, fetch(500), ErrNACK, "fetched already")
	r["temperature"] = 130
	require.Equal(t, 0xFFFF, word(tx(t, c, ms(3022.5), 6, 0xE0, 0x00)))
	require.ErrorIs(t, c.Tx(ms(3023), []byte{0x24, 0x00}, nil), ErrNACK, "in periodic mode")
	tx(t, c, ms(3030), 0, 0x30, 0x93)
	require.ErrorIs(t, c.Tx(ms(3030.9), []byte{0x24, 0x00}, nil), ErrNACK)
	tx(t, c, ms(3031), 0, 0x24, 0x00)
}

func TestSHT3xStatus(t *testing.T) {
	c := powered[I2CChip](t, "sht3x", 0x45, room{}.read)
	status := func(at float64) int { return word(tx(t, c, ms(at), 3, 0xF3, 0x2D)) }
	require.Equal(t, 0x8010, status(1))
	tx(t, c, ms(1), 0, 0x30, 0x41)
	require.Equal(t, 0, status(1))
	tx(t, c, ms(1), 0, 0x30, 0x6D)
	require.Equal(t, 0x2000, status(1))
	tx(t, c, ms(1), 0, 0x30, 0xA2)
	require.ErrorIs(t, c.Tx(ms(1.4), []byte{0xF3, 0x2D}, nil), ErrNACK, "it resets")
	require.Equal(t, 0x8010, status(1.5))
}
