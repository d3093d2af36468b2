package lang_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/scenarios/lang"
)

func TestChargeAndCurrent(t *testing.T) {
	for text, want := range map[string]int64{"1mAh": 3_600_000_000, "0.5mAh": 1_800_000_000, "40µAh": 144_000_000, "40μAh": 144_000_000, "40uAh": 144_000_000, "2.6Ah": 9_360_000_000_000, "0mAh": 0} {
		got, err := lang.ParseCharge(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]int64{"1nA": 1, "12µA": 12_000, "12μA": 12_000, "12.5uA": 12_500, "110mA": 110_000_000, "1.5A": 1_500_000_000} {
		got, err := lang.ParseCurrent(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, hint := range map[string]string{"2600": "2600mAh or 2600mAh?", "2600mA": "did you mean mAh? mA is a current", "2600MAH": "did you mean mAh?", "-1mAh": "cannot be negative", "1Wh": "one of uAh", "99999999999Ah": "too large", "": "not a charge"} {
		_, err := lang.ParseCharge(text)
		require.ErrorContains(t, err, hint, text)
	}
	for text, hint := range map[string]string{"12": "a current needs a unit", "6mAh": "mAh is a charge", "6MA": "did you mean mA?", "0.5nA": "whole number of nanoamperes", "3V": "one of nA"} {
		_, err := lang.ParseCurrent(text)
		require.ErrorContains(t, err, hint, text)
	}
}

func TestParseMetric(t *testing.T) {
	for text, want := range map[string]struct {
		op    string
		value float64
		unit  lang.Unit
	}{
		"3": {"==", 3, lang.NoUnit}, ">= 9": {">=", 9, lang.NoUnit}, "<= 48KiB": {"<=", 49152, lang.Bytes}, "0B": {"==", 0, lang.Bytes},
		"> 30d": {">", 30 * 86400, lang.Seconds}, "!=1h30m": {"!=", 5400, lang.Seconds}, "< 0.5mAh": {"<", 0.5, lang.Charges},
		"< 7%": {"<", 7, lang.Percents}, "-3": {"==", -3, lang.NoUnit},
	} {
		c, unit, err := lang.ParseMetric(text)
		require.NoError(t, err, text)
		require.Equal(t, want.op, c.Op, text)
		require.Equal(t, want.unit, unit, text)
		require.InDelta(t, want.value, c.Value, 1e-12, text)
	}
	for text, hint := range map[string]string{"": "not a comparison", "> x": "does not compare", "soon": "not a comparison", "> 3KB": "did you mean KiB?", "> 3mA": "is a current", "> 120%": "between 0% and 100%", "< 3 h": "not a duration"} {
		_, _, err := lang.ParseMetric(text)
		require.ErrorContains(t, err, hint, text)
	}
}
