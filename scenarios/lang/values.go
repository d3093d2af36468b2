package lang

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// quantityOf reads a scalar by parse, and reports what parse says.
func quantityOf[T any](d *decoder, n *yaml.Node, path string, parse func(string) (T, error)) (v T) {
	t, ok := d.scalar(n, path)
	if !ok {
		return v
	}
	v, err := parse(t.text)
	if bad := (*unitError)(nil); errors.As(err, &bad) {
		d.fault(n, path, bad.message, bad.hint)
	}
	return v
}

func (v *Duration) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos, v.Duration = d.position(n), quantityOf(d, n, path, ParseDuration)
}

func (v *Percent) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos, v.Fraction = d.position(n), quantityOf(d, n, path, ParsePercent)
}

func (v *BitRate) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos, v.BitsPerSecond = d.position(n), quantityOf(d, n, path, ParseBitRate)
}

func (v *Size) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos, v.Bytes = d.position(n), quantityOf(d, n, path, ParseSize)
}

func (v *Time) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos, v.Time = d.position(n), quantityOf(d, n, path, ParseTime)
}

// ParseTime reads an instant with its offset, RFC 3339: 2026-03-29T00:55:00+01:00.
func ParseTime(s string) (time.Time, error) {
	v, err := time.Parse(time.RFC3339Nano, s)
	if err == nil {
		return v, nil
	}
	if _, err := time.Parse("2006-01-02T15:04:05", s); err == nil {
		return time.Time{}, &unitError{fmt.Sprintf("%s does not say in which time zone", s), s + "Z is UTC; +01:00 an offset"}
	}
	return time.Time{}, &unitError{fmt.Sprintf("%q is not an instant", shorten(s)), "as in 2026-03-29T00:55:00+01:00 or 2026-01-01T00:00:00Z"}
}

func (v *Scalar) decode(d *decoder, n *yaml.Node, path string, f *field) {
	v.Pos = d.position(n)
	if t, ok := d.scalar(n, path); ok {
		v.Text, v.quoted = t.text, t.isText()
	}
	if f != nil && f.device {
		v.Text = d.bound.device(v.Text)
	}
}

func (v *OneOrMany) decode(d *decoder, n *yaml.Node, path string, f *field) {
	if n.Kind == yaml.ScalarNode {
		*v = make(OneOrMany, 1)
		(*v)[0].decode(d, n, path, f)
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.fault(n, path, "must be a single value or a list, not "+nodeName(n), "")
		return
	}
	if len(n.Content) == 0 {
		d.fault(n, path, "is empty", "")
	}
	*v = make(OneOrMany, len(n.Content))
	for i, member := range n.Content {
		d.value(member, reflect.ValueOf(&(*v)[i]).Elem(), path+"["+strconv.Itoa(i)+"]", f)
	}
}

func (o *Ordered[T]) decode(d *decoder, n *yaml.Node, path string, f *field) {
	*o = make(Ordered[T], 0, len(n.Content)/2)
	seen := map[string]bool{}
	d.pairs(n, path, func(name string, key, value *yaml.Node) {
		d.checkName(key, name, path, f)
		if f == nil || f.names == "" { // a reference, in which variables count
			t, ok := d.scalar(key, path)
			if !ok {
				return
			}
			if name = d.bound.device(t.text); seen[name] {
				d.fault(key, path, fmt.Sprintf("%q stands here twice", shorten(name)), "once by a variable")
				return
			}
			seen[name] = true
		}
		entry := Named[T]{Pos: d.position(key), Name: name}
		d.value(value, reflect.ValueOf(&entry.Value).Elem(), join(path, name), nil)
		*o = append(*o, entry)
	})
	if n.Kind == yaml.MappingNode {
		d.enough(n, len(n.Content)/2, path, f)
	}
}

func (v *Expr) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos = d.contents(n)
	t, ok := d.scalar(n, path)
	if !ok {
		return
	}
	v.Source, v.Bound = t.text, d.bound
	if strings.TrimSpace(t.text) == "" {
		d.fault(n, path, "the expression is empty", "")
	}
}

// contents returns the position of a scalar's first character, behind a quote or below a | or >.
func (d *decoder) contents(n *yaml.Node) diag.Position {
	pos := d.position(n)
	switch {
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		pos.Col++
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		pos.Line++
		if d.lines == nil {
			d.lines = bytes.Split(d.data, []byte("\n"))
		}
		if pos.Line <= len(d.lines) {
			line := d.lines[pos.Line-1]
			pos.Col = len(line) - len(bytes.TrimLeft(line, " ")) + 1
		}
	}
	return pos
}

func (v *Regexp) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos = d.position(n)
	t, ok := d.scalar(n, path)
	if !ok {
		return
	}
	compiled, err := regexp.Compile(t.text)
	if err != nil {
		d.fault(n, path, strings.TrimPrefix(err.Error(), "error parsing "), "RE2 syntax, as Go has it")
		compiled = regexp.MustCompile("")
	}
	v.Regexp = compiled
}

