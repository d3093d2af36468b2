package sensor

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPartsAreDescribed(t *testing.T) {
	last := ""
	for _, p := range Parts() {
		require.Less(t, last, p.Name, "in the order of their names")
		last = p.Name
		require.LessOrEqual(t, p.Addresses.Min, p.Addresses.Max)
		require.NotEmpty(t, p.Quantities)
		for _, q := range p.Quantities {
			require.Less(t, q.Min, q.Max)
			require.Positive(t, q.Resolution)
			require.Equal(t, q.Default, clamp(q.Default, q))
		}
		_, _, err := Mount{Part: p.Name, Bus: "b", Address: p.Addresses.Max + 1}.Resolve()
		require.ErrorContains(t, err, "cannot have the address")
		_, _, err = Mount{Part: p.Name, Bus: "b", Address: p.Addresses.Min, Measures: "smell"}.Resolve()
		require.ErrorContains(t, err, "does not measure")
	}
	_, _, err := Mount{Part: "nose"}.Resolve()
	require.ErrorContains(t, err, `no part "nose"`)
}

// A driver may write and read what it likes, at any pace, in whatever environment.
func TestPartsBearHostileDrivers(t *testing.T) {
	for _, p := range Parts() {
		t.Run(p.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				now := start()
				var read time.Time
				value := rapid.Float64().Draw(t, "value")
				chip := p.New(Board{Address: p.Addresses.Min, Read: func(_ string, at time.Time) float64 {
					require.False(t, at.After(now), "the future")
					require.False(t, at.Before(read.Add(-time.Hour)), "long ago")
					read = at
					return value
				}})
				chip.PowerOn(now)
				for range rapid.IntRange(1, 30).Draw(t, "calls") {
					now = now.Add(time.Duration(rapid.IntRange(0, 3_600_000_000_000).Draw(t, "pause")))
					w := rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "w")
					r := make([]byte, rapid.IntRange(0, 40).Draw(t, "r"))
					if rapid.Bool().Draw(t, "known") && len(w) > 0 {
						w[0] = rapid.SampledFrom([]byte{0x44, 0x4E, 0xBE, 0xCC, 0x24, 0x2C, 0x21, 0xF4, 0xF2, 0xF5, 1, 0}).Draw(t, "command")
					}
					use(t, chip, now, w, r)
				}
			})
		})
	}
}

func use(t *rapid.T, chip Chip, now time.Time, w, r []byte) {
	switch c := chip.(type) {
	case I2CChip:
		err := c.Tx(now, w, r)
		var stretch *Stretch
		if errors.As(err, &stretch) {
			require.True(t, stretch.Until.After(now))
			require.Less(t, stretch.Until.Sub(now), time.Second)
		} else if err != nil {
			require.ErrorIs(t, err, ErrNACK)
		}
	case OneWireChip:
		var line OneWireLine
		line.Tx(now, []OneWireChip{c}, w, r)
		line.Triplet(1)
	case SPIChip:
		c.Select(true)
		c.Transfer(now, w, r)
		c.Select(len(w)%2 == 0)
	default:
		require.Fail(t, "a chip of no bus")
	}
}

// A chip in continuous mode that nobody asked for a year must not count its conversions one by one.
func TestPartsCatchUpAtOnce(t *testing.T) {
	reads := 0
	c := powered[I2CChip](t, "bme280", 0x76, func(string, time.Time) float64 { reads++; return 20 })
	tx(t, c, ms(10), 0, 0xF2, 1, 0xF4, 0x27)
	tx(t, c, start().AddDate(1, 0, 0), 8, 0xF7)
	require.LessOrEqual(t, reads, 3*bme280Memory)
	require.Positive(t, reads)
}

func TestMountScales(t *testing.T) {
	m := Mount{Scale: -0.025, Offset: 3} // 0 to 100 % is 3 to 0.5 V
	require.InDelta(t, 3, m.Quantity(0), 1e-12)
	require.InDelta(t, 0.5, m.Quantity(100), 1e-12)
	require.InDelta(t, 40, m.Value(m.Quantity(40)), 1e-12)
	require.InDelta(t, 7.5, Mount{}.Quantity(7.5), 0)
	require.True(t, math.IsInf(m.Quantity(math.Inf(1)), -1))
}
