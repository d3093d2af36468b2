package broker

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBucketNeverGivesMore holds the bucket against the definition: in any stretch of time it gives at most
// what was in it, Count, and what that time brings.
func TestBucketNeverGivesMore(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, rate := range []Rate{{1, time.Second}, {3, time.Second}, {7, time.Minute}, {1000, time.Hour}, {MaxRate, time.Hour}, {MaxRate, time.Second}} {
		var b bucket
		now := time.Unix(0, 0)
		var given []time.Time
		for range 3000 {
			switch random.IntN(4) {
			case 0:
				now = now.Add(time.Duration(random.Int64N(int64(rate.Per) / rate.Count * 3)))
			case 1:
				now = now.Add(time.Duration(random.Int64N(int64(rate.Per) / 5)))
			}
			wait, ok := b.take(rate, now)
			if ok {
				given = append(given, now)
				continue
			}
			require.Positive(t, wait)
			early, late := b, b
			_, ok = early.take(rate, now.Add(wait-1))
			require.False(t, ok, "a nanosecond before its time")
			_, ok = late.take(rate, now.Add(wait))
			require.True(t, ok, "at its time")
		}
		for i := range given {
			for _, j := range []int{0, i / 2, i - 1} {
				if j < 0 || j > i {
					continue
				}
				brought := new(big.Int).Mul(big.NewInt(int64(given[i].Sub(given[j]))), big.NewInt(rate.Count))
				brought.Div(brought, big.NewInt(int64(rate.Per)))
				require.LessOrEqual(t, int64(i-j+1), rate.Count+brought.Int64())
			}
		}
	}
}

func TestBucketIsFullAfterItsTime(t *testing.T) {
	var b bucket
	r := Rate{3, time.Minute}
	now := time.Unix(0, 0)
	for range 3 {
		_, ok := b.take(r, now)
		require.True(t, ok)
	}
	wait, ok := b.take(r, now)
	require.False(t, ok)
	require.Equal(t, 20*time.Second, wait)
	now = now.Add(1000 * time.Hour)
	for range 3 {
		_, ok := b.take(r, now)
		require.True(t, ok)
	}
	_, ok = b.take(r, now)
	require.False(t, ok)
}

func TestLimitsAreValidated(t *testing.T) {
	for _, r := range []Rate{{Count: 1}, {Per: time.Second}, {-1, time.Second}, {MaxRate + 1, time.Second}, {1, 2 * time.Hour}} {
		require.ErrorContains(t, Limits{MessageRate: r}.validate(), "broker: Config.Limits.MessageRate is")
	}
	require.NoError(t, Limits{Connects: Rate{MaxRate, time.Hour}}.validate())
}
