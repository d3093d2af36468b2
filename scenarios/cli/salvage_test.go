package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/run"
)

// A process that was killed leaves a trace that may end inside a line, and in zeros.
func TestSalvageKeepsAllWholeLines(t *testing.T) {
	var whole bytes.Buffer
	w, err := trace.NewWriter(&whole, trace.Header{Scenario: "s"})
	require.NoError(t, err)
	require.NoError(t, w.Write([]trace.Event{
		{Kind: trace.Step, Name: "steps[0]", Text: "begin power: {a: on}", Line: 4},
		{At: time.Second, Kind: trace.Step, Name: "steps[1]", Text: "begin wait: 1h", Line: 5},
		{At: time.Minute, Device: "a", Kind: trace.Console, Text: strings.Repeat("x", 100_000)}, // longer than what is read at once
	}))
	for name, tail := range map[string]string{"nothing": "", "zeros": strings.Repeat("\x00", 100_000), "half a line and zeros": `{"t":61.0` + "\x00\x00"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "trace.jsonl")
			require.NoError(t, os.WriteFile(file, append(bytes.Clone(whole.Bytes()), tail...), 0o600))
			o := outcome{Result: run.Result{Verdict: run.Infra, Reason: "the worker ended", Failures: []run.Failure{{Message: "gone"}}}}
			salvage(job{File: "a.yaml", Dir: dir}, &o)

			require.Equal(t, 4, o.Result.Events, "and the verdict")
			require.Equal(t, time.Minute, o.Result.Elapsed)
			require.Len(t, o.Result.Steps, 2)
			require.Equal(t, run.Pass, o.Result.Steps[0].Verdict)
			require.Equal(t, time.Second, o.Result.Steps[0].End)
			require.Equal(t, run.Infra, o.Result.Steps[1].Verdict)
			require.Equal(t, time.Minute, o.Result.Steps[1].End)
			require.Equal(t, "steps[1]", o.Result.Failures[0].Step)

			data, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, whole.String()+`{"t":60.000000000,"event":"verdict","name":"infra","text":"the worker ended"}`+"\n", string(data))
			sum := sha256.Sum256(data)
			require.Equal(t, hex.EncodeToString(sum[:]), o.Digest)
		})
	}
}
