package expect

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

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
	seen     map[int64]bool // gapless: the values, in the range where there is one
	min, max int64
	last     any
	first    map[string]int // unique: value to the event that had it first
	broken   func(h *History) string
	messages int
}

func newSeries(rule seriesRule) *series {
	return &series{rule: rule, seen: map[int64]bool{}, first: map[string]int{}}
}

// add takes in the message at index i.
func (s *series) add(h *History, i int) {
	s.messages++
	if s.broken != nil {
		return
	}
	body, ok := h.decode(i)
	if s.rule.kind == conforms {
		s.addConforming(i, body, ok)
		return
	}
	value, found := any(nil), false
	if ok {
		value, found = lookup(body, s.rule.field)
	}
	if !found {
		s.broken = func(h *History) string {
			return fmt.Sprintf("there is no field %s in the message at %s: %s", s.rule.field, clock(h.at(i).At), shorten(h.payloadText(h.at(i)), 80))
		}
		return
	}
	switch s.rule.kind {
	case gapless:
		s.addGapless(i, value)
	case ordered:
		s.addOrdered(i, value)
	case unique:
		s.addUnique(i, value)
	}
}

func (s *series) addConforming(i int, body any, ok bool) {
	why := "payload is not JSON"
	if ok {
		why = invalid(s.rule.schema, body)
	}
	if why != "" {
		s.broken = func(h *History) string {
			if !ok {
				why = h.undecodable(i)
			}
			return fmt.Sprintf("the message at %s is %s: %s", clock(h.at(i).At), strings.Replace(why, "payload is not", "not", 1), shorten(h.payloadText(h.at(i)), 80))
		}
	}
}

func (s *series) addGapless(i int, value any) {
	f, ok := value.(float64)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		s.broken = func(h *History) string {
			return fmt.Sprintf("%s is %s, not a whole number, in the message at %s", s.rule.field, shortJSON(value), clock(h.at(i).At))
		}
		return
	}
	n := int64(f)
	if s.rule.from != nil && (n < *s.rule.from || n > *s.rule.to) {
		return
	}
	if len(s.seen) == 0 {
		s.min, s.max = n, n
	}
	s.seen[n] = true
	s.min, s.max = min(s.min, n), max(s.max, n)
}

func (s *series) addOrdered(i int, value any) {
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
	s.broken = func(h *History) string {
		at := clock(h.at(i).At)
		if !ok {
			return fmt.Sprintf("%s is %s after %s at %s: they have no order", s.rule.field, shortJSON(value), shortJSON(last), at)
		}
		return fmt.Sprintf("%s goes back from %s to %s at %s", s.rule.field, shortJSON(last), shortJSON(value), at)
	}
}

func (s *series) addUnique(i int, value any) {
	key := jsonText(value)
	before, repeated := s.first[key]
	if !repeated {
		s.first[key] = i
		return
	}
	s.broken = func(h *History) string {
		return fmt.Sprintf("%s %s comes at %s and again at %s", s.rule.field, shorten(key, 80), clock(h.at(before).At), clock(h.at(i).At))
	}
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
	if s.broken != nil {
		return false
	}
	if s.rule.kind != gapless {
		return true
	}
	if s.rule.from != nil {
		return int64(len(s.seen)) == *s.rule.to-*s.rule.from+1
	}
	return len(s.seen) > 0 && int64(len(s.seen)) == s.max-s.min+1
}

// hopeless reports whether no later message can mend it.
func (s *series) hopeless() bool { return s.broken != nil }

// why says what is wrong; "" where nothing is.
func (s *series) why(h *History) string {
	switch {
	case s.broken != nil:
		return s.broken(h)
	case s.holds() || s.messages == 0:
		return ""
	}
	from, to := s.min, s.max
	where := fmt.Sprintf("between %d and %d", from, to)
	if s.rule.from != nil {
		from, to = *s.rule.from, *s.rule.to
		where = fmt.Sprintf("of %d to %d", from, to)
	}
	return fmt.Sprintf("%s %s missing %s", s.rule.field, s.gaps(from, to), where)
}

// gaps lists the first gaps in the range: "12, 14 to 17 and 20 more are".
func (s *series) gaps(from, to int64) string {
	const most = 5
	var parts []string
	missing, next := to-from+1-int64(len(s.seen)), from
	for _, n := range append(slices.Sorted(maps.Keys(s.seen)), to+1) {
		switch width := n - next; {
		case width == 0:
		case len(parts) == most:
		case width == 1:
			parts, missing = append(parts, fmt.Sprint(next)), missing-1
		default:
			parts, missing = append(parts, fmt.Sprintf("%d to %d", next, n-1)), missing-width
		}
		next = n + 1
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
