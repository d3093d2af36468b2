package expect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/types"
	"github.com/twinrig/twinrig/internal/third_party/jsonschema"

	"github.com/twinrig/twinrig/internal/topics"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// subject is what a name stands for: a device, or a fleet.
type subject struct {
	device int         // index of the device; of a fleet of its first member
	name   string      // of the device; of a fleet ""
	fleet  *plan.Fleet // nil: a device
	index  int         // of the fleet
}

// subject resolves the name of a device or a fleet. It reports share and any where they go with no fleet.
func (c *programCompiler) subject(e *lang.Expect, name, path string) (subject, bool) {
	if member, ok := c.bound[name]; ok {
		name = member
	}
	if i, ok := c.scope.fleets[name]; ok {
		f := &c.scope.plan.Fleets[i]
		return subject{device: f.First, fleet: f, index: i}, true
	}
	device, ok := c.scope.device(name)
	if ok && (e.Share != nil || e.AnyMember()) {
		key := "share"
		if e.AnyMember() {
			key = "any"
		}
		c.faults.Add(e.Keys.At(key, e.Pos), path+"."+key, fmt.Sprintf("%s is one device: %s is for fleets", name, key), "")
	}
	if !ok {
		return subject{}, false
	}
	return subject{device: device, name: c.scope.plan.Devices[device].Name}, true
}

// about notes which devices a node is about.
func (n *node) about(s subject) {
	if s.fleet == nil {
		n.devices, n.singles = []int{s.device}, []int{s.device}
		return
	}
	n.devices, n.fleets = make([]int, len(s.fleet.Members)), []int{s.index}
	for i := range n.devices {
		n.devices[i] = s.fleet.First + i
	}
}

// eventOf makes the node one about events of the subject.
func (n *node) eventOf(s subject, leaf *eventLeaf) {
	n.about(s)
	n.event = leaf
	if leaf.device = s.name; s.fleet != nil {
		leaf.members = newFleetLeaf(s.fleet, quorumOf(n.source))
	}
}

func (c *programCompiler) mqtt(n *node, path string) bool {
	e := n.source
	n.event = &eventLeaf{kind: trace.Publish, mqtt: true}
	topic := e.MQTT
	if e.Of != "" {
		s, ok := c.subject(e, e.Of, path)
		if !ok {
			return false
		}
		wide, levels := templateOf(topic)
		n.eventOf(s, n.event)
		switch {
		case s.fleet != nil:
			topic, n.event.members.template = wide, levels
		case len(levels) > 0: // a message to the device counts too
			d := &c.scope.plan.Devices[s.device]
			topic, n.event.device = lang.Expand(topic, owner(d)), ""
		}
	} else if e.Share != nil || e.AnyMember() {
		c.faults.Add(e.Pos, path, "share and any need of, which names a fleet", "as in of: fleet")
	}
	filter := topics.NewFilter(topic)
	n.event.filter = &filter
	n.event.narrow(e)
	if e.Of == "" {
		n.devices = c.publishers(filter)
	}
	return true
}

// owner is whose name {id} stands for.
func owner(d *plan.Device) string {
	if d.Owner != "" {
		return d.Owner
	}
	return d.Name
}

// publishers lists the devices that may publish to a filter.
func (c *programCompiler) publishers(filter topics.Filter) []int {
	var devices []int
	for i := range c.scope.plan.Devices {
		if slices.ContainsFunc(c.scope.plan.Devices[i].Identity.Topics, func(own string) bool { return topics.NewFilter(own).Overlaps(filter) }) {
			devices = append(devices, i)
		}
	}
	return devices
}

// narrow takes over the keys that narrow an event down.
func (l *eventLeaf) narrow(e *lang.Expect) {
	l.name, l.client, l.cause = e.Name, e.Client, e.Cause
	l.hex = e.Hex
	l.payload, l.retain, l.qos, l.dup, l.pattern = e.Payload, e.Retained, e.QoS, e.Dup, e.Matches
	l.value, l.amount, l.offset = e.Value, e.Amount, e.Offset
	l.message = carriesMessage(l.kind)
	switch {
	case e.JSONExact != nil:
		p := compilePattern(e.JSONExact.Value, true)
		l.json, l.exact = &p, true
	case e.JSON != nil:
		p := compilePattern(e.JSON.Value, false)
		l.json = &p
	}
}

// schema returns the schema that the expectation names, or nil.
func (c *programCompiler) schema(e *lang.Expect) *jsonschema.Schema {
	if e.Schema == "" {
		return nil
	}
	return c.scope.plan.Schemas[plan.Resolve(e.Pos.File, e.Schema)]
}

func (c *programCompiler) pin(n *node, path string) bool {
	name, pin, _ := plan.Split(n.source.Pin)
	s, ok := c.subject(n.source, name, path)
	if !ok || n.source.Is == nil && n.source.Blinks == nil {
		return false
	}
	d := &c.scope.plan.Devices[s.device]
	if d.Kind == nil {
		return false
	}
	if _, ok := d.Kind.Pins.Get(pin); !ok {
		return false
	}
	n.op, n.state = opState, true
	n.about(s)
	n.is = &stateLeaf{ref: valueRef{int32(s.device), c.scope.layouts.slot(d, pinRole, pin)}, text: n.source.Pin, uptime: -1}
	if n.source.Is != nil {
		n.is.level = n.source.Is.Text
	}
	c.ofMembers(n, s, pin, false)
	return true
}

// ofMembers makes a state one of each member, where the subject is a fleet.
func (c *programCompiler) ofMembers(n *node, s subject, name string, uptime bool) {
	if s.fleet == nil {
		n.is.text = s.name + "." + name
		return
	}
	n.is.ofMembers(newOverFleet(c.scope.plan, s.index, c.invariant), quorumOf(n.source), n.is.ref.slot, uptime)
}

