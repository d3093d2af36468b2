package expect

import (
	"errors"
	"fmt"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// growth is what an expectation knows of a metric that may only grow so much in its window.
type growth struct {
	limit lang.Comparison // in the metric's unit
	unit  lang.Unit
	from  float64
	seen  bool // from is known
}

// begin notes the metric's value at the start of the window, or the first one that comes.
func (g *growth) begin(a *Active) {
	if v, ok := a.h.value(a.x.root.is.ref); ok && !g.seen {
		g.from, g.seen = number(v)
	}
}

// grown returns how much the metric has grown so far.
func (g *growth) grown(a *Active) float64 {
	seen, _ := a.h.value(a.x.root.is.ref)
	v, ok := number(seen)
	if !ok { // a heap, after the end of its boot
		return 0
	}
	return v - g.from
}

// lookGrowth fails where the metric grew too much already; what has grown may still shrink again, but was
// there.
func (a *Active) lookGrowth() {
	g := a.growth
	if g.begin(a); !g.seen {
		return
	}
	if op := g.limit.Op; (op == "<" || op == "<=") && !g.limit.Holds(g.grown(a)) {
		a.fail(g.why(a))
	}
}

// judgeGrowth judges the window at its end.
func (a *Active) judgeGrowth() {
	switch g := a.growth; {
	case !g.seen:
		a.fail(a.x.root.is.text + " was not seen yet")
	case g.limit.Holds(g.grown(a)):
		a.pass()
	default:
		a.fail(g.why(a))
	}
}

func (g *growth) why(a *Active) string {
	return fmt.Sprintf("%s has grown by %s, from %s to %s", a.x.root.is.text, unitText(g.grown(a), g.unit), unitText(g.from, g.unit), unitText(g.from+g.grown(a), g.unit))
}

// unitText renders a value with its unit.
func unitText(v float64, unit lang.Unit) string {
	switch unit {
	case lang.Bytes:
		return formatValue(v) + "B"
	case lang.Seconds:
		return formatValue(v) + "s"
	case lang.Charges:
		return fmt.Sprintf("%.6gmAh", v)
	case lang.Percents:
		return fmt.Sprintf("%.4g%%", v)
	}
	return formatValue(v)
}

// grows reads by how much a metric may grow.
func (c *programCompiler) grows(n *node, builtin lang.BuiltinMetric, own bool) (*growth, error) {
	e := n.source
	limit, unit, err := lang.ParseMetric(e.Grows.Text)
	switch {
	case err != nil:
		return nil, nil // package lang said it
	case n.is.over != nil:
		return nil, errors.New("grows is for one device")
	case own && unit != lang.NoUnit:
		return nil, fmt.Errorf("%s is the kind's own, a plain number: %q has a unit", e.Metric, e.Grows.Text)
	case own:
		return &growth{limit: limit}, nil
	case unit == lang.NoUnit && limit.Value != 0 && builtin.Unit != lang.NoUnit:
		return nil, fmt.Errorf("%s is in %s: %q needs a unit", e.Metric, builtin.Unit, e.Grows.Text)
	case unit != lang.NoUnit && unit != builtin.Unit:
		return nil, fmt.Errorf("%s is in %s, and %q in %s", e.Metric, builtin.Unit, e.Grows.Text, unit)
	}
	return &growth{limit: limit, unit: builtin.Unit}, nil
}
