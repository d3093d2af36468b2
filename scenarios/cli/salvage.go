package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
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
	file := filepath.Join(j.Dir, traceFile)
	found, err := stepsIn(file, library.Display(j.File))
	if err != nil && !errors.Is(err, trace.ErrTruncated) || found.Events == 0 {
		return
	}
	r := &o.Result
	r.Events, r.Elapsed, r.Steps = found.Events, found.Elapsed, found.Steps
	if n := len(r.Steps); n > 0 && len(r.Failures) > 0 {
		last := &r.Steps[n-1]
		last.Verdict = r.Verdict
		r.Failures[0].Step, r.Failures[0].Pos, r.Failures[0].At = last.Path, last.Pos, r.Elapsed
	}
	o.Digest = conclude(file, trace.Event{At: r.Elapsed, Kind: trace.Verdict, Name: string(r.Verdict), Text: r.Reason})
	r.Events++
}

// stepsIn reads from a trace how many events there are, until when, and which steps began.
func stepsIn(file, scenario string) (r run.Result, err error) {
	f, err := os.Open(file)
	if err != nil {
		return r, err
	}
	defer f.Close()
	t := trace.NewReader(f)
	for t.Next() {
		e := t.Event()
		r.Events++
		r.Elapsed = e.At
		if e.Kind != trace.Step {
			continue
		}
		closeStep(&r, e)
		_, text, _ := strings.Cut(e.Text, " ")
		verb, _, _ := strings.Cut(text, " ")
		pos := diag.Position{File: scenario, Line: e.Line, Col: 1}
		r.Steps = append(r.Steps, run.StepResult{Pos: pos, Path: e.Name, Verb: verb, Text: text, Begin: e.At, Verdict: run.Interrupted})
	}
	if n := len(r.Steps); n > 0 {
		r.Steps[n-1].End = r.Elapsed
	}
	return r, t.Err()
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
	line, err := verdict.MarshalJSON()
	if err != nil {
		return ""
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return ""
	}
	defer f.Close() // what was written is checked by Sync
	digest := sha256.New()
	end, err := copyLines(digest, f)
	if err != nil || f.Truncate(end) != nil {
		return ""
	}
	if _, err := f.WriteAt(line, end); err != nil || f.Sync() != nil {
		return ""
	}
	digest.Write(line)
	return hex.EncodeToString(digest.Sum(nil))
}

// copyLines copies the whole lines of r to w and returns how many bytes they are.
func copyLines(w io.Writer, r io.Reader) (n int64, err error) {
	buf := make([]byte, 64<<10)
	var rest []byte // behind the last end of a line
	for {
		read, err := r.Read(buf)
		piece := buf[:read]
		if i := bytes.LastIndexByte(piece, '\n') + 1; i > 0 {
			for _, whole := range [][]byte{rest, piece[:i]} {
				if _, err := w.Write(whole); err != nil {
					return n, err
				}
				n += int64(len(whole))
			}
			rest, piece = rest[:0], piece[i:]
		}
		rest = append(rest, piece...)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
