package cli

import (
	"fmt"
	"maps"
	"slices"

	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// judgeSometimes judges what must be true at least once in the campaign, after its last run. A campaign of one
// run only reports it, and so does one that did not come to its end.
func (c *console) judgeSometimes() {
	for _, v := range c.verdicts {
		if c.total == 1 || v == run.Interrupted {
			return
		}
	}
	var results []run.Result
	for _, i := range slices.Sorted(maps.Keys(c.sometimes)) {
		results = append(results, c.sometimes[i])
	}
	for _, s := range report.SometimesOf(results...) {
		if s.Seen {
			continue
		}
		c.verdicts = append(c.verdicts, run.Fail)
		fmt.Fprintf(c.stderr, "%s: %s: it was true in none of the runs: %s\n", s.Pos, s.Path, s.Text)
	}
}
