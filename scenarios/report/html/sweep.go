package html

import (
	"fmt"

	"github.com/twinrig/twinrig/scenarios/run"
)

// sweepTable is a sweep: a row for where the writes are cut, a column for each write.
type sweepTable struct {
	Lines  []string // in words
	Device string
	Writes int
	Rows   []sweepRow
	Failed []run.FailedCut
	More   int // failed cuts that are not listed
	Width  int // of the picture
}

type sweepRow struct {
	Torn  string
	Words string
	Y     int
	Cells []sweepCell
}

// sweepCell is some consecutive cuts that came out alike.
type sweepCell struct {
	X, Width int
	Class    string // pass, fail, none: not done
	Title    string
}

const (
	sweepStep   = 8 // width of a cut
	maxFailures = 50
)

func newSweep(s *run.SweepResult) *sweepTable {
	if s == nil {
		return nil
	}
	t := &sweepTable{Lines: s.Describe(), Device: s.Device, Writes: len(s.Sizes), Failed: s.Failed, Width: sweepStep * len(s.Sizes)}
	if len(t.Failed) > maxFailures {
		t.Failed, t.More = t.Failed[:maxFailures], len(t.Failed)-maxFailures
	}
	failed := map[[2]string]run.FailedCut{}
	for _, f := range s.Failed {
		failed[[2]string{f.Cut.Torn, fmt.Sprint(f.Cut.Write)}] = f
	}
	words := map[string]string{"none": "before the write", "half": "inside it", "after": "behind it"}
	for i, torn := range s.Torn {
		row := sweepRow{Torn: torn, Words: words[torn], Y: i * (sweepStep + 10)}
		for w := 1; w <= len(s.Sizes); w++ {
			cell := sweepCell{X: (w - 1) * sweepStep, Width: sweepStep - 1, Class: "pass", Title: fmt.Sprintf("write %d of %d bytes, %s: pass", w, s.Sizes[w-1], words[torn])}
			if done := (w-1)*len(s.Torn) + i + 1; done > s.Runs {
				cell.Class, cell.Title = "none", fmt.Sprintf("write %d, %s: not done", w, words[torn])
			}
			if f, ok := failed[[2]string{torn, fmt.Sprint(w)}]; ok {
				cell.Class, cell.Title = "fail", fmt.Sprintf("write %d of %d bytes, %s: %s", w, s.Sizes[w-1], words[torn], f.Message)
			}
			row.Cells = append(row.Cells, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
