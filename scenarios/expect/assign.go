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
		if f := a.slots[n.id].fleet; f != nil && !f.rule.quorum.holds(f.good, len(f.members)) || f == nil && len(a.slots[n.id].matches.kept) == 0 {
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
		if n.op != opEvent {
			return
		}
		for _, matches := range a.claims(n) {
			if m := matches[0]; first < 0 || m < first {
				first = m
			}
		}
	})
	return first
}

// claims returns what may satisfy a leaf: its matches, or those of each member of its fleet; none of them empty.
func (a *Active) claims(n *node) [][]int {
	s := &a.slots[n.id]
	var claims [][]int
	if len(s.matches.kept) > 0 {
		claims = append(claims, s.matches.kept)
	}
	if s.fleet != nil {
		for m := range s.fleet.members {
			if matches := s.fleet.members[m].matches.kept; len(matches) > 0 {
				claims = append(claims, matches)
			}
		}
	}
	return claims
}

// distinct gives each leaf an event of its own, and each of so many members of a fleet as are needed (maximum
// bipartite matching by augmenting paths).
func (a *Active) distinct(leaves []*node) ([]int, bool) {
	var claims [][]int
	owner := map[int]int{} // event to the index of the claim that has it
	var seat func(claim int, tried map[int]bool) bool
	seat = func(claim int, tried map[int]bool) bool {
		for _, m := range claims[claim] {
			if tried[m] {
				continue
			}
			tried[m] = true
			if other, taken := owner[m]; !taken || seat(other, tried) {
				owner[m] = claim
				return true
			}
		}
		return false
	}
	seats := func(n *node) (seated int) {
		for _, claim := range a.claims(n) {
			claims = append(claims, claim)
			if seat(len(claims)-1, map[int]bool{}) {
				seated++
			}
		}
		return seated
	}
	// A claim that has a seat keeps one: the leaves that need theirs come before the members, of which some may do.
	for _, fleets := range []bool{false, true} {
		for _, n := range leaves {
			f := a.slots[n.id].fleet
			if fleets != (f != nil) {
				continue
			}
			if n := seats(n); f == nil && n == 0 || f != nil && !f.rule.quorum.holds(n, len(f.members)) {
				return nil, false
			}
		}
	}
	chosen := make([]int, 0, len(owner))
	for m := range owner {
		chosen = append(chosen, m)
	}
	slices.Sort(chosen)
	return chosen, true
}
