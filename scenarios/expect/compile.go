package expect

import (
	"fmt"
	"slices"
	"strconv"
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

// Compile compiles the expectations of the steps, their `when` conditions, and the invariants. Names
// and types that are wrong become diagnostics with their place in the file; the program must then not
// be used. Structural faults (two subjects in one expectation…) are package lang's to find.
func Compile(p *plan.Plan) (*Program, diag.List) {
	c := &programCompiler{scope: newScope(p), program: &Program{expectations: map[*lang.Expect]*expectation{}, conditions: map[*lang.Expr]*expression{}}}
	c.program.scope = c.scope
	if d := p.Scenario.DefaultWithin; d != nil {
		c.defaultWithin = &d.Duration
	}
	c.steps(p.Scenario.Steps, "steps")
	c.invariants(p.Scenario.Always, "always", false)
	c.invariants(p.Scenario.Never, "never", true)
	c.faults.Sort()
	return c.program, c.faults
}

type programCompiler struct {
	scope         *scope
	program       *Program
	defaultWithin *time.Duration
	faults        diag.List
	ids           int
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
		if s.Repeat != nil {
			c.steps(s.Repeat.Steps, at+".repeat.steps")
		}
	}
}

func (c *programCompiler) expectation(e *lang.Expect, path string) {
	c.ids = 0
	x := &expectation{source: e, path: path, root: c.node(e, path, e.Count != nil), count: e.Count}
	x.nodes = c.ids
	switch {
	case e.During != nil:
		x.temporal, x.length = judgeDuring, e.During.Duration
	case e.Within != nil:
		x.temporal, x.length = judgeWithin, e.Within.Duration
	case c.defaultWithin != nil:
		x.temporal, x.length = judgeWithin, *c.defaultWithin
	}
	if e.For != nil {
		x.hold = e.For.Duration
		if x.temporal == judgeNow {
			x.temporal = judgeWithin // it must be so now, and stay so
		}
		if x.root != nil && !x.root.state {
			c.faults.Add(e.For.Pos, path+".for", "`for` is for states: pin, metric, expr", "an event has no length; use `during` or `count`")
		}
	}
	x.series = seriesRules(e)
	if x.root != nil && x.root.op != opEvent && (x.count != nil || len(x.series) > 0) {
		c.faults.Add(e.Pos, path, "count, gapless, ordered and unique are for one kind of event: mqtt, console, event, or a pin's changes to a level", "")
	}
	c.program.expectations[e] = x
}

func (c *programCompiler) invariants(list []lang.Invariant, section string, never bool) {
	for i := range list {
		inv, path := &list[i], fmt.Sprintf("%s[%d]", section, i)
		c.ids = 0
		r := &invariantRule{source: inv, path: path, never: never, root: c.node(&inv.Expect, path, false)}
		r.nodes = c.ids
		if inv.Grace != nil {
			r.grace = inv.Grace.Duration
		}
		if r.root != nil {
			c.checkInvariant(r)
		}
		c.program.invariants = append(c.program.invariants, r)
	}
}

func (c *programCompiler) checkInvariant(r *invariantRule) {
	switch {
	case !r.never && !r.root.state:
		c.faults.Add(r.source.Pos, r.path, "`always` needs a state: pin, metric, expr", "an event cannot be there all the time")
	case r.source.Grace != nil && !r.root.state:
		c.faults.Add(r.source.Grace.Pos, r.path+".grace", "`grace` is for states: pin, metric, expr", "an event has no length")
	}
	r.root.walk(func(n *node) {
		events := 0
		for _, m := range n.members {
			if !m.state {
				events++
			}
		}
		if n.op == opAll && events > 1 {
			c.faults.Add(n.source.Pos, r.path, "an invariant's `all` can hold one event only", "two events never are one; write two entries")
		}
	})
}

// node compiles a condition. It returns nil after a fault in it. With counted, a pin is an event.
func (c *programCompiler) node(e *lang.Expect, path string, counted bool) *node {
	n := &node{id: c.ids, source: e}
	c.ids++
	before := len(c.faults)
	switch {
	case e.All != nil:
		n.op = opAll
		c.members(n, e.All, path+".all")
	case e.Any != nil:
		n.op = opAny
		c.members(n, e.Any, path+".any")
	case e.MQTT != "":
		c.mqtt(n, e)
	case e.Pin != "":
		c.pin(n, e, path, counted)
	case e.Console != "":
		c.console(n, e, path)
	case e.Metric != "":
		c.metric(n, e, path)
	case e.Event != "":
		c.event(n, e, path)
	case e.Expr != nil:
		c.expr(n, e, path)
	default:
		c.faults.Add(e.Pos, path, "nothing is expected", "one of mqtt, pin, console, metric, event, expr, all, any")
	}
	if len(c.faults) > before {
		return nil
	}
	return n
}

func (c *programCompiler) members(n *node, list []lang.Expect, path string) {
	n.state = true
	for i := range list {
		m := c.node(&list[i], fmt.Sprintf("%s[%d]", path, i), false)
		if m == nil {
			continue
		}
		n.members = append(n.members, m)
		n.state = n.state && m.state
		n.devices = union(n.devices, m.devices)
		n.uptime = union(n.uptime, m.uptime)
	}
}

func (c *programCompiler) mqtt(n *node, e *lang.Expect) {
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
}

