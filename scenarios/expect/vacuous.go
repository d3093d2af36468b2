package expect

import "slices"

// vacuous says why a condition tested nothing, "" where it tested something: for `all` one member that
// tested nothing is enough, for `any` all must be so. leaf says it for a leaf.
func vacuous(n *node, leaf func(*node) string) string {
	why := ""
	switch n.op {
	case opAll:
		for _, m := range n.members {
			if why = vacuous(m, leaf); why != "" {
				return why
			}
		}
		return ""
	case opAny:
		for _, m := range n.members {
			if why = vacuous(m, leaf); why == "" {
				return ""
			}
		}
		return why
	}
	return leaf(n)
}

// vacuous says why the expectation tested nothing: its device was never powered, and no event matched.
func (a *Active) vacuous() string {
	return vacuous(a.x.root, func(n *node) string {
		s := &a.slots[n.id]
		if s.matches.n > 0 || a.meter != nil && a.meter.begun > 0 ||
			s.fleet != nil && slices.ContainsFunc(s.fleet.members, func(m memberSlot) bool { return m.matches.n > 0 }) {
			return ""
		}
		return a.h.neverPowered(n)
	})
}

// neverPowered says which device of a leaf was never powered: for a state any of them, for an event
// only if none of those it may come from ever was.
func (h *History) neverPowered(n *node) string {
	var never []int
	for _, d := range n.devices {
		if !h.devices[d].ever {
			never = append(never, d)
		}
	}
	// Of a fleet whose share is asked for, and of one in an expression, some members may never have had power.
	some := n.op == opEvent || n.op == opState && (n.is.over != nil && !n.is.quorum.every() || n.is.over == nil && len(n.fleets) > 0)
	if len(never) == 0 || some && len(never) < len(n.devices) {
		return ""
	}
	if len(never) == 1 {
		return h.names(never) + " was never powered"
	}
	return h.names(never) + " were never powered"
}
