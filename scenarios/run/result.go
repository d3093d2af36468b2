package run

import (
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// Verdict is how a run ended.
type Verdict string

// The verdicts.
const (
	Pass        Verdict = "pass"        // every step and every invariant held
	Fail        Verdict = "fail"        // the device under test did the wrong thing
	Invalid     Verdict = "invalid"     // the files are wrong and nothing was started, or the run tested nothing
	Infra       Verdict = "infra"       // the bench failed: a port in use, a full disk
	Skipped     Verdict = "skipped"     // a stated requirement is not offered here
	Interrupted Verdict = "interrupted" // SIGINT or SIGTERM
)

// ExitCode returns the process exit code of the verdict.
func (v Verdict) ExitCode() int {
	switch v {
	case Pass, Skipped:
		return 0
	case Fail:
		return 1
	case Infra:
		return 3
	case Interrupted:
		return 130
	default:
		return 2
	}
}

// Worse returns the verdict that counts for both together: the first of interrupted, infra, invalid,
// fail, pass and skipped that occurred.
func (v Verdict) Worse(w Verdict) Verdict {
	for _, x := range []Verdict{Interrupted, Infra, Invalid, Fail, Pass, Skipped} {
		if v == x || w == x {
			return x
		}
	}
	return Invalid
}

// Failure is why a run did not pass.
type Failure struct {
	Pos     diag.Position `json:"pos"`
	Step    string        `json:"step"` // as in steps[3] (expect), or always[0]
	At      time.Duration `json:"at"`   // since the start of the run
	Verdict Verdict       `json:"verdict"`
	Message string        `json:"message"`          // in one line
	Detail  string        `json:"detail,omitempty"` // what was expected, and the nearest events that happened
}

// StepResult is one step that began.
type StepResult struct {
	Pos     diag.Position `json:"pos"`
	Path    string        `json:"path"` // as in steps[3].repeat.steps[0]
	Verb    string        `json:"verb"`
	Text    string        `json:"text"` // the step in one line
	Begin   time.Duration `json:"begin"`
	End     time.Duration `json:"end"`
	Verdict Verdict       `json:"verdict"` // pass, fail, invalid, skipped, or interrupted where it did not end
}

// Result is what a run came to.
type Result struct {
	Scenario string         `json:"scenario"`
	File     string         `json:"file"`
	Mode     string         `json:"mode"`
	Seed     uint64         `json:"seed"`
	Cell     []lang.Setting `json:"cell,omitempty"` // of the scenario's matrix
	Verdict  Verdict        `json:"verdict"`
	Reason   string         `json:"reason,omitempty"` // why it is skipped, infra, invalid or interrupted, in one line
	Failures []Failure      `json:"failures,omitempty"`
	Notes    []string       `json:"notes,omitempty"` // what else is worth knowing, such as faults of the firmware
	Steps    []StepResult   `json:"steps"`
	Elapsed  time.Duration  `json:"elapsed"` // virtual time in sim, wall time in live
	Events   int            `json:"events"`
	Sweep    *SweepResult   `json:"sweep,omitempty"` // of a scenario with a sweep
	Cut      string         `json:"cut,omitempty"`   // of one run of a sweep: where the power was cut, as in 17/half

	Measured  []Measurement `json:"measured,omitempty"`  // what measure steps came to
	Recorded  []Record      `json:"recorded,omitempty"`  // what record steps noted
	Sometimes []Sometimes   `json:"sometimes,omitempty"` // how each sometimes stands

	// Leftover says that firmware goroutines did not end with the run: the process should do no further one.
	Leftover bool `json:"leftover,omitempty"`
}