func (c *programCompiler) pin(n *node, e *lang.Expect, path string, counted bool) {
	device, name, fault := c.scope.split(e.Pin)
	if fault == nil {
		d := &c.scope.plan.Devices[device]
		if _, ok := d.Kind.Pins.Get(name); !ok {
			fault = &nameFault{fmt.Sprintf("%s has no pin %q", d.Name, name), diag.DidYouMean(name, d.Kind.Pins.Names())}
		}
	}
	if fault != nil {
		c.faults.Add(e.Pos, path+".pin", fault.what, fault.hint)
		return
	}
	if e.Is == nil || e.Is.Text != levelHigh && e.Is.Text != levelLow {
		c.faults.Add(e.Pos, path, "a pin needs `is: high` or `is: low`", "")
		return
	}
	n.devices = []int{device}
	if counted {
		value := 0.0
		if e.Is.Text == levelHigh {
			value = 1
		}
		n.event = &eventLeaf{kind: trace.Pin, device: c.scope.plan.Devices[device].Name, name: name, value: &value}
		return
	}
	n.op, n.state = opState, true
	n.is = &stateLeaf{key: valueKey(pinRole, c.scope.plan.Devices[device].Name, name), text: e.Pin, level: e.Is.Text, uptime: -1}
}

func (c *programCompiler) console(n *node, e *lang.Expect, path string) {
	device, ok := c.scope.index[e.Console]
	if !ok {
		c.faults.Add(e.Pos, path+".console", fmt.Sprintf("there is no device %q", e.Console), diag.DidYouMean(e.Console, c.scope.deviceNames()))
		return
	}
	n.devices = []int{device}
	n.event = &eventLeaf{kind: trace.Console, device: e.Console, pattern: e.Matches}
}

func (c *programCompiler) metric(n *node, e *lang.Expect, path string) {
	device, name, fault := c.scope.split(e.Metric)
	if fault == nil {
		d := &c.scope.plan.Devices[device]
		if names := c.scope.metricNames(d); !slices.Contains(names, name) {
			fault = &nameFault{fmt.Sprintf("%s has no metric %q", d.Name, name), diag.DidYouMean(name, names)}
		}
	}
	if fault != nil {
		c.faults.Add(e.Pos, path+".metric", fault.what, fault.hint)
		return
	}
	d := &c.scope.plan.Devices[device]
	n.op, n.state, n.devices = opState, true, []int{device}
	n.is = &stateLeaf{key: valueKey(metricRole, d.Name, name), text: e.Metric, uptime: -1}
	if _, own := d.Kind.Metrics.Get(name); !own && name == metricUptime {
		n.is.uptime, n.uptime = device, []int{device}
	}
	if e.Is == nil {
		return
	}
	comparison, ok := parseComparison(e.Is.Text)
	switch {
	case ok:
		n.is.compare = &comparison
	case startsLikeComparison(e.Is.Text):
		c.faults.Add(e.Is.Pos, path+".is", fmt.Sprintf("%q compares with no number", e.Is.Text), `a comparison is an operator and a number, as in "> 5"`)
	default:
		n.is.literal = &e.Is.Text
		if _, err := strconv.ParseFloat(e.Is.Text, 64); err != nil && slices.Contains(builtinMetrics(), name) && n.builtin(d, name) {
			c.faults.Add(e.Is.Pos, path+".is", fmt.Sprintf("%s is a number, never %q", e.Metric, e.Is.Text), "")
		}
	}
}

// builtin reports whether the metric of that name is the built-in one.
func (n *node) builtin(d *plan.Device, name string) bool {
	_, own := d.Kind.Metrics.Get(name)
	return !own
}

func startsLikeComparison(text string) bool {
	return len(text) > 0 && (text[0] == '<' || text[0] == '>' || text[0] == '=' || text[0] == '!')
}

func (c *programCompiler) event(n *node, e *lang.Expect, path string) {
	kind := trace.Kind(e.Event)
	if !slices.Contains(trace.Kinds(), kind) {
		names := make([]string, 0, len(trace.Kinds()))
		for _, k := range trace.Kinds() {
			names = append(names, string(k))
		}
		c.faults.Add(e.Pos, path+".event", fmt.Sprintf("there is no event %q", e.Event), diag.DidYouMean(e.Event, names))
		return
	}
	n.event = &eventLeaf{kind: kind, device: e.Device, cause: e.Cause, pattern: e.Matches}
	if e.Device != "" {
		device, ok := c.scope.index[e.Device]
		if !ok {
			c.faults.Add(e.Pos, path+".device", fmt.Sprintf("there is no device %q", e.Device), diag.DidYouMean(e.Device, c.scope.deviceNames()))
			return
		}
		n.devices = []int{device}
		return
	}
	switch kind {
	case trace.Broker, trace.Network, trace.Step, trace.Verdict: // the bench's
	default:
		for i := range c.scope.plan.Devices {
			n.devices = append(n.devices, i)
		}
	}
}

func (c *programCompiler) expr(n *node, e *lang.Expect, path string) {
	x := c.scope.compileExpr(e.Expr, path+".expr", &c.faults)
	if x == nil {
		return
	}
	if len(x.names) == 0 {
		c.faults.Add(e.Expr.Pos, path+".expr", "the expression reads nothing of a device, so it tests nothing", "")
		return
	}
	n.op, n.state = opState, true
	n.is = &stateLeaf{expr: x, uptime: -1}
	for i := range x.names {
		n.devices = union(n.devices, []int{x.names[i].device})
		if x.names[i].uptime {
			n.uptime = union(n.uptime, []int{x.names[i].device})
		}
	}
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
