package lang

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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

// Example is a comparison in the unit.
func (u Unit) Example() string {
	switch u {
	case Bytes:
		return `"<= 48KiB"`
	case Seconds:
		return `"> 30d"`
	case Charges:
		return `"< 0.5mAh"`
	case Percents:
		return `"> 20%"`
	}
	return `"> 5"`
}

// ParseMetric reads what a metric is compared with: an operator and a number, or a number alone, perhaps
// with a unit: ">= 9", "<= 48KiB", "> 30d", "< 0.5mAh", "> 20%". The value is in the unit returned: bytes,
// seconds, mAh, percent, or a plain number.
func ParseMetric(s string) (Comparison, Unit, error) {
	op, rest := "==", s
	for _, o := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if after, ok := strings.CutPrefix(s, o); ok {
			op, rest = o, strings.TrimSpace(after)
			break
		}
	}
	if isNumber(rest) || !strings.ContainsAny(rest[:min(1, len(rest))], "0123456789") {
		c, err := ParseComparison(s)
		return c, NoUnit, err
	}
	value, unit, err := measured(rest)
	return Comparison{Op: op, Value: value}, unit, err
}

// measured reads a number with its unit.
func measured(text string) (value float64, unit Unit, err error) {
	switch {
	case strings.HasSuffix(text, "B"):
		n, err := ParseSize(text)
		return float64(n), Bytes, err
	case strings.HasSuffix(text, "Ah"):
		n, err := ParseCharge(text)
		return float64(n) / nanocoulombsPerMilliampereHour, Charges, err
	case strings.HasSuffix(text, "%"):
		if _, err := ParsePercent(text); err != nil {
			return 0, Percents, err
		}
		value, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
		return value, Percents, err
	}
	if strings.HasSuffix(text, "A") {
		return 0, NoUnit, &unitError{fmt.Sprintf("%s is a current", shorten(text)), "a charge is in mAh"}
	}
	d, err := ParseDuration(text)
	return d.Seconds(), Seconds, err
}

// checkGrows holds for grows, which says itself how it is judged.
func (e *Expect) checkGrows(d *decoder, at mapping) {
	if e.During == nil {
		at.add(d, "grows", "grows needs during", "how much, in which time")
	}
	for _, key := range at.keys.among("not", "share", "any", "is", "for") {
		at.add(d, key, key+" does not go with grows", "")
	}
	_, _, err := ParseMetric(e.Grows.Text)
	at.addError(d, "grows", err)
}
