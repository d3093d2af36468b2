package expect

import (
	"cmp"
	"container/heap"
	"time"
)

// limit is the last instant at which a pending invariant may be mended.
func (inv *invariant) limit() time.Duration { return inv.brokenAt + inv.rule.grace }

// pend notes that the invariant is broken from now on.
func (w *Watch) pend(inv *invariant) {
	inv.pending, inv.brokenAt, inv.turn = true, w.now, w.pended
	w.pended++
	heap.Push(&w.pending, inv)
}

func (w *Watch) unpend(inv *invariant) {
	inv.pending = false
	heap.Remove(&w.pending, inv.place)
}

// pendingHeap has the invariant first whose grace ends first; of those at one instant the one that broke first. A
// fleet may have many at once.
type pendingHeap []*invariant

func (h pendingHeap) Len() int { return len(h) }

func (h pendingHeap) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].limit(), h[j].limit()), cmp.Compare(h[i].turn, h[j].turn)) < 0
}

func (h pendingHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push is for container/heap.
func (h *pendingHeap) Push(x any) {
	inv := x.(*invariant)
	inv.place = len(*h)
	*h = append(*h, inv)
}

// Pop is for container/heap.
func (h *pendingHeap) Pop() any {
	last := len(*h) - 1
	inv := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return inv
}
