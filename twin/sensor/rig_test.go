package sensor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// ms is an instant so many milliseconds after the power came.
func ms(n float64) time.Time { return start().Add(time.Duration(n * float64(time.Millisecond))) }

// room is an environment that a test changes.
type room map[string]float64

func (r room) read(quantity string, _ time.Time) float64 { return r[quantity] }

// powered returns a chip of a part, powered on at start.
func powered[C Chip](t *testing.T, name string, address uint64, read func(string, time.Time) float64) C {
	t.Helper()
	part, ok := Find(name)
	require.True(t, ok)
	chip, ok := part.New(Board{Address: address, Read: read}).(C)
	require.True(t, ok)
	chip.PowerOn(start())
	return chip
}

// tx makes a transfer that must succeed, and returns n bytes read.
func tx(t *testing.T, c I2CChip, at time.Time, n int, w ...byte) []byte {
	t.Helper()
	r := make([]byte, n)
	require.NoError(t, c.Tx(at, w, r))
	return r
}

func word(b []byte) int { return int(b[0])<<8 | int(b[1]) }
