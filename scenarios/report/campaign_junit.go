package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios/run"
)

// CampaignJUnit writes one test case for each scenario, whatever the number of its runs. The text of one that did
// not pass holds the causes. What is the device's fault is a failure; what is the bench's or the scenario's is an error.
func CampaignJUnit(w io.Writer, c Campaign) error {
	s := junit.Testsuite{Name: "twinrig", Time: fmt.Sprintf("%.3f", c.Wall)}
	s.AddProperty("runs", strconv.Itoa(c.Runs))
	s.AddProperty("verdict", string(c.Verdict))
	for i := range c.Scenarios {
		s.AddTestcase(scenarioCase(&c.Scenarios[i], i, c.Causes))
	}
	if c.NotBegun > 0 && len(c.Scenarios) == 0 {
		s.AddTestcase(junit.Testcase{Name: "run", Classname: "twinrig", Skipped: &junit.Result{Message: "interrupted"}})
	}
	return writeJUnit(w, s)
}

func scenarioCase(s *Scenario, order int, causes []Cause) junit.Testcase {
	x := junit.Testcase{Name: visible.Line(s.Scenario), Classname: visible.Line(s.File), Time: fmt.Sprintf("%.3f", s.Elapsed)}
	var messages []string
	var whole strings.Builder
	for i := range causes {
		if c := &causes[i]; c.order == order {
			messages = append(messages, fmt.Sprintf("%s: %s", c.Position, c.Message))
			fmt.Fprintf(&whole, "%s %s: %s\n  %s\n%s\n  to repeat: %s\n\n", strings.ToUpper(string(c.Verdict)), c.Position, c.Message, c.howMany(), c.Detail, c.Repeat)
		}
	}
	res := &junit.Result{Message: visible.Text(strings.Join(messages, "\n")), Type: string(s.Verdict), Data: visible.Text(whole.String())}
	switch s.Verdict {
	case run.Pass:
	case run.Fail:
		x.Failure = res
	case run.Skipped:
		x.Skipped = &junit.Result{Message: visible.Line(s.Reason)}
	case run.Interrupted:
		if len(messages) == 0 {
			x.Skipped = &junit.Result{Message: "interrupted"}
			break
		}
		x.Error = res
	default:
		x.Error = res
	}
	return x
}
