package expect

import "slices"

// numbers is a set of whole numbers. It takes memory for its gaps, not for its members.
type numbers struct {
	spans []span // sorted, with a gap between each two
	count int64
}

// span is all numbers from one to another, both included.
type span struct{ from, to int64 }

func (s *numbers) add(n int64) {
	at, found := slices.BinarySearchFunc(s.spans, n, func(x span, n int64) int {
		switch {
		case x.to < n:
			return -1
		case x.from > n:
			return 1
		}
		return 0
	})
	if found {
		return
	}
	s.count++
	joinsBefore := at > 0 && s.spans[at-1].to == n-1
	joinsAfter := at < len(s.spans) && s.spans[at].from == n+1
	switch {
	case joinsBefore && joinsAfter:
		s.spans[at-1].to = s.spans[at].to
		s.spans = slices.Delete(s.spans, at, at+1)
	case joinsBefore:
		s.spans[at-1].to = n
	case joinsAfter:
		s.spans[at].from = n
	default:
		s.spans = slices.Insert(s.spans, at, span{n, n})
	}
}

// bounds returns the smallest and the largest member of a set that is not empty.
func (s *numbers) bounds() (least, most int64) { return s.spans[0].from, s.spans[len(s.spans)-1].to }
