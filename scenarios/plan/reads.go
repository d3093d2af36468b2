package plan

import (
	"regexp"
	"strings"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// Reads reports whether an expectation, an invariant or a condition of the scenario may read a value or an
// event of that name. It looks at names alone, not at whose they are: what comes often and is read by
// nobody need not be in the trace.
func (p *Plan) Reads(name string) bool {
	word := regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`)
	s := p.Scenario
	for _, list := range [][]lang.Invariant{s.Always, s.Never, s.Sometimes} {
		for i := range list {
			if reads(&list[i].Expect, name, word) {
				return true
			}
		}
	}
	return stepsRead(s.Steps, name, word)
}

// StepReads is Reads of one step, without those in it.
func StepReads(s *lang.Step, name string) bool {
	return stepReads(s, name, regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`))
}

func stepReads(s *lang.Step, name string, word *regexp.Regexp) bool {
	for _, r := range s.Record {
		if word.MatchString(r.Value.Source) {
			return true
		}
	}
	return s.When != nil && word.MatchString(s.When.Source) || s.Expect != nil && reads(s.Expect, name, word)
}

func stepsRead(steps []lang.Step, name string, word *regexp.Regexp) bool {
	for i := range steps {
		s := &steps[i]
		if stepReads(s, name, word) {
			return true
		}
		for _, inner := range s.Inner() {
			if stepsRead(inner, name, word) {
				return true
			}
		}
	}
	return false
}

func reads(e *lang.Expect, name string, word *regexp.Regexp) bool {
	if strings.HasSuffix(e.Metric, "."+name) || e.Event == name || e.Expr != nil && word.MatchString(e.Expr.Source) {
		return true
	}
	for _, m := range e.Members() {
		if reads(&m, name, word) {
			return true
		}
	}
	return false
}
