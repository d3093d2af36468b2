package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/run"
)

// Summary is summary.json: one run in short. Times are seconds.
type Summary struct {
	Scenario  string           `json:"scenario"`
	File      string           `json:"file"`
	Mode      string           `json:"mode"`
	Seed      uint64           `json:"seed"`
	Cell      []lang.Setting   `json:"cell,omitempty"` // of the scenario's matrix
	Verdict   run.Verdict      `json:"verdict"`
	ExitCode  int              `json:"exit_code"`
	Reason    string           `json:"reason,omitempty"`
	Elapsed   float64          `json:"elapsed"` // virtual time in sim, wall time in live
	Wall      float64          `json:"wall"`
	Events    int              `json:"events"`
	Digest    string           `json:"digest,omitempty"` // SHA-256 of trace.jsonl
	Out       string           `json:"out,omitempty"`    // the folder of the results
	ID        string           `json:"id,omitempty"`     // the same for runs that may overwrite each other's results
	Repeat    string           `json:"repeat"`           // the command that repeats the run
	Steps     []Step           `json:"steps"`
	Failures  []Failure        `json:"failures,omitempty"`
	Measured  []Measurement    `json:"measured,omitempty"`  // what measure steps found
	Recorded  []Record         `json:"recorded,omitempty"`  // what record steps noted
	Sometimes []Sometimes      `json:"sometimes,omitempty"` // how each sometimes of the scenario stands
	Notes     []string         `json:"notes,omitempty"`     // what else is worth knowing, such as faults of the firmware
	Sweep     *run.SweepResult `json:"sweep,omitempty"`     // of a scenario with a sweep: every cut together
	Cut       string           `json:"cut,omitempty"`       // of one run of a sweep: where the power was cut
}

// Step is one step of a Summary.
type Step struct {
	Line    int         `json:"line"`
	Path    string      `json:"path"`
	Text    string      `json:"text"`
	Begin   float64     `json:"begin"`
	End     float64     `json:"end"`
	Verdict run.Verdict `json:"verdict"`
}

// Failure is one failure of a Summary.
type Failure struct {
	Position string      `json:"position"` // file:line:col
	Step     string      `json:"step"`
	At       float64     `json:"at"`
	Verdict  run.Verdict `json:"verdict"`
	Message  string      `json:"message"`
	Detail   string      `json:"detail,omitempty"`
}

// Extra is what a Summary says beside the run's result.
type Extra struct {
	Wall   time.Duration
	Digest string
	Out    string
	ID     string
	Repeat string
	Cached bool   // the result was known, and the run not done anew
	Report string // the path of report.html; "": there is none
}

// NewSummary puts a result into the form of summary.json.
func NewSummary(r run.Result, x Extra) Summary {
	s := Summary{Scenario: r.Scenario, File: r.File, Mode: r.Mode, Seed: r.Seed, Cell: r.Cell, Verdict: r.Verdict, ExitCode: r.Verdict.ExitCode(), Reason: r.Reason,
		Elapsed: r.Elapsed.Seconds(), Wall: x.Wall.Seconds(), Events: r.Events, Digest: x.Digest, Out: x.Out, ID: x.ID, Repeat: x.Repeat, Notes: r.Notes, Sweep: r.Sweep, Cut: r.Cut, Steps: []Step{}}
	for _, st := range r.Steps {
		s.Steps = append(s.Steps, Step{Line: st.Pos.Line, Path: st.Path, Text: st.Text, Begin: st.Begin.Seconds(), End: st.End.Seconds(), Verdict: st.Verdict})
	}
	for _, f := range r.Failures {
		s.Failures = append(s.Failures, Failure{Position: f.Pos.String(), Step: f.Step, At: f.At.Seconds(), Verdict: f.Verdict, Message: f.Message, Detail: f.Detail})
	}
	s.judged(r)
	return s
}

// JSON writes v indented. It may go to a terminal: no character in it is one that a terminal obeys.
func JSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	if err == nil {
		_, err = w.Write(visible.JSON(b.Bytes()))
	}
	if err != nil {
		return fmt.Errorf("report: json: %w", err)
	}
	return nil
}
