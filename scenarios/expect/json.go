package expect

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/twinrig/twinrig/internal/payload"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// decodeCache keeps the value of one event's payload, so that metrics and expectations decode it once.
type decodeCache struct {
	index int
	value any
	err   error
}

// decode returns the payload of the event at index i as encoding/json has it; ok is false where it does not
// decode as its device's kind says, and undecodable tells why.
func (h *History) decode(i int) (value any, ok bool) {
	if h.decoded.index != i {
		v, err := payload.Decode(h.format(h.at(i)), h.at(i).Payload)
		h.decoded = decodeCache{index: i, value: v, err: err}
	}
	return h.decoded.value, h.decoded.err == nil
}

// format returns how the event's payload is encoded.
func (h *History) format(e *trace.Event) payload.Format { return h.payloads.OfEvent(e) }

// undecodable says why decode cannot decode a payload.
func (h *History) undecodable(i int) string {
	h.decode(i)
	format := h.format(h.at(i))
	switch why := errors.Unwrap(h.decoded.err); {
	case format == payload.Raw:
		return "payload is raw bytes, which have no fields; hex matches them"
	case why == nil || format == "" || format == payload.JSON:
		return "payload is not JSON"
	default:
		return "payload is not " + format.Name() + ": " + why.Error()
	}
}

// payloadText returns the payload of an event as a person reads it.
func (h *History) payloadText(e *trace.Event) string { return payload.Text(h.format(e), e.Payload) }

// lookup returns the field at a path as in a.b; an empty path is the value itself.
func lookup(value any, path string) (any, bool) {
	if path == "" {
		return value, true
	}
	for name := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		if value, ok = object[name]; !ok {
			return nil, false
		}
	}
	return value, true
}

// pattern is a compiled JSON value to match against: map[string]pattern, []pattern, comparison, or a literal.
type pattern struct {
	object  []field // sorted by name
	list    []pattern
	literal any
	compare *lang.Comparison
	kind    patternKind
}

type patternKind byte

const (
	literalPattern patternKind = iota
	objectPattern
	listPattern
	comparePattern
)

type field struct {
	name string
	pattern
}

// compilePattern prepares a JSON value for matching. With exact, text like "> 5" is only text.
func compilePattern(value any, exact bool) pattern {
	switch v := value.(type) {
	case map[string]any:
		p := pattern{kind: objectPattern}
		for name, member := range v {
			p.object = append(p.object, field{name, compilePattern(member, exact)})
		}
		slices.SortFunc(p.object, func(a, b field) int { return strings.Compare(a.name, b.name) })
		return p
	case []any:
		p := pattern{kind: listPattern}
		for _, member := range v {
			p.list = append(p.list, compilePattern(member, exact))
		}
		return p
	case string:
		if c, ok := parseComparison(v); ok && !exact {
			return pattern{kind: comparePattern, compare: &c, literal: v}
		}
	case int:
		return pattern{literal: float64(v)}
	case int64:
		return pattern{literal: float64(v)}
	case uint64:
		return pattern{literal: float64(v)}
	}
	return pattern{literal: value}
}

// parseComparison reads an operator and a number, as in "> 5"; ok is false for any other text.
func parseComparison(text string) (c lang.Comparison, ok bool) {
	text = strings.TrimSpace(text)
	for _, op := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		rest, found := strings.CutPrefix(text, op)
		if !found {
			continue
		}
		rest = strings.TrimSpace(rest)
		v, err := strconv.ParseFloat(rest, 64)
		if err != nil || strings.Trim(rest, "0123456789+-.eE") != "" { // neither infinite nor hexadecimal
			return lang.Comparison{}, false
		}
		return lang.Comparison{Op: op, Value: v}, true
	}
	return lang.Comparison{}, false
}

// mismatch says where a JSON value differs from a pattern; the words are made when they are asked for.
type mismatch struct {
	path    string
	got     any
	missing bool   // there is no such field
	extra   string // exact: a field that is too much
	want    pattern
}

func (m *mismatch) String() string {
	name := "json"
	if m.path != "" {
		name += "." + m.path
	}
	switch {
	case m.missing:
		return name + " is missing"
	case m.extra != "":
		return fmt.Sprintf("%s has a field %s too many", name, m.extra)
	case m.want.kind == objectPattern:
		return fmt.Sprintf("%s is %s, not an object", name, shortJSON(m.got))
	case m.want.kind == listPattern:
		return fmt.Sprintf("%s is %s, not a list of %d", name, shortJSON(m.got), len(m.want.list))
	case m.want.kind == comparePattern:
		return fmt.Sprintf("%s is %s, not %s", name, shortJSON(m.got), m.want.literal)
	}
	return fmt.Sprintf("%s is %s, not %s", name, shortJSON(m.got), shortJSON(m.want.literal))
}

// match compares got, as encoding/json has it, with the pattern: a subset match, unless exact. It
// returns nil where they match, else the first difference. Lists must have the same length.
func (p *pattern) match(got any, exact bool) *mismatch {
	switch p.kind {
	case objectPattern:
		return p.matchObject(got, exact)
	case listPattern:
		list, ok := got.([]any)
		if !ok || len(list) != len(p.list) {
			return &mismatch{got: got, want: *p}
		}
		for i := range p.list {
			if m := p.list[i].match(list[i], exact); m != nil {
				return m.below(strconv.Itoa(i))
			}
		}
		return nil
	case comparePattern:
		if n, ok := got.(float64); ok && p.compare.Holds(n) || got == p.literal {
			return nil
		}
	case literalPattern:
		switch got.(type) {
		case map[string]any, []any: // not comparable, and no literal equals them
		default:
			if got == p.literal {
				return nil
			}
		}
	}
	return &mismatch{got: got, want: *p}
}

func (p *pattern) matchObject(got any, exact bool) *mismatch {
	object, ok := got.(map[string]any)
	if !ok {
		return &mismatch{got: got, want: *p}
	}
	for i := range p.object {
		f := &p.object[i]
		member, ok := object[f.name]
		if !ok {
			return (&mismatch{missing: true}).below(f.name)
		}
		if m := f.match(member, exact); m != nil {
			return m.below(f.name)
		}
	}
	if exact && len(object) > len(p.object) {
		names := make([]string, 0, len(object))
		for name := range object {
			if !slices.ContainsFunc(p.object, func(f field) bool { return f.name == name }) {
				names = append(names, name)
			}
		}
		return &mismatch{extra: slices.Min(names)}
	}
	return nil
}

func (m *mismatch) below(name string) *mismatch {
	if m.path == "" {
		m.path = name
	} else {
		m.path = name + "." + m.path
	}
	return m
}

// jsonText renders a value as JSON in one line.
func jsonText(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// shortJSON renders a value for a message, at most some 80 bytes of it.
func shortJSON(v any) string { return shorten(jsonText(v), 80) }

// shorten cuts text after n bytes, at a character's border.
func shorten(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n] + "…"
}
