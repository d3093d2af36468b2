package html

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// traceOf returns an Input whose trace has these lines behind its header.
func traceOf(lines ...string) Input {
	text := `{"trace":1,"scenario":"a lamp","seed":7,"mode":"sim","start":"2026-01-01T00:00:00Z"}` + "\n" + strings.Join(lines, "\n")
	return Input{Trace: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// pageOf is everything of a report before the blocks of data.
func pageOf(t *testing.T, in Input) string {
	var b bytes.Buffer
	require.NoError(t, Write(&b, in))
	page, _, found := strings.Cut(b.String(), `<script type="application/octet-stream"`)
	require.True(t, found)
	return page
}

func TestTraceWithoutSummaryOrEnd(t *testing.T) {
	page := pageOf(t, traceOf(
		`{"t":0.000000000,"event":"step","name":"steps[0]","text":"begin power lamp: on","file":"lamp.yaml","line":4}`,
		`{"t":0.100000000,"device":"lamp","event":"boot","cause":"power"}`,
		`{"t":2.000000000,"event":"step","name":"steps[1]","text":"begin wait 1m","file":"lamp.yaml","line":5}`,
		`{"t":3.000000000,"device":"la`))
	require.Contains(t, page, "Interrupted: a lamp")
	require.Contains(t, page, "It had come to: wait 1m")
	require.Contains(t, page, "The trace is cut off in line 5; the report is complete up to there.")
	require.Contains(t, page, "wait 1m")
}

func TestTraceWithoutEndIsNone(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Symlink("/dev/zero", filepath.Join(dir, traceName)))
	_, err := FromDir(dir)
	require.ErrorIs(t, err, ErrNoRun)
}

func TestWhatADeviceSaysIsNoMarkup(t *testing.T) {
	in := traceOf(`{"t":1.000000000,"event":"verdict","name":"fail"}`)
	in.Summary = &report.Summary{Scenario: "<script>alert(1)</script>", Verdict: run.Fail, Repeat: "</code><img src=x onerror=alert(1)>",
		Failures: []report.Failure{{Position: "a.yaml:1:1", Message: "<b>bold</b>", Detail: "  expected: </dd><script>alert(2)</script>", Verdict: run.Fail}}}
	page := pageOf(t, in)
	for _, raw := range []string{"<script>", "<img", "<b>"} {
		require.NotContains(t, page, raw)
	}
	require.Contains(t, page, "&lt;b&gt;bold&lt;/b&gt;")
}
