package lang_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/twinrig/twinrig/scenarios/lang"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "250ms": 250 * time.Millisecond, "90s": 90 * time.Second, "1.5h": 90 * time.Minute, "2d": 48 * time.Hour,
		"49d16h": 49*24*time.Hour + 16*time.Hour, "1h30m": 90 * time.Minute, "12us": 12 * time.Microsecond, "12µs": 12 * time.Microsecond,
		"12μs": 12 * time.Microsecond, "7ns": 7, "0.000000001s": 1, "1.50s": 1500 * time.Millisecond, "36500d": 36500 * 24 * time.Hour, "007s": 7 * time.Second,
	} {
		got, err := lang.ParseDuration(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"36500d1ns", "36501d", "106751d24h", "9223372036854775808ns", "1s1s", "1ms1s", "1..5s", ".5s", "5.s", "+5s", "5 s", "1h 30m", "5S", "5M", "0.0000000001s", "1.0000000000000000001s", "∞"} {
		_, err := lang.ParseDuration(text)
		require.Error(t, err, text)
	}
}

// What time.Duration prints, this reads; and what one reads as, the other does too.
func TestDurationsAgreeWithTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.Duration(rapid.Int64Range(0, int64(36500*24*time.Hour)).Draw(t, "duration"))
		got, err := lang.ParseDuration(want.String())
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestOtherUnits(t *testing.T) {
	for text, want := range map[string]float64{"0%": 0, "2%": 0.02, "0.5%": 0.005, "100%": 1, "1e-3%": 0.00001} {
		got, err := lang.ParsePercent(text)
		require.NoError(t, err, text)
		require.InDelta(t, want, got, 1e-15, text)
	}
	for text, want := range map[string]int64{"64kbit": 64_000, "1mbit": 1_000_000, "1.5gbit": 1_500_000_000, "9600bit": 9600} {
		got, err := lang.ParseBitRate(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]int64{"512B": 512, "64KiB": 65536, "1.5MiB": 1572864, "2GiB": 2 << 30, "0B": 0} {
		got, err := lang.ParseSize(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"9223372036854775807KiB", "8589934592GiB", "1.3B", "1KiB1B", "KiB", "1K"} {
		_, err := lang.ParseSize(text)
		require.Error(t, err, text)
	}
}

func TestComparisons(t *testing.T) {
	for text, want := range map[string]lang.Comparison{
		"3": {Op: "==", Value: 3}, ">= 9": {Op: ">=", Value: 9}, "<5": {Op: "<", Value: 5}, "!= -1.5": {Op: "!=", Value: -1.5}, "==0": {Op: "=="}, ">  1e3": {Op: ">", Value: 1000},
	} {
		got, err := lang.ParseComparison(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "=", "=3", "=> 3", "~3", "> ", "> x", "> 012", "> Inf", "3 >", "> 1_0"} {
		_, err := lang.ParseComparison(text)
		require.Error(t, err, text)
	}
	from, to, err := lang.ParseRange("-3..120")
	require.NoError(t, err)
	require.Equal(t, []int64{-3, 120}, []int64{from, to})
}

func TestTopics(t *testing.T) {
	for _, filter := range []string{"#", "+", "a/+/b", "a/#", "/", "+/+", "a//b", "/a", "$SYS/#"} {
		require.NoError(t, lang.CheckFilter(filter), filter)
	}
	for _, filter := range []string{"", "a#", "#/a", "a+", "a/b+/c", "##", "a\x00b", "a/#/"} {
		require.Error(t, lang.CheckFilter(filter), filter)
	}
	require.NoError(t, lang.CheckTopic("a//b"))
	for _, topic := range []string{"", "a/+", "#", "a\x00"} {
		require.Error(t, lang.CheckTopic(topic), topic)
	}
}
