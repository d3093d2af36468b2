package run

import (
	"fmt"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// SweepResult is what a sweep came to.
type SweepResult struct {
	Device string      `json:"device"`
	Torn   []string    `json:"torn"`             // where each write is cut: none, half, after
	Sizes  []int       `json:"sizes"`            // bytes of each write, in their order
	Runs   int         `json:"runs"`             // with a cut
	Failed []FailedCut `json:"failed,omitempty"` // those that did not pass, in the order of the writes
}

// FailedCut is one run of a sweep that did not pass.
type FailedCut struct {
	Cut     Cut           `json:"cut"`
	Verdict Verdict       `json:"verdict"`
	Pos     diag.Position `json:"pos"`     // of its first failure
	Message string        `json:"message"` // the same
}

// Add takes the result of one run of the sweep into that of the whole, which has r.Sweep already. Runs are
// to be added in the order of their cuts: the first that did not pass is the one whose steps and failures are kept.
func (r *Result) Add(cut Cut, one Result) {
	s := r.Sweep
	s.Runs++
	r.Leftover = r.Leftover || one.Leftover
	r.seeSometimes(one)
	if one.Verdict == Pass {
		return
	}
	failed := FailedCut{Cut: cut, Verdict: one.Verdict, Message: one.Reason}
	if len(one.Failures) > 0 {
		failed.Pos, failed.Message = one.Failures[0].Pos, one.Failures[0].Message
	}
	if len(s.Failed) == 0 {
		r.Reason, r.Steps = one.Reason, one.Steps
		for _, f := range one.Failures {
			f.Message = fmt.Sprintf("with the power cut at %s: %s", cut.describe(), f.Message)
			r.Failures = append(r.Failures, f)
		}
		r.Notes = append(r.Notes, one.Notes...)
	}
	s.Failed = append(s.Failed, failed)
	r.Verdict = r.Verdict.Worse(one.Verdict)
}

// describe says in words where the cut is.
func (c Cut) describe() string {
	switch c.Torn {
	case "none":
		return fmt.Sprintf("flash write %d, before its first byte", c.Write)
	case "after":
		return fmt.Sprintf("flash write %d, behind its last byte", c.Write)
	}
	return fmt.Sprintf("flash write %d, after %d bytes of it", c.Write, c.Bytes)
}

// runSweep counts the writes, and then does a run for each cut.
func runSweep(p *plan.Plan, program *expect.Program, opts Options) Result {
	counting := opts
	counting.Count = true
	r := one(p, program, counting)
	if r.Sweep == nil || r.Verdict != Pass || r.Leftover {
		return r
	}
	opts.Trace, opts.Exports = nil, Exports{}
	for _, cut := range Cuts(r.Sweep.Sizes, r.Sweep.Torn) {
		opts.Cut = &cut
		r.Add(cut, one(p, program, opts))
		if r.Leftover || r.Verdict == Interrupted {
			break
		}
	}
	return r
}

// Locate counts the writes of a sweep, to find out how many bytes a cut leaves of its write. The result is
// nil where the cut was found, and else why not.
func Locate(p *plan.Plan, program *expect.Program, opts Options, cut *Cut) *Result {
	opts.Count, opts.Cut, opts.Trace, opts.Exports = true, nil, nil, Exports{}
	r := Run(p, program, opts)
	if r.Sweep == nil || r.Verdict != Pass {
		return &r
	}
	if cut.Write > len(r.Sweep.Sizes) {
		r.Failures = []Failure{{Pos: p.Sweep.Pos, Step: p.Sweep.Path, At: r.Elapsed, Verdict: Invalid,
			Message: fmt.Sprintf("there is no flash write %d: the sweep's steps make %d", cut.Write, len(r.Sweep.Sizes))}}
		r.Verdict, r.Sweep = Invalid, nil
		return &r
	}
	*cut = Cuts(r.Sweep.Sizes[cut.Write-1:cut.Write], []string{cut.Torn})[0].at(cut.Write)
	return nil
}

func (c Cut) at(write int) Cut {
	c.Write = write
	return c
}

// Describe says in a few lines what the sweep came to: how many runs it took, and which cuts failed.
func (s *SweepResult) Describe() []string {
	lines := []string{fmt.Sprintf("sweep over %s of %s, cut %s: %s", counted(len(s.Sizes), "flash write"), s.Device, tears(s.Torn), counted(s.Runs, "run"))}
	if s.Runs < len(s.Sizes)*len(s.Torn) {
		lines[0] += fmt.Sprintf(" of %d", len(s.Sizes)*len(s.Torn))
	}
	if len(s.Failed) == 0 {
		lines[0] += ", all passed"
		return lines
	}
	lines[0] += fmt.Sprintf(", %d did not pass", len(s.Failed))
	for _, torn := range s.Torn {
		var writes []int
		for _, f := range s.Failed {
			if f.Cut.Torn == torn {
				writes = append(writes, f.Cut.Write)
			}
		}
		if len(writes) > 0 {
			lines = append(lines, fmt.Sprintf("  %-5s at write %s", torn, spans(writes)))
		}
	}
	return lines
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// tears names where the cuts are.
func tears(torn []string) string {
	words := map[string]string{"none": "before", "half": "inside", "after": "after"}
	text := ""
	for i, t := range torn {
		switch {
		case i > 0 && i == len(torn)-1:
			text += " and "
		case i > 0:
			text += ", "
		}
		text += words[t]
	}
	return text + " each"
}

// spans writes numbers, which ascend, in short: 3, 7-12.
func spans(numbers []int) string {
	text := ""
	for i := 0; i < len(numbers); i++ {
		first := numbers[i]
		for i+1 < len(numbers) && numbers[i+1] == numbers[i]+1 {
			i++
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprint(first)
		if numbers[i] > first {
			text += fmt.Sprintf("-%d", numbers[i])
		}
	}
	return text
}
