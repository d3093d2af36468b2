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

func describeInvariant(i *lang.Invariant, never bool) string {
	parts := clauses(&i.Expect)
	if i.Grace != nil {
		parts = append(parts, "grace: "+length(i.Grace.Duration))
	}
	word := "always"
	if never {
		word = "never"
	}
	return word + ": {" + strings.Join(parts, ", ") + "}"
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
	list("any", e.Any)
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
	if e.Retained != nil {
		out = append(out, fmt.Sprintf("retained: %v", *e.Retained))
	}
	if e.QoS != nil {
		out = append(out, fmt.Sprintf("qos: %d", *e.QoS))
	}
	if e.Device != "" {
		out = append(out, "device: "+e.Device)
	}
	if e.Cause != "" {
		out = append(out, "cause: "+scalarYAML(e.Cause))
	}
	return out
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
