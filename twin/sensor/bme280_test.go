package sensor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The worked example of Bosch's BMP280 data sheet, section 3.12, which has these trimming parameters.
func TestBME280CompensatesAsTheDataSheetDoes(t *testing.T) {
	fine := bme280Fine(519888)
	require.InDelta(t, 128422, fine, 1)
	require.InDelta(t, 25.08, bme280Celsius(fine), 0.005)
	require.InDelta(t, 100653.27, bme280Pascal(415148, fine), 0.3)
}

func TestBME280Registers(t *testing.T) {
	c := powered[I2CChip](t, "bme280", 0x76, room{"temperature": 20, "humidity": 50, "pressure": 1000}.read)
	require.Equal(t, []byte{0x60}, tx(t, c, ms(5), 1, 0xD0))
	require.Equal(t, []byte{0x80, 0, 0, 0x80, 0, 0, 0x80, 0}, tx(t, c, ms(5), 8, 0xF7), "no result yet")
	require.Equal(t, []byte{0}, tx(t, c, ms(5), 1, 0xF3))
	// Pairs of register and value; humidity counts from the write to ctrl_meas.
	tx(t, c, ms(5), 0, 0xF4, 0x25, 0xF2, 0x01)
	tx(t, c, ms(100), 0)
	require.Equal(t, []byte{0x80, 0}, tx(t, c, ms(100), 2, 0xFD), "humidity was skipped")
	require.Equal(t, []byte{0x01, 0, 0x24}, tx(t, c, ms(100), 3, 0xF2), "back in sleep mode")
	tx(t, c, ms(100), 0, 0xF4, 0x25)
	require.NotEqual(t, []byte{0x80, 0}, tx(t, c, ms(200), 2, 0xFD))
	// A reset takes it all back, and copies the trimming parameters.
	tx(t, c, ms(300), 0, 0xE0, 0xB5)
	require.Equal(t, []byte{0x01}, tx(t, c, ms(300), 1, 0xF2), "only 0xB6 resets")
	tx(t, c, ms(300), 0, 0xE0, 0xB6)
	require.Equal(t, []byte{0x00, 0x01, 0x00}, tx(t, c, ms(301), 3, 0xF2))
	require.Equal(t, []byte{0x00}, tx(t, c, ms(302), 1, 0xF3))
	require.Equal(t, []byte{0x80, 0, 0}, tx(t, c, ms(302), 3, 0xF7))
}

// Section 9.1: 1 + 2·T + (2·P + 0.5) + (2·H + 0.5) ms.
func TestBME280MeasurementTime(t *testing.T) {
	for _, test := range []struct {
		name          string
		hum, ctrlMeas byte
		ms            float64
	}{
		{"one of each", 1, 0x25, 8},
		{"temperature alone", 0, 0x21, 3},
		{"temperature and pressure", 0, 1<<5 | 5<<2 | 1, 1 + 2 + 32.5},
		{"all at sixteen", 5, 5<<5 | 5<<2 | 1, 1 + 32 + 32.5 + 32.5},
		{"settings above five are sixteen too", 7, 7<<5 | 7<<2 | 2, 98},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := powered[I2CChip](t, "bme280", 0x76, room{"temperature": 20}.read)
			tx(t, c, ms(10), 0, 0xF2, test.hum, 0xF4, test.ctrlMeas)
			end := 10 + test.ms
			require.Equal(t, byte(0x08), tx(t, c, ms(end-0.01), 1, 0xF3)[0])
			require.Equal(t, byte(0x80), tx(t, c, ms(end-0.01), 1, 0xFA)[0])
			require.Equal(t, byte(0x00), tx(t, c, ms(end), 1, 0xF3)[0])
			require.NotEqual(t, byte(0x80), tx(t, c, ms(end), 1, 0xFA)[0])
		})
	}
}

func TestBME280NormalModeMeasuresAgainAndAgain(t *testing.T) {
	var at []time.Time
	c := powered[I2CChip](t, "bme280", 0x76, func(_ string, when time.Time) float64 { at = append(at, when); return 20 })
	tx(t, c, ms(10), 0, 0xF5, 3<<5, 0xF4, 0x23) // 250 ms between, the temperature once
	tx(t, c, ms(10+3+253+253), 0)
	require.Equal(t, []time.Time{ms(13), ms(266), ms(519)}, at)
	require.Equal(t, byte(0), tx(t, c, ms(600), 1, 0xF3)[0], "in standby")
	require.Equal(t, byte(8), tx(t, c, ms(770), 1, 0xF3)[0], "measuring")
	tx(t, c, ms(771), 0, 0xF5, 0)
	require.Equal(t, []byte{3 << 5}, tx(t, c, ms(771), 1, 0xF5), "writes to config are ignored in normal mode")
	tx(t, c, ms(771), 0, 0xF4, 0)
	n := len(at)
	tx(t, c, ms(5000), 0)
	require.Len(t, at, n, "asleep")
}

// With a coefficient of 4 a step is taken by a quarter of what is left each time (section 3.4.4).
func TestBME280Filter(t *testing.T) {
	r := room{"temperature": 20}
	c := powered[I2CChip](t, "bme280", 0x76, r.read)
	tx(t, c, ms(10), 0, 0xF5, 2<<2)
	raw := func(at float64) float64 {
		tx(t, c, ms(at), 0, 0xF4, 5<<5|1)
		b := tx(t, c, ms(at+50), 3, 0xFA)
		return float64(int(b[0])<<12 | int(b[1])<<4 | int(b[2])>>4)
	}
	cold := raw(100)
	r["temperature"] = 30
	first, second := raw(200), raw(300)
	for i := range 60 {
		raw(400 + 100*float64(i))
	}
	hot := raw(7000)
	require.InDelta(t, (hot-cold)/4, first-cold, 1.5)
	require.InDelta(t, (hot-first)/4, second-first, 1.5)
}

// Without the filter a result has 16 bits, and one more for each doubling of the samples.
func TestBME280Resolution(t *testing.T) {
	for osr := byte(1); osr <= 5; osr++ {
		c := powered[I2CChip](t, "bme280", 0x76, room{"temperature": 21.37, "pressure": 987.6}.read)
		tx(t, c, ms(10), 0, 0xF4, osr<<5|osr<<2|1)
		b := tx(t, c, ms(200), 6, 0xF7)
		for _, raw := range []int{int(b[0])<<12 | int(b[1])<<4 | int(b[2])>>4, int(b[3])<<12 | int(b[4])<<4 | int(b[5])>>4} {
			require.Zero(t, raw%(1<<(5-osr)), "oversampling %d", osr)
		}
	}
}
