package lang

import "slices"

// Unit is what a built-in metric is in; an expectation that compares it says the unit.
type Unit string

// The units of metrics. A metric without one is a plain number.
const (
	NoUnit Unit = ""
	Bytes  Unit = "bytes"
)

// BuiltinMetric is a metric that devices have without their kind saying how to take it.
type BuiltinMetric struct {
	Name string
	Unit Unit
	// Own says that a kind may have a metric of that name of its own, which then goes before it: the
	// device may know better.
	Own bool
	has func(k *Kind) bool // nil: every device has it
}

func builtinMetrics() []BuiltinMetric {
	return []BuiltinMetric{
		{Name: "uptime"}, {Name: "flash_writes"}, {Name: "connects"}, {Name: "resets"},
		{Name: "heap", Unit: Bytes, Own: true}, {Name: "heap_max", Unit: Bytes, Own: true},
	}
}

// BuiltinMetrics returns the names of all built-in metrics.
func BuiltinMetrics() []string { return metricNames(builtinMetrics()) }

// BuiltinMetrics returns the metrics that devices of the kind have beside those of Metrics. Some need
// what not every kind has.
func (k *Kind) BuiltinMetrics() []string {
	return metricNames(slices.DeleteFunc(builtinMetrics(), func(m BuiltinMetric) bool { return m.has != nil && !m.has(k) }))
}

func metricNames(metrics []BuiltinMetric) []string {
	names := make([]string, len(metrics))
	for i, m := range metrics {
		names[i] = m.Name
	}
	return names
}

// Builtin returns the built-in metric called name.
func Builtin(name string) (BuiltinMetric, bool) {
	metrics := builtinMetrics()
	i := slices.IndexFunc(metrics, func(m BuiltinMetric) bool { return m.Name == name })
	if i < 0 {
		return BuiltinMetric{}, false
	}
	return metrics[i], true
}