// ParseComparison reads an operator and a number: ">= 9", "<5"; or a number alone, which means ==.
func ParseComparison(s string) (Comparison, error) {
	for _, op := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		rest, ok := strings.CutPrefix(s, op)
		if !ok {
			continue
		}
		rest = strings.TrimSpace(rest)
		x, err := strconv.ParseFloat(rest, 64)
		if err != nil || !isNumber(rest) {
			return Comparison{}, &unitError{fmt.Sprintf("%q does not compare with a number", shorten(s)), `as in ">= 9"`}
		}
		return Comparison{Op: op, Value: x}, nil
	}
	if x, err := strconv.ParseFloat(s, 64); err == nil && isNumber(s) {
		return Comparison{Op: "==", Value: x}, nil
	}
	hint := `as in 3, ">= 9" or "< 5"`
	if strings.HasPrefix(s, "=") {
		hint = `"` + "==" + strings.TrimLeft(s, "=<>") + `"?`
	}
	return Comparison{}, &unitError{fmt.Sprintf("%q is not a comparison", shorten(s)), hint}
}

func (c *Comparison) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	*c = quantityOf(d, n, path, ParseComparison)
	c.Pos = d.position(n)
}

func (v *JSON) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos = d.position(n)
	v.Value = d.json(n, path)
}

// json returns the value of n as encoding/json would. n was entered.
func (d *decoder) json(n *yaml.Node, path string) any {
	child := func(n *yaml.Node, path string) any {
		n, ok := d.enter(n, path)
		if !ok {
			return nil
		}
		defer d.leave(n)
		return d.json(n, path)
	}
	switch n.Kind {
	case yaml.MappingNode:
		object := make(map[string]any, len(n.Content)/2)
		d.pairs(n, path, func(name string, _, value *yaml.Node) { object[name] = child(value, join(path, name)) })
		return object
	case yaml.SequenceNode:
		array := make([]any, len(n.Content))
		for i, member := range n.Content {
			array[i] = child(member, path+"["+strconv.Itoa(i)+"]")
		}
		return array
	}
	t, ok := d.scalar(n, path)
	if !ok {
		return nil
	}
	return d.jsonScalar(n, t, path)
}

const maxExactInteger = 1 << 53 // above it a JSON number, a float64, is no longer exact

func (d *decoder) jsonScalar(n *yaml.Node, t text, path string) any {
	switch {
	case t.isText() || t.tag == "!!timestamp":
		return t.text
	case t.tag == "!!null":
		return nil
	case t.tag == "!!bool":
		if t.text != "true" && t.text != "false" {
			d.fault(n, path, fmt.Sprintf("%s is neither true nor false nor text", t.text), "true and false are written small; text in quotes")
		}
		return t.text == "true"
	}
	x, ok := d.number(n, t, path)
	i, err := strconv.ParseInt(t.text, 10, 64)
	if ok && !strings.ContainsAny(t.text, ".eE") && (err != nil || i > maxExactInteger || i < -maxExactInteger) {
		d.fault(n, path, fmt.Sprintf("%s is too large to be an exact JSON number", t.text), "at most 9007199254740992")
	}
	return x
}

// decode reads {seq: 1..120}, or the name of the field alone.
func (g *Gapless) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	g.Pos = d.position(n)
	if n.Kind == yaml.ScalarNode {
		t, ok := d.scalar(n, path)
		if ok && t.text == "" {
			d.fault(n, path, "names no field", "as in gapless: seq")
		}
		g.Field = t.text
		return
	}
	count := 0
	d.pairs(n, path, func(name string, _, value *yaml.Node) {
		count++
		var span Scalar
		d.value(value, reflect.ValueOf(&span).Elem(), join(path, name), nil)
		g.Field = name
		if span.Text == "" {
			return
		}
		from, to, err := ParseRange(span.Text)
		if bad := (*unitError)(nil); errors.As(err, &bad) {
			d.fault(value, join(path, name), bad.message, bad.hint)
			return
		}
		g.From, g.To = &from, &to
	})
	if n.Kind == yaml.MappingNode && count != 1 {
		d.fault(n, path, fmt.Sprintf("names %d fields", count), "exactly one, as in gapless: {seq: 1..120}")
	}
}

// ParseRange reads two whole numbers, the second not below the first: 1..120.
func ParseRange(s string) (from, to int64, err error) {
	low, high, ok := strings.Cut(s, "..")
	from, errLow := strconv.ParseInt(low, 10, 54)
	to, errHigh := strconv.ParseInt(high, 10, 54)
	if !ok || errLow != nil || errHigh != nil || !isNumber(low) || !isNumber(high) {
		return 0, 0, &unitError{fmt.Sprintf("%q is not a range", shorten(s)), "as in 1..120"}
	}
	if to < from {
		return 0, 0, &unitError{fmt.Sprintf("the range %s ends before it begins", s), fmt.Sprintf("%d..%d?", to, from)}
	}
	return from, to, nil
}

var _ = []nodeDecoder{(*Duration)(nil), (*Percent)(nil), (*BitRate)(nil), (*Size)(nil), (*Time)(nil), (*Scalar)(nil),
	(*OneOrMany)(nil), (*Ordered[int])(nil), (*Expr)(nil), (*Regexp)(nil), (*Comparison)(nil), (*JSON)(nil), (*Gapless)(nil)}
