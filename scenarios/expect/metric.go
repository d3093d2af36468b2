package expect

import (
	"cmp"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/types"

	"github.com/twinrig/twinrig/internal/topics"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// The metrics that every device has. uptime is in whole seconds since the boot; flash_writes,
// connects (accepted connections) and resets count from the start of the run. heap and heap_max are bytes,
// the first since the boot, the second since the start of the run; neither was seen before the firmware
// said something of its memory. bytes_sent and bytes_received, flash_erases, and flash_wear (of the block
// erased most often) count from the start of the run. battery is what is left in percent; charge is mAh taken
// since the start of the run; life is how many seconds a full battery lasts at the rate of the time powered so far.
const (
	metricUptime      = "uptime"
	metricFlashWrites = "flash_writes"
	metricConnects    = "connects"
	metricResets      = "resets"
	metricHeap        = "heap"
	metricHeapMax     = "heap_max"
	metricErases      = "flash_erases"
	metricWear        = "flash_wear"
	metricSent        = "bytes_sent"
	metricReceived    = "bytes_received"
	metricBattery     = "battery"
	metricCharge      = "charge"
	metricLife        = "life"
)

// builtinType is the type of a built-in metric.
func builtinType(metric string) types.Type {
	switch metric {
	case metricBattery, metricCharge, metricLife:
		return types.Float64
	}
	return types.Int
}

// counts reports whether a built-in metric is zero before the first event that changes it; the others
// were not seen yet.
func counts(metric string) bool {
	switch metric {
	case metricFlashWrites, metricErases, metricWear, metricConnects, metricResets, metricSent, metricReceived:
		return true
	}
	return false
}

// metricRule takes a metric from what the device says.
type metricRule struct {
	slot    int32
	filter  topics.Filter // mqtt
	field   string
	console *regexp.Regexp
	text    bool // console: the value is text even where it looks like a number
}

// newMetricRule resolves a rule of the device's kind. A topic with {id} stands for itself; one
// without is relative to the first of the device's own topics that ends in /#.
func newMetricRule(d *plan.Device, rule lang.MetricRule, slot int32) metricRule {
	if rule.Console != nil {
		return metricRule{slot: slot, console: rule.Console.Regexp, text: !numericMetric(rule)}
	}
	topic := rule.MQTT
	if strings.Contains(topic, "{id}") {
		topic = lang.Expand(topic, cmp.Or(d.Owner, d.Name))
	} else {
		for _, own := range d.Identity.Topics {
			if base, ok := strings.CutSuffix(own, "#"); ok {
				topic = base + strings.TrimPrefix(topic, "/")
				break
			}
		}
	}
	return metricRule{slot: slot, filter: topics.NewFilter(topic), field: rule.JSON}
}

// applyMetrics reads the metrics that a publish or console event carries.
func (h *History) applyMetrics(d *deviceState, e *trace.Event) {
	for i := range d.rules {
		r := &d.rules[i]
		if e.Kind == trace.Console {
			if r.console != nil {
				h.applyConsole(d, r, e.Text)
			}
			continue
		}
		if r.console != nil || !r.filter.Matches(e.Topic) {
			continue
		}
		body, ok := h.decode(h.Len() - 1)
		if !ok {
			continue
		}
		value, ok := lookup(body, r.field)
		if !ok {
			continue
		}
		switch value.(type) {
		case float64, string, bool:
			h.set(d, r.slot, value)
		}
	}
}

func (h *History) applyConsole(d *deviceState, r *metricRule, line string) {
	groups := r.console.FindStringSubmatch(line)
	if groups == nil {
		return
	}
	text := groups[min(1, len(groups)-1)]
	if r.text {
		h.set(d, r.slot, text)
		return
	}
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		h.set(d, r.slot, v)
	}
}

// numericMetric reports whether a console rule can only ever yield a number: its first group (or
// the whole pattern, without groups) matches nothing but the characters of one.
func numericMetric(rule lang.MetricRule) bool {
	tree, err := syntax.Parse(rule.Console.String(), syntax.Perl)
	if err != nil {
		return false
	}
	if group := firstGroup(tree); group != nil {
		tree = group
	}
	return onlyNumeric(tree)
}

func firstGroup(re *syntax.Regexp) *syntax.Regexp {
	if re.Op == syntax.OpCapture && re.Cap == 1 {
		return re
	}
	for _, sub := range re.Sub {
		if g := firstGroup(sub); g != nil {
			return g
		}
	}
	return nil
}

func onlyNumeric(re *syntax.Regexp) bool {
	const characters = "0123456789+-.eE"
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if !strings.ContainsRune(characters, r) {
				return false
			}
		}
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i+1]-re.Rune[i] > 9 {
				return false
			}
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if !strings.ContainsRune(characters, r) {
					return false
				}
			}
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return false
	}
	for _, sub := range re.Sub {
		if !onlyNumeric(sub) {
			return false
		}
	}
	return true
}
