package expect

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/third_party/jsonschema"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// seriesRule asks something of one JSON field over all messages that match.
type seriesRule struct {
	kind     seriesKind
	field    string
	from, to *int64 // gapless over a range
	schema   *jsonschema.Schema
}

type seriesKind byte

const (
	gapless seriesKind = iota
	ordered
	unique
	conforms // the whole body agrees with a schema
)

func seriesRules(e *lang.Expect, schema *jsonschema.Schema) []seriesRule {
	var rules []seriesRule
	if schema != nil {
		rules = append(rules, seriesRule{kind: conforms, schema: schema})
	}
	if e.Gapless != nil {
		rules = append(rules, seriesRule{kind: gapless, field: e.Gapless.Field, from: e.Gapless.From, to: e.Gapless.To})
	}
	if e.Ordered != "" {
		rules = append(rules, seriesRule{kind: ordered, field: e.Ordered})
	}
	if e.Unique != "" {
		rules = append(rules, seriesRule{kind: unique, field: e.Unique})
	}
	return rules
}

// series judges one rule message by message, in constant time each.
type series struct {
	rule     seriesRule
	seen     numbers // gapless: the values, in the range where there is one
	last     any
	first    map[string]time.Duration // unique: when a value came first
	broken   string                   // what no later message can mend
	messages int
}

func newSeries(rule seriesRule) *series {
	return &series{rule: rule, first: map[string]time.Duration{}}
}

// add takes in the message at index i.
func (s *series) add(h *History, i int) {
	s.messages++
	if s.broken != "" {
		return
	}
	body, ok := h.decode(i)
	if s.rule.kind == conforms {
		s.addConforming(h, i, body, ok)
		return
	}
	value, found := any(nil), false
	if ok {
		value, found = lookup(body, s.rule.field)
	}
	if !found {
		s.broken = fmt.Sprintf("there is no field %s in the message at %s: %s", s.rule.field, clock(h.at(i).At), shorten(h.payloadText(h.at(i)), 80))
		return
	}
	switch s.rule.kind {
	case gapless:
		s.addGapless(h.at(i).At, value)
	case ordered:
		s.addOrdered(h.at(i).At, value)
	case unique:
		s.addUnique(h.at(i).At, value)
	}
}

func (s *series) addConforming(h *History, i int, body any, ok bool) {
	why := "payload is not JSON"
	if ok {
		why = invalid(s.rule.schema, body)
	}
	if why != "" {
		if !ok {
			why = h.undecodable(i)
		}
		s.broken = fmt.Sprintf("the message at %s is %s: %s", clock(h.at(i).At), strings.Replace(why, "payload is not", "not", 1), shorten(h.payloadText(h.at(i)), 80))
	}
}

func (s *series) addGapless(at time.Duration, value any) {
	f, ok := value.(float64)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		s.broken = fmt.Sprintf("%s is %s, not a whole number, in the message at %s", s.rule.field, shortJSON(value), clock(at))
		return
	}
	n := int64(f)
	if s.rule.from != nil && (n < *s.rule.from || n > *s.rule.to) {
		return
	}
	s.seen.add(n)
}

func (s *series) addOrdered(at time.Duration, value any) {
	last := s.last
	s.last = value
	if last == nil {
		if _, ok := compareScalars(value, value); ok {
			return
		}
		last = value
	}
	order, ok := compareScalars(last, value)
	if ok && order <= 0 {
		return
	}
	s.broken = fmt.Sprintf("%s goes back from %s to %s at %s", s.rule.field, shortJSON(last), shortJSON(value), clock(at))
	if !ok {
		s.broken = fmt.Sprintf("%s is %s after %s at %s: they have no order", s.rule.field, shortJSON(value), shortJSON(last), clock(at))
	}
}

func (s *series) addUnique(at time.Duration, value any) {
	key := jsonText(value)
	before, repeated := s.first[key]
	if !repeated {
		s.first[key] = at
		return
	}
	s.broken = fmt.Sprintf("%s %s comes at %s and again at %s", s.rule.field, shorten(key, 80), clock(before), clock(at))
}

// compareScalars orders two numbers or two texts.
func compareScalars(a, b any) (int, bool) {
	switch a := a.(type) {
	case float64:
		if b, ok := b.(float64); ok {
			return cmp.Compare(a, b), true
		}
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(a, b), true
		}
	}
	return 0, false
}

// holds reports whether the rule holds over the messages so far.
func (s *series) holds() bool {
	if s.broken != "" {
		return false
	}
	if s.rule.kind != gapless {
		return true
	}
	if s.rule.from != nil {
		return s.seen.count == *s.rule.to-*s.rule.from+1
	}
	return len(s.seen.spans) == 1
}

// hopeless reports whether no later message can mend it.
func (s *series) hopeless() bool { return s.broken != "" }

// why says what is wrong; "" where nothing is.
func (s *series) why() string {
	switch {
	case s.broken != "":
		return s.broken
	case s.holds() || s.messages == 0:
		return ""
	}
	if s.rule.from != nil {
		from, to := *s.rule.from, *s.rule.to
		return fmt.Sprintf("%s %s missing of %d to %d", s.rule.field, s.gaps(from, to), from, to)
	}
	from, to := s.seen.bounds()
	return fmt.Sprintf("%s %s missing between %d and %d", s.rule.field, s.gaps(from, to), from, to)
}

// gaps lists the first gaps in the range: "12, 14 to 17 and 20 more are".
func (s *series) gaps(from, to int64) string {
	const most = 5
	var parts []string
	missing, next := to-from+1-s.seen.count, from
	for _, seen := range append(slices.Clone(s.seen.spans), span{to + 1, to + 1}) {
		n := seen.from
		switch width := n - next; {
		case width == 0:
		case len(parts) == most:
		case width == 1:
			parts, missing = append(parts, fmt.Sprint(next)), missing-1
		default:
			parts, missing = append(parts, fmt.Sprintf("%d to %d", next, n-1)), missing-width
		}
		next = seen.to + 1
	}
	text := strings.Join(parts, ", ")
	switch {
	case missing > 0:
		return fmt.Sprintf("%s and %d more are", text, missing)
	case len(parts) == 1 && !strings.Contains(text, " "):
		return text + " is"
	}
	return text + " are"
}
