package expect

import (
	"fmt"
	"slices"

	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

func (c *programCompiler) invariants(list []lang.Invariant, section string) {
	c.invariant = true
	for i := range list {
		inv, path := &list[i], fmt.Sprintf("%s[%d]", section, i)
		fleet, ok := c.fleetOf(&inv.Expect, path)
		if !ok {
			continue
		}
		if fleet == nil {
			c.addInvariant(inv, path, section, 0)
			continue
		}
		c.groups++
		for _, member := range fleet.Members {
			c.bound = map[string]string{fleet.Name: member}
			if !c.addInvariant(inv, path, section, c.groups) {
				break // of the others it would be the same
			}
		}
		c.bound = nil
	}
	c.invariant = false
}

func (c *programCompiler) addInvariant(inv *lang.Invariant, path, section string, group int) bool {
	c.ids = 0
	r := &invariantRule{source: inv, path: path, section: section, never: section != "always", sometimes: section == "sometimes", group: group, root: c.node(&inv.Expect, path)}
	r.nodes = c.ids
	if inv.Grace != nil {
		r.grace = inv.Grace.Duration
	}
	if r.root == nil {
		return false
	}
	if r.root.op == opEvent && inv.Schema != "" {
		r.root.event.schema = c.schema(&inv.Expect)
		r.root.event.invalid = true
		r.never = true // a message that is not as the schema says is what must never come
	}
	c.checkInvariant(r)
	c.program.invariants = append(c.program.invariants, r)
	return true
}

// fleetOf returns the fleet for each of whose members an invariant stands by itself; nil where it stands for
// all at once: it names no fleet, or asks for a share of one, or is about one event, which is any member's.
func (c *programCompiler) fleetOf(e *lang.Expect, path string) (*plan.Fleet, bool) {
	if e.IsEvent() && e.Members() == nil {
		return nil, true
	}
	var names []string
	shared := false
	var walk func(e *lang.Expect)
	walk = func(e *lang.Expect) {
		for _, ref := range []string{e.Of, e.Pin, e.Console, e.Metric, e.Device} {
			name, _, ok := plan.Split(ref)
			if !ok {
				name = ref
			}
			if f := c.scope.plan.Fleet(name); f != nil && !slices.Contains(names, name) {
				names = append(names, name)
				shared = shared || e.Share != nil || e.AnyMember()
			}
		}
		members := e.Members()
		for i := range members {
			walk(&members[i])
		}
	}
	walk(e)
	switch {
	case len(names) == 0 || shared:
		return nil, true
	case len(names) > 1:
		c.faults.Add(e.Pos, path, fmt.Sprintf("%s and %s are two fleets: an invariant stands for each member of one", names[0], names[1]), "an entry for each, or an expr with all(…)")
		return nil, false
	}
	return c.scope.plan.Fleet(names[0]), true
}
