package expect

import "github.com/twinrig/twinrig/scenarios/lang"

// lookDuring fails where the window cannot be won any more.
func (a *Active) lookDuring() {
	e := a.x.source
	switch {
	case a.meter != nil:
		if a.now >= a.end && !a.waitsForEnds(a.now) {
			a.judgeEnd()
		}
		return
	case a.blinkers != nil:
		a.failBlinks()
		return
	case a.growth != nil:
		a.lookGrowth()
		return
	case a.fleet != nil:
		a.lookDuringFleet()
		return
	}
	if e.Not {
		if a.holds() {
			a.fail(a.forbidden())
		}
		return
	}
	if c := a.x.count; c != nil && exceeded(c, a.matches().n) {
		a.fail(plural(a.matches().n, "match", "matches") + ", " + c.Op + " " + formatValue(c.Value) + " wanted")
		return
	}
	a.failHopeless()
	a.markBroken(a.x.root)
	if a.verdict == Pending && !a.possible(a.x.root) {
		a.fail(a.brokenState())
	}
}

// exceeded reports whether more matches can only make it worse.
func exceeded(c *lang.Comparison, n int) bool {
	switch c.Op {
	case "<":
		return float64(n) >= c.Value
	case "<=", "==":
		return float64(n) > c.Value
	}
	return false
}

// markBroken notes which states do not hold at this instant of a during window.
func (a *Active) markBroken(n *node) {
	switch {
	case !n.state:
		for _, m := range n.members {
			a.markBroken(m)
		}
	case !a.slots[n.id].broken && !a.stateHolds(n):
		a.slots[n.id].broken, a.slots[n.id].brokeAt = true, a.now
	}
}

// possible reports whether events to come could still satisfy the node.
func (a *Active) possible(n *node) bool {
	switch {
	case n.state:
		return !a.slots[n.id].broken
	case n.op == opEvent:
		return true
	}
	for _, m := range n.members {
		if a.possible(m) != (n.op == opAll) {
			return n.op == opAny
		}
	}
	return n.op == opAll
}

// judgeEnd judges a during window at its end.
func (a *Active) judgeEnd() {
	switch {
	case a.meter != nil:
		if a.consumed = nil; a.meter.holds(a.now, true) {
			a.pass()
		} else {
			a.fail(a.shortfall())
		}
	case a.blinkers != nil:
		if a.failBlinks(); a.verdict == Pending {
			a.pass()
		}
	case a.growth != nil:
		a.judgeGrowth()
	case a.fleet != nil:
		a.judgeFleet()
	case a.x.source.Not:
		a.consumed = nil
		a.pass()
	case a.counting():
		if a.holds() {
			a.pass()
		} else {
			a.fail(a.shortfall())
		}
	default:
		chosen, ok := a.assign(func(n *node) bool { return !a.slots[n.id].broken })
		if !ok {
			a.fail(a.shortfall())
			return
		}
		a.consumed = chosen
		a.pass()
	}
}
