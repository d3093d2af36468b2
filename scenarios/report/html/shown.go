package html

import (
	"slices"

	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios/report"
)

// shown returns a summary in which every control character and change of the direction of writing is written as
// its escape: they would not show, or make what stands beside them look like something else.
func shown(sum report.Summary) *report.Summary {
	line := func(s *string) { *s = visible.Line(*s) }
	for _, s := range []*string{&sum.Scenario, &sum.File, &sum.Mode, &sum.Reason, &sum.Cut, &sum.Repeat, &sum.Digest} {
		line(s)
	}
	sum.Steps, sum.Failures, sum.Notes = slices.Clone(sum.Steps), slices.Clone(sum.Failures), slices.Clone(sum.Notes)
	sum.Measured, sum.Recorded, sum.Sometimes = slices.Clone(sum.Measured), slices.Clone(sum.Recorded), slices.Clone(sum.Sometimes)
	for i := range sum.Steps {
		line(&sum.Steps[i].Text)
	}
	for i := range sum.Failures {
		f := &sum.Failures[i]
		f.Position, f.Step, f.Message, f.Detail = visible.Line(f.Position), visible.Line(f.Step), visible.Line(f.Message), visible.Text(f.Detail)
	}
	for i := range sum.Notes {
		line(&sum.Notes[i])
	}
	for i := range sum.Measured {
		line(&sum.Measured[i].Name)
	}
	for i := range sum.Recorded {
		line(&sum.Recorded[i].Name)
	}
	for i := range sum.Sometimes {
		line(&sum.Sometimes[i].Text)
	}
	if sum.Sweep != nil {
		sweep := *sum.Sweep
		line(&sweep.Device)
		sweep.Failed = slices.Clone(sweep.Failed)
		for i := range sweep.Failed {
			line(&sweep.Failed[i].Message)
		}
		sum.Sweep = &sweep
	}
	return &sum
}
