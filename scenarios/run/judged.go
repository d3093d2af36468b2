package run

import (
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// Measurement is a distribution of times that a measure step found.
type Measurement struct {
	Pos    diag.Position `json:"pos"`
	Step   string        `json:"step"`           // as in steps[3]
	Name   string        `json:"name,omitempty"` // of the step
	Count  int           `json:"count"`
	Lost   int           `json:"lost"` // begun, and without an end
	Min    time.Duration `json:"min"`
	Mean   time.Duration `json:"mean"`
	P50    time.Duration `json:"p50"` // percentiles are by nearest rank
	P90    time.Duration `json:"p90"`
	P95    time.Duration `json:"p95"`
	P99    time.Duration `json:"p99"`
	P999   time.Duration `json:"p999"`
	Max    time.Duration `json:"max"`
	Limits []string      `json:"limits,omitempty"` // as in "p99 <= 250ms"
	Missed []string      `json:"missed,omitempty"` // those that do not hold, and how it is
}

// Record is a value that a record step noted.
type Record struct {
	Pos   diag.Position `json:"pos"`
	Step  string        `json:"step"`
	Name  string        `json:"name"`
	At    time.Duration `json:"at"`            // since the start of the run
	Value any           `json:"value"`         // a number, text, truth value or list; nil: not known
	Why   string        `json:"why,omitempty"` // why it was not known
}

// Sometimes is how a sometimes of the scenario stands: it must be true at least once in a campaign.
type Sometimes struct {
	Pos  diag.Position `json:"pos"`
	Path string        `json:"path"` // as in sometimes[0]
	Text string        `json:"text"` // in the words of the file
	Seen bool          `json:"seen"`
	At   time.Duration `json:"at"` // when first, since the start of the run
}

// keepMeasurement keeps what a measure came to, once it is judged.
func (t *thread) keepMeasurement(v expect.Verdict) {
	r := t.r
	m, ok := t.active.Measurement()
	if !ok || v == expect.Pending {
		return
	}
	r.result.Measured = append(r.result.Measured, Measurement{Pos: m.Pos, Step: t.current.Path, Name: m.Name, Count: m.Count, Lost: m.Lost, Min: m.Min, Mean: m.Mean,
		P50: m.P50, P90: m.P90, P95: m.P95, P99: m.P99, P999: m.P999, Max: m.Max, Limits: m.Limits, Missed: m.Missed})
}

// keepSometimes keeps how each sometimes stands at the end of the run.
func (r *runner) keepSometimes() {
	if r.watch == nil {
		return
	}
	for _, s := range r.watch.Sometimes() {
		r.result.Sometimes = append(r.result.Sometimes, Sometimes(s))
	}
}

// note does a record step.
func (t *thread) note(step *lang.Step, now time.Duration) {
	r := t.r
	records, err := t.top().program.Records(step, r.history, now)
	if err != nil {
		t.fail(Failure{Pos: step.Pos, Step: step.Path, At: now, Verdict: Invalid, Message: err.Error()})
		return
	}
	for _, x := range records {
		r.result.Recorded = append(r.result.Recorded, Record{Pos: x.Pos, Step: step.Path, Name: x.Name, At: now, Value: x.Value, Why: x.Why})
	}
	t.ended(Pass)
}