func (c *programCompiler) console(n *node, path string) bool {
	s, ok := c.subject(n.source, n.source.Console, path)
	if ok {
		n.eventOf(s, &eventLeaf{kind: trace.Console, pattern: n.source.Matches})
	}
	return ok
}

func (c *programCompiler) metric(n *node, path string) bool {
	e := n.source
	device, name, _ := plan.Split(e.Metric)
	s, ok := c.subject(e, device, path)
	if !ok {
		return false
	}
	d := &c.scope.plan.Devices[s.device]
	if d.Kind == nil {
		return false
	}
	rule, own := d.Kind.Metrics.Get(name)
	if !own && !slices.Contains(d.Kind.BuiltinMetrics(), name) {
		return false
	}
	n.op, n.state = opState, true
	n.about(s)
	n.is = &stateLeaf{ref: valueRef{int32(s.device), c.scope.layouts.slot(d, metricRole, name)}, text: e.Metric, uptime: -1}
	uptime := !own && name == metricUptime
	if uptime {
		n.uptime = n.devices
	}
	if uptime && s.fleet == nil {
		n.is.uptime = s.device
	}
	c.ofMembers(n, s, name, uptime)
	builtin, _ := lang.Builtin(name)
	if e.Grows != nil {
		grows, err := c.grows(n, builtin, own)
		if err != nil {
			c.faults.Add(e.Grows.Pos, path+".grows", err.Error(), "as in "+builtin.Unit.Example())
		}
		n.is.grows = grows
		return grows != nil
	}
	if !own && builtin.Unit != lang.NoUnit {
		return e.Is == nil || c.measured(n, e.Is, path+".is", builtin)
	}
	return e.Is == nil || c.metricIs(n, path, !own || metricType(rule) == types.Float64)
}

// measured reads what a built-in metric that has a unit is asked to be.
func (c *programCompiler) measured(n *node, is *lang.Scalar, path string, metric lang.BuiltinMetric) bool {
	comparison, unit, err := lang.ParseMetric(is.Text)
	bare := unit == lang.NoUnit
	what, hint := "", "as in "+metric.Unit.Example()
	switch {
	case err != nil && strings.ContainsAny(is.Text[:min(1, len(is.Text))], "<>=!"): // package lang said it
	case err != nil:
		what = fmt.Sprintf("%s is in %s, never %q", n.source.Metric, metric.Unit, is.Text)
	case bare && comparison.Value != 0 && metric.Name != metricUptime:
		what = fmt.Sprintf("%s is in %s: %q needs a unit", n.source.Metric, metric.Unit, is.Text)
	case !bare && unit != metric.Unit:
		what = fmt.Sprintf("%s is in %s, and %q in %s", n.source.Metric, metric.Unit, is.Text, unit)
	default:
		n.is.compare = &comparison
		return true
	}
	if what != "" {
		c.faults.Add(is.Pos, path, what, hint)
	}
	return false
}

// metricIs reads what a metric is asked to be.
func (c *programCompiler) metricIs(n *node, path string, numeric bool) bool {
	is := n.source.Is
	comparison, ok := parseComparison(is.Text)
	_, err := strconv.ParseFloat(is.Text, 64)
	switch {
	case ok:
		n.is.compare = &comparison
	case err != nil && numeric:
		c.faults.Add(is.Pos, path+".is", fmt.Sprintf("%s is a number, never %q", n.source.Metric, is.Text), `a number, or a comparison as in "> 5"`)
		return false
	default:
		n.is.literal = &is.Text
	}
	return true
}

func (c *programCompiler) event(n *node, path string) bool {
	e := n.source
	leaf := &eventLeaf{kind: trace.Kind(e.Event)}
	n.event = leaf
	leaf.narrow(e)
	if e.Topic != "" {
		filter := topics.NewFilter(e.Topic)
		leaf.filter = &filter
	}
	if e.Device != "" {
		s, ok := c.subject(e, e.Device, path)
		if ok {
			n.eventOf(s, leaf)
		}
		return ok
	}
	if e.Share != nil || e.AnyMember() {
		c.faults.Add(e.Pos, path, "share and any need device, which names a fleet", "as in device: fleet")
	}
	switch leaf.kind {
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
	x := c.scope.compileExpr(e, path+".expr", exprUse{rests: c.invariant}, &c.faults)
	if x == nil {
		return false
	}
	if len(x.names)+len(x.aggregates) == 0 {
		c.faults.Add(e.Pos, path+".expr", "the expression reads nothing of a device, so it tests nothing", "")
		return false
	}
	n.op, n.state = opState, true
	n.is = &stateLeaf{expr: x, uptime: -1}
	for i := range x.names {
		n.singles = union(n.singles, []int{x.names[i].device})
		if x.names[i].uptime {
			n.uptime = union(n.uptime, []int{x.names[i].device})
		}
	}
	for _, g := range x.aggregates {
		c.aggregate(n, g)
	}
	n.devices = union(n.devices, n.singles)
	return true
}

// aggregate notes what a function over a fleet reads.
func (c *programCompiler) aggregate(n *node, g *aggregate) {
	members := &node{}
	members.about(subject{fleet: &c.scope.plan.Fleets[g.over.fleet], index: g.over.fleet})
	n.devices = union(n.devices, members.devices, g.over.outer)
	n.singles = union(n.singles, g.over.outer)
	n.fleets = union(n.fleets, members.fleets, g.over.inner)
	if g.over.uptime {
		n.uptime = union(n.uptime, n.devices)
	}
	for _, inner := range g.inner {
		c.aggregate(n, inner)
	}
}
