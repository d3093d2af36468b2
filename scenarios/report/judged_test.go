package report_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

func TestJudged(t *testing.T) {
	r := run.Result{Scenario: "x", Mode: run.Sim, Verdict: run.Pass, Measured: []run.Measurement{{Step: "steps[1]", Count: 3, Lost: 1, Min: time.Millisecond, P50: 1234567 * time.Nanosecond, Max: 2 * time.Second}},
		Recorded:  []run.Record{{Name: "heap", Value: 12.5, At: time.Second}, {Name: "gone", Why: "t.heap was not seen yet"}},
		Sometimes: []run.Sometimes{{Text: "sometimes: {console: t}", Seen: true, At: 3 * time.Second}, {Text: "sometimes: {event: reset}"}}}
	var out bytes.Buffer
	require.NoError(t, report.Text{W: &out}.Run(r, report.Extra{}))
	for _, want := range []string{"measured steps[1]: 3 times, 1 lost; min 1ms, mean 0s, p50 1.235ms,", "max 2s", "recorded heap at 1s: 12.5", "recorded gone at 0s: t.heap was not seen yet",
		"sometimes: {console: t}: first seen at 3s", "sometimes: {event: reset}: not seen in this run"} {
		require.Contains(t, out.String(), want)
	}
	s := report.NewSummary(r, report.Extra{})
	require.InDelta(t, 0.001234567, s.Measured[0].P50, 1e-12)
	require.Nil(t, s.Recorded[1].Value)
	require.InDelta(t, 3, *s.Sometimes[0].At, 0)
	require.Nil(t, s.Sometimes[1].At)
}
