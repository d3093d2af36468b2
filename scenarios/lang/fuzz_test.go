package lang_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

func seeds(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	require.NoError(f, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		if len(data) < 8<<10 {
			f.Add(data)
		}
	}
}

// checkList holds for every list: sorted, in the file, with something to say.
func checkList(t *testing.T, file string, diags diag.List) {
	again := append(diag.List(nil), diags...)
	again.Sort()
	require.Equal(t, again, diags)
	for _, d := range diags {
		require.Equal(t, file, d.File)
		require.NotEmpty(t, d.Message)
		require.GreaterOrEqual(t, d.Line, 0)
	}
}

func FuzzParseScenario(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, diags := lang.ParseScenario("f.yaml", data, lang.Options{})
		checkList(t, "f.yaml", diags)
		if len(diags) > 0 {
			return
		}
		require.NotNil(t, s)
		require.NotEmpty(t, s.Steps)
		require.NotEmpty(t, s.Devices)
		for i := range s.Steps {
			require.NotEmpty(t, s.Steps[i].Verb())
		}
	})
}

func FuzzParseKind(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		k, diags := lang.ParseKind("f.yaml", data)
		checkList(t, "f.yaml", diags)
		if len(diags) == 0 {
			require.NotEmpty(t, k.Firmware)
		}
	})
}

func FuzzParseSteps(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		_, diags := lang.ParseSteps("f.yaml", data, lang.Options{Params: map[string]lang.Scalar{"outage": {Text: "5s"}}})
		checkList(t, "f.yaml", diags)
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, text := range []string{"250ms", "1.5h", "49d16h", "5", "-1s", "1h1h", "0.1ns", "99999999999999999999d"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := lang.ParseDuration(text)
		if err != nil {
			require.Zero(t, d)
			return
		}
		require.GreaterOrEqual(t, d, lang.Duration{}.Duration)
		again, err := lang.ParseDuration(d.String())
		require.NoError(t, err)
		require.Equal(t, d, again)
	})
}

// FuzzQuantities holds the other units, ranges and comparisons: no panic, nothing out of bounds.
func FuzzQuantities(f *testing.F) {
	for _, text := range []string{"2%", "100.0%", "64kbit", "1.5MiB", ">= 9", "1..120", "2026-01-01T00:00:00Z", "a/+/#"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if share, err := lang.ParsePercent(text); err == nil {
			require.True(t, share >= 0 && share <= 1, share)
		}
		if rate, err := lang.ParseBitRate(text); err == nil {
			require.Positive(t, rate)
		}
		if size, err := lang.ParseSize(text); err == nil {
			require.GreaterOrEqual(t, size, int64(0))
		}
		if c, err := lang.ParseComparison(text); err == nil {
			require.Contains(t, []string{"==", "!=", "<", "<=", ">", ">="}, c.Op)
		}
		if from, to, err := lang.ParseRange(text); err == nil {
			require.LessOrEqual(t, from, to)
		}
		_, _ = lang.ParseTime(text)
		if lang.CheckTopic(text) == nil {
			require.NoError(t, lang.CheckFilter(text), "a topic is a filter")
		}
	})
}
