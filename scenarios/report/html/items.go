package html

import (
	"time"
)

// item is something on a track.
type item struct {
	at    int64 // microseconds since the start of the run
	track int
	kind  int   // index into the kinds of the document
	count int   // how many things were merged into it
	line  int32 // number of its text; -1: none
}

// itemStore keeps the items in the order of time. Where the trace is long, items of one kind on one track that
// are less than merge apart are one item, which says how many they are.
type itemStore struct {
	merge int64 // microseconds; 0: none are merged
	all   []item
	last  map[[2]int]int // track and kind (or track alone, of a track of states) to the index of the last item
}

// newItemStore is for so many events that happen on lanes in all that time.
func newItemStore(events, lanes int, end time.Duration) *itemStore {
	s := &itemStore{last: map[[2]int]int{}}
	if events > maxItems {
		s.merge = end.Microseconds()*int64(max(lanes, 1))/maxItems + 1
	}
	return s
}

// add adds an item. On a track of states the last state of those that are merged is kept: after it, it holds.
func (s *itemStore) add(x item, state bool) {
	x.count = 1
	key := [2]int{x.track, x.kind}
	if state {
		key[1] = -1
	}
	if i, ok := s.last[key]; ok && s.merge > 0 && s.all[i].at/s.merge == x.at/s.merge {
		old := &s.all[i]
		old.count++
		if state {
			old.kind, old.line = x.kind, x.line
		}
		return
	}
	s.last[key] = len(s.all)
	s.all = append(s.all, x)
}

// columns are the items as the page reads them: a list for each field, times and lines as differences.
type columns struct {
	Time  []int64 `json:"t"`
	Track []int   `json:"track"`
	Kind  []int   `json:"kind"`
	Line  []int32 `json:"line"`
	Count []int   `json:"n,omitempty"` // left out where nothing was merged
}

func (s *itemStore) columns() columns {
	n := len(s.all)
	c := columns{Time: make([]int64, n), Track: make([]int, n), Kind: make([]int, n), Line: make([]int32, n)}
	if s.merge > 0 {
		c.Count = make([]int, n)
	}
	var at int64
	var line int32
	for i, x := range s.all {
		c.Time[i], c.Track[i], c.Kind[i], c.Line[i] = x.at-at, x.track, x.kind, x.line-line
		at, line = x.at, x.line
		if c.Count != nil {
			c.Count[i] = x.count
		}
	}
	return c
}
