package expect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/types"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// devicesName reaches devices whose names are no identifiers: devices["t-1"].HEATER.
const devicesName = "devices"

// scope is what the names in a scenario's expectations may refer to.
type scope struct {
	plan       *plan.Plan
	index      map[string]int // device name to its index in the plan
	language   *conf.Config   // what config begins with
	fleets     map[string]int // fleet name to its index in the plan
	layouts    layouts        // of the devices asked for so far
	aggregates atomic.Int64   // how many there are, for their keys
}

func newScope(p *plan.Plan) *scope {
	s := &scope{plan: p, index: map[string]int{}, language: expressionLanguage(), fleets: map[string]int{}, layouts: layouts{}}
	for i := range p.Fleets {
		s.fleets[p.Fleets[i].Name] = i
	}
	for i := range p.Devices {
		s.index[p.Devices[i].Name] = i
	}
	return s
}

// metricType is number or text for a console rule, by its pattern; what a JSON field holds is only known when it comes.
func metricType(rule lang.MetricRule) types.Type {
	switch {
	case rule.Console == nil:
		return types.Any
	case numericMetric(rule):
		return types.Float64
	}
	return types.String
}

func (s *scope) functions() []string {
	c := s.config(nil, nil, nil)
	var names []string
	for _, f := range builtin.Builtins {
		if _, ok := c.Builtins[f.Name]; ok {
			names = append(names, f.Name)
		}
	}
	return names
}

// nameFault says what is wrong with a name.
type nameFault struct{ what, hint string }

// member finds a value of a device by its name in an expression.
func (s *scope) member(device int, name string) (reference, *nameFault) {
	d := &s.plan.Devices[device]
	var roles []role
	var words []string
	var kind types.Type
	found := func(r role, word string, t types.Type) { roles, words, kind = append(roles, r), append(words, word), t }
	if _, ok := d.Kind.Pins.Get(name); ok {
		found(pinRole, "a pin", types.String)
	}
	if _, ok := d.Kind.Sensors.Get(name); ok {
		found(sensorRole, "a sensor", types.Float64)
	}
	if _, ok := d.Labels[name]; ok {
		found(labelRole, "a label", types.String)
	}
	rule, own := d.Kind.Metrics.Get(name)
	if own {
		found(metricRole, "a metric", metricType(rule))
	}
	if len(roles) == 0 && slices.Contains(d.Kind.BuiltinMetrics(), name) {
		found(metricRole, "", builtinType(name))
	}
	if len(roles) == 0 && name == "powered" {
		found(powerRole, "", types.Bool)
	}
	switch len(roles) {
	case 0:
		return reference{}, &nameFault{fmt.Sprintf("%s has no pin, sensor or metric %s", d.Name, name), diag.DidYouMean(name, s.memberNames(d))}
	case 1:
		return reference{key: string(rune(roles[0])) + ":" + d.Name + "." + name, ref: valueRef{int32(device), s.layouts.slot(d, roles[0], name)}, device: device, text: d.Name + "." + name, kind: kind,
			uptime: roles[0] == metricRole && !own && name == metricUptime}, nil
	}
	return reference{}, &nameFault{fmt.Sprintf("%s.%s is %s", d.Name, name, strings.Join(words, " and ")), "give the metric another name in the kind file"}
}

func (s *scope) memberNames(d *plan.Device) []string {
	return slices.Concat(d.Kind.Pins.Names(), d.Kind.Sensors.Names(), s.metricNames(d), slices.Sorted(maps.Keys(d.Labels)), []string{"powered"})
}

func (s *scope) metricNames(d *plan.Device) []string {
	return slices.Concat(d.Kind.BuiltinMetrics(), d.Kind.Metrics.Names())
}

// device returns the index of the device called name, as t1 or fleet[3].
func (s *scope) device(name string) (int, bool) {
	d := s.plan.Device(name)
	if d == nil {
		return 0, false
	}
	i, ok := s.index[d.Name]
	return i, ok
}

// constantNames are the levels, the units of size in bytes, of time in seconds, and of charge in mAh.
func constantNames() []string {
	return []string{levelHigh, levelLow, "KiB", "MiB", "GiB", "ms", "s", "m", "h", "d", "seconds", "minutes", "hours", "days", "uAh", "mAh", "Ah"}
}

// constantNode returns the value of a constant. A device of the same name goes before it.
func constantNode(name string) (ast.Node, bool) {
	switch name {
	case levelHigh, levelLow:
		return &ast.StringNode{Value: name}, true
	case "KiB":
		return &ast.IntegerNode{Value: 1 << 10}, true
	case "MiB":
		return &ast.IntegerNode{Value: 1 << 20}, true
	case "GiB":
		return &ast.IntegerNode{Value: 1 << 30}, true
	case "ms":
		return &ast.FloatNode{Value: 0.001}, true
	case "s", "seconds":
		return &ast.IntegerNode{Value: 1}, true
	case "m", "minutes":
		return &ast.IntegerNode{Value: 60}, true
	case "h", "hours":
		return &ast.IntegerNode{Value: 3600}, true
	case "d", "days":
		return &ast.IntegerNode{Value: 86400}, true
	case "uAh":
		return &ast.FloatNode{Value: 0.001}, true
	case "mAh":
		return &ast.IntegerNode{Value: 1}, true
	case "Ah":
		return &ast.IntegerNode{Value: 1000}, true
	}
	return nil, false
}
