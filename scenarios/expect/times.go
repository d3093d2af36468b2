package expect

import (
	"slices"
	"time"
)

// sortedTimes is a list of lengths of time, kept sorted: in blocks, so that one more is cheap however many there are.
type sortedTimes struct {
	blocks [][]time.Duration // each sorted, none empty; all of one before all of the next
	n      int
}

// blockSize is how many there are in a block at most.
const blockSize = 1024

// add adds one.
func (s *sortedTimes) add(d time.Duration) {
	s.n++
	if len(s.blocks) == 0 {
		s.blocks = [][]time.Duration{{d}}
		return
	}
	at, _ := slices.BinarySearchFunc(s.blocks, d, func(b []time.Duration, d time.Duration) int { return int(min(1, max(-1, b[len(b)-1]-d))) })
	at = min(at, len(s.blocks)-1)
	b := s.blocks[at]
	place, _ := slices.BinarySearch(b, d)
	b = slices.Insert(b, place, d)
	s.blocks[at] = b
	if len(b) == blockSize {
		s.blocks = slices.Insert(s.blocks, at+1, slices.Clone(b[blockSize/2:]))
		s.blocks[at] = slices.Clone(b[:blockSize/2])
	}
}

// at returns the one at a place in the order, from 0.
func (s *sortedTimes) at(place int) time.Duration {
	for _, b := range s.blocks {
		if place < len(b) {
			return b[place]
		}
		place -= len(b)
	}
	panic("expect: sortedTimes: the place is behind the end")
}
