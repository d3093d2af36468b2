package lm75_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/docs/example/lm75"
	"github.com/twinrig/twinrig/twin/sensor"
)

func TestReadsWhatWasThereWhenTheConversionEnded(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	celsius := func(at time.Time) float64 { return -10 + at.Sub(start).Seconds() }
	chip := lm75.Part().New(sensor.Board{Address: 0x48, Read: func(_ string, at time.Time) float64 { return celsius(at) }}).(sensor.I2CChip)
	chip.PowerOn(start)
	var raw [2]byte
	for at, want := range map[time.Duration]float64{10060 * time.Millisecond: 0, 12349 * time.Millisecond: 2.5, 20 * time.Second: 10} {
		chip.PowerOn(start)
		require.NoError(t, chip.Tx(start.Add(at), []byte{0}, raw[:]))
		require.InDelta(t, want, float64(int16(uint16(raw[0])<<8|uint16(raw[1])))/256, 0.001)
	}
	require.ErrorIs(t, chip.Tx(start.Add(time.Minute), []byte{3}, raw[:]), sensor.ErrNACK)
}
