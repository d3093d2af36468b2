package expect

import (
	"fmt"
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// Program is every expectation, invariant and condition of a plan, compiled. It is immutable.
type Program struct {
	scope        *scope
	expectations map[*lang.Expect]*expectation
	conditions   map[*lang.Expr]*expression
	records      map[*lang.Step][]recordRule
	invariants   []*invariantRule
	inOrder      []*lang.Expect      // of expectations
	reads        map[trace.Kind]bool // kinds of event that an expectation may ask for
}

// temporal is how a condition is judged over time.
type temporal byte

const (
	judgeNow temporal = iota
	judgeWithin
	judgeDuring
)

// expectation is a compiled expect step.
type expectation struct {
	source   *lang.Expect
	path     string
	root     *node
	nodes    int // how many there are in the tree
	temporal temporal
	length   time.Duration // of within or during
	hold     time.Duration // for
	count    *lang.Comparison
	series   []seriesRule
	measure  *measureRule
	blinks   *blinksRule
}

// invariantRule is a compiled always, never or sometimes; of one over a fleet there is one for each member.
type invariantRule struct {
	source    *lang.Invariant
	path      string
	section   string // always, never or sometimes
	never     bool   // also of sometimes: that it comes true is what counts
	sometimes bool
	root      *node
	nodes     int
	grace     time.Duration
	group     int // the same for the members of a fleet; 0: it stands alone
}

// Compile compiles the expectations of the steps, their `when` conditions, and the invariants. What is
// wrong in an expression, a name or a type, becomes a diagnostic with its place in the file. It takes a
// plan with faults too, so that all faults come at once: what packages lang and plan have reported, it
// passes over in silence. The program is good only where neither they nor Compile found a fault.
func Compile(p *plan.Plan) (*Program, diag.List) {
	c := newCompiler(newScope(p))
	c.steps(p.Scenario.Steps, "steps")
	readKinds(p.Scenario.Steps, c.program.reads)
	c.invariants(p.Scenario.Always, "always")
	c.invariants(p.Scenario.Never, "never")
	c.invariants(p.Scenario.Sometimes, "sometimes")
	c.faults.Sort()
	return c.program, c.faults
}

// With compiles further steps of the same plan: those of an each for one of its devices. The result has
// them alone.
func (p *Program) With(steps []lang.Step) (*Program, diag.List) {
	c := newCompiler(p.scope)
	c.steps(steps, "steps")
	c.faults.Sort()
	return c.program, c.faults
}

func newCompiler(s *scope) *programCompiler {
	return &programCompiler{scope: s, program: &Program{scope: s, expectations: map[*lang.Expect]*expectation{}, conditions: map[*lang.Expr]*expression{},
		records: map[*lang.Step][]recordRule{}, reads: map[trace.Kind]bool{}}}
}

type programCompiler struct {
	scope   *scope
	program *Program
	faults  diag.List
	ids     int
	// of an invariant:
	invariant bool
	bound     map[string]string // a fleet's name stands for one of its members
	groups    int
}

func (c *programCompiler) steps(steps []lang.Step, path string) {
	for i := range steps {
		s := &steps[i]
		at := s.Path
		if at == "" {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		if s.When != nil {
			if x := c.scope.compileExpr(s.When, at+".when", exprUse{}, &c.faults); x != nil {
				c.program.conditions[s.When] = x
			}
		}
		if s.Expect != nil {
			c.expectation(s.Expect, at+"."+s.Verb())
		}
		c.record(s, at+".record")
		for n, inner := range s.Inner() {
			c.steps(inner, fmt.Sprintf("%s.%s[%d]", at, s.Verb(), n))
		}
	}
}

func (c *programCompiler) expectation(e *lang.Expect, path string) {
	c.ids = 0
	x := &expectation{source: e, path: path, count: e.Count}
	if e.Measure != nil {
		x.measure = c.measure(e, path)
		x.root = x.measure.root
	} else {
		x.root = c.node(e, path)
	}
	x.nodes = c.ids
	switch {
	case e.During != nil:
		x.temporal, x.length = judgeDuring, e.During.Duration
	case e.Within != nil:
		x.temporal, x.length = judgeWithin, e.Within.Duration
	}
	if e.For != nil {
		x.hold = e.For.Duration
	}
	x.series = seriesRules(e, c.schema(e))
	if e.Blinks != nil && x.root != nil {
		x.blinks = newBlinksRule(e.Blinks)
	}
	c.program.expectations[e] = x
	c.program.inOrder = append(c.program.inOrder, e)
}

// checkInvariant refuses what could never come true.
func (c *programCompiler) checkInvariant(r *invariantRule) {
	events := 0
	for _, m := range r.root.members {
		if !m.state {
			events++
		}
	}
	if r.root.op == opAll && events > 1 {
		c.faults.Add(r.root.source.Pos, r.path+".all", "two events are never one", "one entry for each; `all` can hold one event, and states")
	}
}

// node compiles a condition. It returns nil where something in it is wrong.
func (c *programCompiler) node(e *lang.Expect, path string) *node {
	n := &node{id: c.ids, source: e}
	c.ids++
	good := false
	switch e.Subject() {
	case "all":
		n.op = opAll
		good = c.members(n, path+".all")
	case "any":
		n.op = opAny
		good = c.members(n, path+".any")
	case "mqtt":
		good = c.mqtt(n, path)
	case "pin":
		good = c.pin(n, path)
	case "console":
		good = c.console(n, path)
	case "metric":
		good = c.metric(n, path)
	case "event":
		good = c.event(n, path)
	case "expr":
		good = c.expr(n, path)
	}
	if !good {
		return nil
	}
	return n
}

func (c *programCompiler) members(n *node, path string) bool {
	good := true
	n.state = true
	list := n.source.Members()
	for i := range list {
		m := c.node(&list[i], fmt.Sprintf("%s[%d]", path, i))
		if m == nil {
			good = false
			continue
		}
		if m.op == opEvent {
			m.event.schema = c.schema(&list[i])
		}
		n.members = append(n.members, m)
		n.state = n.state && m.state
		n.devices = union(n.devices, m.devices)
		n.singles = union(n.singles, m.singles)
		n.fleets = union(n.fleets, m.fleets)
		n.uptime = union(n.uptime, m.uptime)
	}
	return good
}

// When evaluates a step's `when`; a step without one is to be done. The error says which value was
// not seen yet, or that values do not go together; it starts with the place in the file.
func (p *Program) When(step *lang.Step, h *History, now time.Duration) (bool, error) {
	x := p.conditions[step.When]
	if x == nil {
		return true, nil
	}
	do, err := x.eval(h, now)
	if err != nil {
		return false, fmt.Errorf("expect: %s: when: %w", step.When.Pos, err)
	}
	return do, nil
}
