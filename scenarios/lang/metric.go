package lang

import "slices"

// Unit is what a built-in metric is in; an expectation that compares it says the unit.
type Unit string

// The units of metrics. A metric without one is a plain number.
const (
	NoUnit   Unit = ""
	Bytes    Unit = "bytes"
	Seconds  Unit = "seconds"
	Charges  Unit = "mAh"
	Percents Unit = "percent"
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
	battery := func(k *Kind) bool { return k.Battery != nil }
	flash := func(k *Kind) bool { return k.Resources != nil && k.Resources.Flash != nil }
	return []BuiltinMetric{
		{Name: "uptime", Unit: Seconds}, {Name: "connects"}, {Name: "resets"}, {Name: "flash_writes"},
		{Name: "flash_erases", has: flash}, {Name: "flash_wear", has: flash},
		{Name: "heap", Unit: Bytes, Own: true}, {Name: "heap_max", Unit: Bytes, Own: true},
		{Name: "bytes_sent", Unit: Bytes, Own: true}, {Name: "bytes_received", Unit: Bytes, Own: true},
		{Name: "battery", Unit: Percents, Own: true, has: battery}, {Name: "charge", Unit: Charges, Own: true, has: battery},
		{Name: "life", Unit: Seconds, Own: true, has: battery},
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
