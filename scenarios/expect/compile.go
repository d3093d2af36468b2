package expect

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/expr-lang/expr/types"

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
	invariants   []*invariantRule
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
}

// invariantRule is a compiled always or never.
type invariantRule struct {
	source *lang.Invariant
	path   string
	never  bool
	root   *node
	nodes  int
	grace  time.Duration
}

// Compile compiles the expectations of the steps, their `when` conditions, and the invariants. What is
// wrong in an expression, a name or a type, becomes a diagnostic with its place in the file. It takes a
// plan with faults too, so that all faults come at once: what packages lang and plan have reported, it
// passes over in silence. The program is good only where neither they nor Compile found a fault.
func Compile(p *plan.Plan) (*Program, diag.List) {
	c := newCompiler(newScope(p))
	c.steps(p.Scenario.Steps, "steps")
	c.invariants(p.Scenario.Always, "always", false)
	c.invariants(p.Scenario.Never, "never", true)
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
	return &programCompiler{scope: s, program: &Program{scope: s, expectations: map[*lang.Expect]*expectation{}, conditions: map[*lang.Expr]*expression{}}}
}

type programCompiler struct {
	scope   *scope
	program *Program
	faults  diag.List
	ids     int
}

func (c *programCompiler) steps(steps []lang.Step, path string) {
	for i := range steps {
		s := &steps[i]
		at := s.Path
		if at == "" {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		if s.When != nil {
			if x := c.scope.compileExpr(s.When, at+".when", &c.faults); x != nil {
				c.program.conditions[s.When] = x
			}
		}
		if s.Expect != nil {
			c.expectation(s.Expect, at+".expect")
		}
		for n, inner := range s.Inner() {
			c.steps(inner, fmt.Sprintf("%s.%s[%d]", at, s.Verb(), n))
		}
	}
}

func (c *programCompiler) expectation(e *lang.Expect, path string) {
	c.ids = 0
	x := &expectation{source: e, path: path, root: c.node(e, path), count: e.Count}
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
	x.series = seriesRules(e)
	c.program.expectations[e] = x
}

func (c *programCompiler) invariants(list []lang.Invariant, section string, never bool) {
	for i := range list {
		inv, path := &list[i], fmt.Sprintf("%s[%d]", section, i)
		c.ids = 0
		r := &invariantRule{source: inv, path: path, never: never, root: c.node(&inv.Expect, path)}
		r.nodes = c.ids
		if inv.Grace != nil {
			r.grace = inv.Grace.Duration
		}
		if r.root != nil {
			c.checkInvariant(r)
			c.program.invariants = append(c.program.invariants, r)
		}
	}
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
		good = c.mqtt(n)
	case "pin":
		good = c.pin(n)
	case "console":
		good = c.console(n)
	case "metric":
		good = c.metric(n, path)
	case "event":
		good = c.event(n)
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
		n.members = append(n.members, m)
		n.state = n.state && m.state
		n.devices = union(n.devices, m.devices)
		n.uptime = union(n.uptime, m.uptime)
	}
	return good
}

func (c *programCompiler) mqtt(n *node) bool {
	e := n.source
	filter := newTopicFilter(e.MQTT)
	n.event = &eventLeaf{kind: trace.Publish, filter: &filter, payload: e.Payload, retain: e.Retained, qos: e.QoS, pattern: e.Matches}
	switch {
	case e.JSONExact != nil:
		p := compilePattern(e.JSONExact.Value, true)
		n.event.json, n.event.exact = &p, true
	case e.JSON != nil:
		p := compilePattern(e.JSON.Value, false)
		n.event.json = &p
	}
	for i := range c.scope.plan.Devices {
		if slices.ContainsFunc(c.scope.plan.Devices[i].Identity.Topics, func(own string) bool { return newTopicFilter(own).overlaps(filter) }) {
			n.devices = append(n.devices, i)
		}
	}
	return true
}

func (c *programCompiler) pin(n *node) bool {
	device, name, ok := c.scope.split(n.source.Pin)
	if !ok || n.source.Is == nil {
		return false
	}
	d := &c.scope.plan.Devices[device]
	if _, ok := d.Kind.Pins.Get(name); !ok {
		return false
	}
	n.op, n.state, n.devices = opState, true, []int{device}
	n.is = &stateLeaf{key: valueKey(pinRole, d.Name, name), text: n.source.Pin, level: n.source.Is.Text, uptime: -1}
	return true
}

func (c *programCompiler) console(n *node) bool {
	device, ok := c.scope.device(n.source.Console)
	if !ok {
		return false
	}
	n.devices = []int{device}
	n.event = &eventLeaf{kind: trace.Console, device: c.scope.plan.Devices[device].Name, pattern: n.source.Matches}
	return true
}

func (c *programCompiler) metric(n *node, path string) bool {
	e := n.source
	device, name, ok := c.scope.split(e.Metric)
	if !ok {
		return false
	}
	d := &c.scope.plan.Devices[device]
	rule, own := d.Kind.Metrics.Get(name)
	if !own && !slices.Contains(d.Kind.BuiltinMetrics(), name) {
		return false
	}
	n.op, n.state, n.devices = opState, true, []int{device}
	n.is = &stateLeaf{key: valueKey(metricRole, d.Name, name), text: e.Metric, uptime: -1}
	if !own && name == metricUptime {
		n.is.uptime, n.uptime = device, []int{device}
	}
	if e.Is == nil {
		return true
	}
	numeric := !own || metricType(rule) == types.Float64
	comparison, ok := parseComparison(e.Is.Text)
	_, err := strconv.ParseFloat(e.Is.Text, 64)
	switch {
	case ok:
		n.is.compare = &comparison
	case err != nil && numeric:
		c.faults.Add(e.Is.Pos, path+".is", fmt.Sprintf("%s is a number, never %q", e.Metric, e.Is.Text), `a number, or a comparison as in "> 5"`)
		return false
	default:
		n.is.literal = &e.Is.Text
	}
	return true
}

func (c *programCompiler) event(n *node) bool {
	e := n.source
	kind := trace.Kind(e.Event)
	n.event = &eventLeaf{kind: kind, device: e.Device, cause: e.Cause, pattern: e.Matches}
	if e.Device != "" {
		device, ok := c.scope.device(e.Device)
		if !ok {
			return false
		}
		n.devices, n.event.device = []int{device}, c.scope.plan.Devices[device].Name
		return true
	}
	switch kind {
	case trace.Broker, trace.Network, trace.Step, trace.Verdict: // the bench's
	default:
		for i := range c.scope.plan.Devices {
			n.devices = append(n.devices, i)
		}
	}
	return true
}

func (c *programCompiler) expr(n *node, path string) bool {
	e := n.source.Expr
	x := c.scope.compileExpr(e, path+".expr", &c.faults)
	if x == nil {
		return false
	}
	if len(x.names) == 0 {
		c.faults.Add(e.Pos, path+".expr", "the expression reads nothing of a device, so it tests nothing", "")
		return false
	}
	n.op, n.state = opState, true
	n.is = &stateLeaf{expr: x, uptime: -1}
	for i := range x.names {
		n.devices = union(n.devices, []int{x.names[i].device})
		if x.names[i].uptime {
			n.uptime = union(n.uptime, []int{x.names[i].device})
		}
	}
	return true
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
