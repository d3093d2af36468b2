package expect

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// describe renders an expectation in the words of the file: {mqtt: devices/t1/status, json: {state: online}, within: 20s}.
func describe(e *lang.Expect) string { return "{" + strings.Join(clauses(e), ", ") + "}" }

func describeInvariant(i *lang.Invariant, section string) string {
	parts := clauses(&i.Expect)
	if i.Grace != nil {
		parts = append(parts, "grace: "+length(i.Grace.Duration))
	}
	return section + ": {" + strings.Join(parts, ", ") + "}"
}

func clauses(e *lang.Expect) []string {
	var out []string
	add := func(key, value string) {
		if value != "" {
			out = append(out, key+": "+value)
		}
	}
	duration := func(key string, d *lang.Duration) {
		if d != nil {
			add(key, length(d.Duration))
		}
	}
	list := func(key string, members []lang.Expect) {
		texts := make([]string, len(members))
		for i := range members {
			texts[i] = describe(&members[i])
		}
		if members != nil {
			add(key, "["+strings.Join(texts, ", ")+"]")
		}
	}
	add("mqtt", e.MQTT)
	add("pin", e.Pin)
	add("console", e.Console)
	add("metric", e.Metric)
	add("event", e.Event)
	if e.Expr != nil {
		add("expr", quoteYAML(e.Expr.Source))
	}
	list("all", e.All)
	if e.AnyMember() {
		add("any", "true")
	} else {
		list("any", e.Any)
	}
	if e.Measure != nil {
		add("measure", measureText(e.Measure))
	}
	out = append(out, narrowing(e)...)
	duration("within", e.Within)
	duration("for", e.For)
	duration("during", e.During)
	if e.Not {
		add("not", "true")
	}
	if e.Count != nil {
		add("count", strconv.Quote(e.Count.Op+" "+formatValue(e.Count.Value)))
	}
	if e.Gapless != nil {
		add("gapless", gaplessText(e.Gapless))
	}
	add("ordered", e.Ordered)
	add("unique", e.Unique)
	add("since", e.Since)
	return out
}

// narrowing renders the keys that narrow the subject down.
func narrowing(e *lang.Expect) []string {
	var out []string
	if e.Is != nil {
		out = append(out, "is: "+scalarYAML(e.Is.Text))
	}
	if e.Grows != nil {
		out = append(out, "grows: "+scalarYAML(e.Grows.Text))
	}
	if e.Matches != nil {
		out = append(out, "matches: "+quoteYAML(e.Matches.String()))
	}
	if e.JSON != nil {
		out = append(out, "json: "+yamlText(e.JSON.Value))
	}
	if e.JSONExact != nil {
		out = append(out, "json_exact: "+yamlText(e.JSONExact.Value))
	}
	if e.Payload != nil {
		out = append(out, "payload: "+strconv.Quote(*e.Payload))
	}
	if e.Hex != nil {
		out = append(out, "hex: "+strconv.Quote(e.Hex.Text))
	}
	if e.Retained != nil {
		out = append(out, fmt.Sprintf("retained: %v", *e.Retained))
	}
	if e.QoS != nil {
		out = append(out, fmt.Sprintf("qos: %d", *e.QoS))
	}
	for _, text := range []struct{ key, value string }{{"schema", e.Schema}, {"of", e.Of}, {"device", e.Device}, {"cause", e.Cause}, {"name", e.Name},
		{"client", e.Client}, {"topic", e.Topic}} {
		if text.value != "" {
			out = append(out, text.key+": "+scalarYAML(text.value))
		}
	}
	if e.Dup != nil {
		out = append(out, fmt.Sprintf("dup: %v", *e.Dup))
	}
	for _, c := range []struct {
		key   string
		value *lang.Comparison
	}{{"value", e.Value}, {"amount", e.Amount}, {"offset", e.Offset}} {
		if c.value != nil {
			out = append(out, c.key+": "+strconv.Quote(comparisonText(c.value)))
		}
	}
	if e.Share != nil {
		out = append(out, fmt.Sprintf("share: \"%s %s%%\"", e.Share.Op, formatValue(e.Share.Fraction*100)))
	}
	if e.Blinks != nil {
		out = append(out, "blinks: "+blinksText(e.Blinks))
	}
	return out
}

func blinksText(b *lang.Blinks) string {
	text := "{period: " + length(b.Period.Duration)
	if b.Tolerance != nil {
		text += fmt.Sprintf(", tolerance: %s%%", formatValue(b.Tolerance.Fraction*100))
	}
	if b.Duty != nil {
		text += fmt.Sprintf(", duty: %s%%", formatValue(b.Duty.Fraction*100))
	}
	return text + "}"
}

func measureText(m *lang.Measure) string {
	parts := []string{"from: " + describe(m.From), "to: " + describe(m.To)}
	if m.By != "" {
		parts = append(parts, "by: "+m.By)
	}
	for _, limit := range m.Limits() {
		if limit.Value != nil {
			parts = append(parts, fmt.Sprintf("%s: \"%s %s\"", limit.Name, limit.Value.Op, length(limit.Value.Limit)))
		}
	}
	if m.Count != nil {
		parts = append(parts, "count: "+strconv.Quote(comparisonText(m.Count)))
	}
	if m.Lost != nil {
		parts = append(parts, "lost: "+strconv.Quote(lostText(m.Lost)))
	}
	if m.Timeout != nil {
		parts = append(parts, "timeout: "+length(m.Timeout.Duration))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func lostText(l *lang.Lost) string {
	if l.Share {
		return fmt.Sprintf("%s %s%%", l.Op, formatValue(l.Value*100))
	}
	return l.Op + " " + formatValue(l.Value)
}

func gaplessText(g *lang.Gapless) string {
	if g.From == nil {
		return g.Field
	}
	return fmt.Sprintf("{%s: %d..%d}", g.Field, *g.From, *g.To)
}

// yamlText renders a JSON value as flow YAML, without the quotes that YAML does not need.
func yamlText(v any) string {
	switch v := v.(type) {
	case map[string]any:
		p := compilePattern(v, true)
		parts := make([]string, len(p.object))
		for i := range p.object {
			name := p.object[i].name
			parts[i] = scalarYAML(name) + ": " + yamlText(v[name])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = yamlText(v[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		if _, err := strconv.ParseFloat(v, 64); err == nil || v == "true" || v == "false" || v == "null" {
			return strconv.Quote(v)
		}
		return scalarYAML(v)
	}
	return jsonText(v)
}

// scalarYAML quotes text that would not be plain in flow YAML.
func scalarYAML(text string) string {
	if text == "" || strings.ContainsAny(text, ",[]{}:#&*!|>'\"%@`<=\n") || strings.TrimSpace(text) != text {
		return strconv.Quote(text)
	}
	return text
}

// quoteYAML puts text in single quotes.
func quoteYAML(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// windowText says which events an expectation read.
func windowText(w Window, end time.Duration) string {
	text := fmt.Sprintf("events from %s", clock(w.Since))
	if w.Step != "" {
		text += " (" + w.Step + ")"
	}
	return text + " to " + clock(end)
}
