package expect

import (
	"cmp"
	"slices"
)

// sorted is a list kept sorted: in blocks, so that to add one, or to take one out, is cheap however many there are.
type sorted[T cmp.Ordered] struct {
	blocks [][]T // each sorted, none empty; all of one not above any of the next
	n      int
}

// blockSize is how many there are in a block at most.
const blockSize = 1024

// find returns the first block whose last member is not below v; there may be none.
func (s *sorted[T]) find(v T) int {
	at, _ := slices.BinarySearchFunc(s.blocks, v, func(b []T, v T) int { return cmp.Compare(b[len(b)-1], v) })
	return at
}

// add adds one.
func (s *sorted[T]) add(v T) {
	s.n++
	if len(s.blocks) == 0 {
		s.blocks = [][]T{{v}}
		return
	}
	at := min(s.find(v), len(s.blocks)-1)
	place, _ := slices.BinarySearch(s.blocks[at], v)
	b := slices.Insert(s.blocks[at], place, v)
	s.blocks[at] = b
	if len(b) == blockSize {
		s.blocks = slices.Insert(s.blocks, at+1, slices.Clone(b[blockSize/2:]))
		s.blocks[at] = slices.Clone(b[:blockSize/2])
	}
}

// remove takes one out that is there.
func (s *sorted[T]) remove(v T) {
	s.n--
	at := s.find(v)
	place, _ := slices.BinarySearch(s.blocks[at], v)
	if b := slices.Delete(s.blocks[at], place, place+1); len(b) > 0 {
		s.blocks[at] = b
	} else {
		s.blocks = slices.Delete(s.blocks, at, at+1)
	}
}

// at returns the one at a place in the order, from 0.
func (s *sorted[T]) at(place int) T {
	for _, b := range s.blocks {
		if place < len(b) {
			return b[place]
		}
		place -= len(b)
	}
	panic("expect: the place is behind the end of the list")
}

// sums adds up numbers of which now and then one changes, always in the same order, so that rounding does not depend on
// which ones changed: a binary tree whose leaves are the numbers.
type sums struct {
	tree []float64 // the sum of tree[i] is of tree[2i] and tree[2i+1]; the root is tree[1]
	base int       // where the leaves begin
}

func newSums(n int) *sums {
	base := 1
	for base < n {
		base *= 2
	}
	return &sums{tree: make([]float64, 2*base), base: base}
}

func (s *sums) set(i int, v float64) {
	i += s.base
	s.tree[i] = v
	for i /= 2; i > 0; i /= 2 {
		s.tree[i] = s.tree[2*i] + s.tree[2*i+1]
	}
}

func (s *sums) total() float64 { return s.tree[1] }
