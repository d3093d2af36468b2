package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/run"
)

// salvage completes the outcome of a run whose process was lost from the trace that it left, and
// ends that trace with the verdict.
func salvage(j job, o *outcome) {
	if j.Dir == "" {
		return // it writes none
	}
	file := filepath.Join(j.Dir, "trace.jsonl")
	events, err := readTrace(file)
	if err != nil || len(events) == 0 {
		return
	}
	r := &o.Result
	r.Events, r.Elapsed = len(events), events[len(events)-1].At
	for _, e := range events {
		if e.Kind != trace.Step {
			continue
		}
		closeStep(r, e)
		_, text, _ := strings.Cut(e.Text, " ")
		verb, _, _ := strings.Cut(text, " ")
		pos := diag.Position{File: library.Display(j.File), Line: e.Line, Col: 1}
		r.Steps = append(r.Steps, run.StepResult{Pos: pos, Path: e.Name, Verb: verb, Text: text, Begin: e.At, End: r.Elapsed, Verdict: run.Interrupted})
	}
	if n := len(r.Steps); n > 0 && len(r.Failures) > 0 {
		last := &r.Steps[n-1]
		last.Verdict = r.Verdict
		r.Failures[0].Step, r.Failures[0].Pos, r.Failures[0].At = last.Path, last.Pos, r.Elapsed
	}
	o.Digest = conclude(file, trace.Event{At: r.Elapsed, Kind: trace.Verdict, Name: string(r.Verdict), Text: r.Reason})
	r.Events++
}

// closeStep ends the step before e as one that passed, since the next one began.
func closeStep(r *run.Result, e trace.Event) {
	if n := len(r.Steps); n > 0 {
		r.Steps[n-1].End, r.Steps[n-1].Verdict = e.At, run.Pass
	}
}

// conclude appends the verdict to a trace, behind its last whole line, and returns the trace's digest, or
// "" where it cannot.
func conclude(file string, verdict trace.Event) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	line, err := verdict.MarshalJSON()
	if err != nil {
		return ""
	}
	data = append(data[:bytes.LastIndexByte(data, '\n')+1], line...)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
