package expect

import (
	"cmp"
	"slices"
)

// assign looks for a way to satisfy the condition in which every event is used once: all members of
// `all`, one of `any`. It returns the events it uses, in order. state says whether a state counts as
// satisfied. The first event is preferred, and of the members of `any` the one that matched first.
func (a *Active) assign(state func(*node) bool) ([]int, bool) {
	return a.satisfy([]*node{a.x.root}, nil, state)
}

// satisfy takes the nodes to do one by one; leaves are the event leaves chosen so far.
func (a *Active) satisfy(todo, leaves []*node, state func(*node) bool) ([]int, bool) {
	if len(todo) == 0 {
		return a.distinct(leaves)
	}
	n, rest := todo[0], todo[1:]
	switch {
	case n.state:
		if !state(n) {
			return nil, false
		}
		return a.satisfy(rest, leaves, state)
	case n.op == opEvent:
		if len(a.slots[n.id].matches) == 0 {
			return nil, false
		}
		return a.satisfy(rest, append(slices.Clip(leaves), n), state)
	case n.op == opAll:
		return a.satisfy(slices.Concat(n.members, rest), leaves, state)
	}
	members := slices.Clone(n.members)
	slices.SortStableFunc(members, func(x, y *node) int { return cmp.Compare(a.firstMatch(x), a.firstMatch(y)) })
	for _, m := range members {
		if chosen, ok := a.satisfy(append([]*node{m}, rest...), leaves, state); ok {
			return chosen, true
		}
	}
	return nil, false
}

// firstMatch returns the index of the first event below the node; -1 where it needs none.
func (a *Active) firstMatch(n *node) int {
	first := -1
	n.walk(func(n *node) {
		if n.op == opEvent && len(a.slots[n.id].matches) > 0 {
			if m := a.slots[n.id].matches[0]; first < 0 || m < first {
				first = m
			}
		}
	})
	return first
}

// distinct gives each leaf an event of its own (maximum bipartite matching by augmenting paths).
func (a *Active) distinct(leaves []*node) ([]int, bool) {
	owner := map[int]int{} // event to the index of the leaf that has it
	var seat func(leaf int, tried map[int]bool) bool
	seat = func(leaf int, tried map[int]bool) bool {
		for _, m := range a.slots[leaves[leaf].id].matches {
			if tried[m] {
				continue
			}
			tried[m] = true
			if other, taken := owner[m]; !taken || seat(other, tried) {
				owner[m] = leaf
				return true
			}
		}
		return false
	}
	for leaf := range leaves {
		if !seat(leaf, map[int]bool{}) {
			return nil, false
		}
	}
	chosen := make([]int, 0, len(owner))
	for m := range owner {
		chosen = append(chosen, m)
	}
	slices.Sort(chosen)
	return chosen, true
}
