package expect

import (
	"fmt"
	"slices"

	"github.com/twinrig/twinrig/internal/third_party/jsonschema"

	"github.com/twinrig/twinrig/internal/payload"
	"github.com/twinrig/twinrig/internal/topics"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// eventLeaf matches events.
type eventLeaf struct {
	kind    trace.Kind
	device  string // "": any
	filter  *topics.Filter
	message bool // it carries a message, at whose payload `matches` looks
	mqtt    bool // written as mqtt:, not as event:
	name    string
	client  string
	cause   string
	json    *pattern
	exact   bool
	payload *string
	hex     *lang.HexPattern
	retain  *bool
	dup     *bool
	qos     *int
	value   *lang.Comparison
	amount  *lang.Comparison
	offset  *lang.Comparison
	pattern *lang.Regexp
	schema  *jsonschema.Schema // part of the match; nil where it is asked of every match
	invalid bool               // what disagrees with the schema is what is looked for

	members *fleetLeaf // nil: it is not about a fleet
}

// subject reports whether the event is of what the leaf is about, whatever else it asks for.
func (l *eventLeaf) subject(h *History, i int) bool {
	e := h.at(i)
	return e.Kind == l.kind && (l.device == "" || e.Device == l.device) && (l.filter == nil || l.filter.Matches(e.Topic)) &&
		(l.members == nil || l.members.of(h, e) >= 0)
}

// matches reports whether the event at index i is what the leaf asks for.
func (l *eventLeaf) matches(h *History, i int) bool {
	return l.subject(h, i) && l.difference(h, i, false) == nil
}

// difference says why an event of the leaf's subject is not what it asks for; nil: it is.
func (l *eventLeaf) difference(h *History, i int, explain bool) fmt.Stringer {
	e := h.at(i)
	switch {
	case l.name != "" && e.Name != l.name:
		return lazily(explain, "name is %q, not %q", e.Name, l.name)
	case l.client != "" && e.Client != l.client:
		return lazily(explain, "client is %q, not %q", e.Client, l.client)
	case l.cause != "" && e.Cause != l.cause:
		return lazily(explain, "cause is %q, not %q", e.Cause, l.cause)
	case l.retain != nil && e.Retain != *l.retain:
		if *l.retain {
			return phrase("not retained")
		}
		return phrase("retained")
	case l.dup != nil && e.Dup != *l.dup:
		if *l.dup {
			return phrase("sent for the first time")
		}
		return phrase("sent again")
	case l.qos != nil && int(e.QoS) != *l.qos:
		return lazily(explain, "QoS %d, not %d", e.QoS, *l.qos)
	case l.value != nil && !l.value.Holds(e.Value):
		return lazily(explain, "value is %v, not %s", e.Value, comparisonText(l.value))
	case l.amount != nil && !l.amount.Holds(float64(e.Count)):
		return lazily(explain, "amount is %v, not %s", e.Count, comparisonText(l.amount))
	case l.offset != nil && !l.offset.Holds(float64(e.Offset)):
		return lazily(explain, "offset is %v, not %s", e.Offset, comparisonText(l.offset))
	case l.payload != nil && string(e.Payload) != *l.payload:
		return lazily(explain, "payload is %q, not %q", shorten(string(e.Payload), 60), *l.payload)
	case l.hex != nil && !l.hex.Matches(e.Payload):
		return lazily(explain, "payload is %s, not %s", shorten(payload.Hex(e.Payload), 90), l.hex.Text)
	case l.pattern != nil && !l.pattern.MatchString(l.text(h, e)):
		return lazily(explain, "does not match %s", l.pattern)
	}
	return l.differentBody(h, i)
}

// differentBody is difference for the decoded payload.
func (l *eventLeaf) differentBody(h *History, i int) fmt.Stringer {
	if l.json == nil && l.schema == nil {
		return nil
	}
	body, ok := h.decode(i)
	if !ok {
		if l.invalid && l.json == nil {
			return nil // what cannot be decoded is valid under no schema
		}
		return lazy(func() string { return h.undecodable(i) })
	}
	if l.json != nil {
		if m := l.json.match(body, l.exact); m != nil {
			return m
		}
	}
	if l.schema == nil {
		return nil
	}
	switch why := invalid(l.schema, body); {
	case l.invalid && why == "":
		return phrase("as the schema says")
	case !l.invalid && why != "":
		return phrase(why)
	}
	return nil
}

// text is what `matches` looks at.
func (l *eventLeaf) text(h *History, e *trace.Event) string {
	switch {
	case l.message:
		if f := h.format(e); f == payload.CBOR || f == payload.MessagePack {
			return payload.Text(f, e.Payload)
		}
		return string(e.Payload)
	case e.Text == "" && e.Kind != trace.Console:
		return e.Name
	}
	return e.Text
}

func comparisonText(c *lang.Comparison) string { return c.Op + " " + formatValue(c.Value) }

// carriesMessage reports whether events of the kind carry a payload.
func carriesMessage(kind trace.Kind) bool {
	return slices.Contains([]trace.Kind{trace.Publish, trace.Deliver, trace.Drop, trace.Will, trace.Retain}, kind)
}
