package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// vars are the values that stand for $name and $(name).
//
// Only a letter, an underscore or a parenthesised name behind the $ makes it a variable, so that the
// $ of a regular expression ("^BOOT$", "a$|b") stays what it is. $$ is one $. A value is put in as it
// is: a $ in it means nothing.
type vars struct {
	values map[string]Scalar
	names  []string
	uses   map[string]bool // those that were used; nil: nobody asks
}

func newVars(values map[string]Scalar) *vars {
	return &vars{values: values, names: slices.Sorted(maps.Keys(values)), uses: map[string]bool{}}
}

// with returns the values and one more, a text.
func (v *vars) with(name, text string) *vars {
	values := map[string]Scalar{}
	if v != nil {
		maps.Copy(values, v.values)
	}
	values[name] = Scalar{Text: text, quoted: true}
	more := newVars(values)
	if v != nil {
		more.uses = v.uses
	}
	return more
}

// unasked returns the values for readers of which several may be at work.
func (v *vars) unasked() *vars {
	if v == nil {
		return nil
	}
	return &vars{values: v.values, names: v.names}
}

func (v *vars) lookup(name string) (Scalar, bool) {
	if v == nil {
		return Scalar{}, false
	}
	value, ok := v.values[name]
	return value, ok
}

// text is a scalar after its variables were replaced.
type text struct {
	text   string
	tag    string // as YAML resolves it: !!str, !!int, !!float, !!bool, !!null, !!timestamp
	quoted bool
}

// isText reports whether t is a text even where it looks like a number.
func (t text) isText() bool { return t.quoted || t.tag == "!!str" }

func (t text) name() string {
	switch {
	case t.isText():
		return fmt.Sprintf("the text %q", shorten(t.text))
	case t.tag == "!!null":
		return "nothing"
	}
	return shorten(t.text)
}

// scalar returns n with its variables replaced. A plain scalar that is one variable takes the type
// of the variable's value; any other is typed by YAML's rules after the replacement.
func (d *decoder) scalar(n *yaml.Node, path string) (text, bool) {
	if n.Kind != yaml.ScalarNode {
		d.fault(n, path, "must be a single value, not "+nodeName(n), "")
		return text{}, false
	}
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	result := text{text: n.Value, tag: n.ShortTag(), quoted: quoted}
	if d.vars == nil || !strings.Contains(n.Value, "$") {
		return result, true
	}
	replaced, whole, message, hint := d.vars.replace(n.Value)
	if message != "" {
		d.fault(n, path, message, hint)
		return text{}, false
	}
	result.text = replaced
	if quoted {
		return result, true
	}
	if whole != nil && whole.quoted {
		result.quoted, result.tag = true, "!!str"
		return result, true
	}
	result.tag = resolve(replaced)
	return result, true
}

// resolve returns the tag of a plain scalar (YAML 1.2, core schema).
func resolve(s string) string {
	switch s {
	case "", "~", "null":
		return "!!null"
	case "true", "false":
		return "!!bool"
	}
	if !isNumber(s) {
		return "!!str"
	}
	if strings.ContainsAny(s, ".eE") {
		return "!!float"
	}
	return "!!int"
}

// replace returns s with its variables replaced, and the value itself where s is exactly one variable.
// message is not empty where that cannot be done.
func (v *vars) replace(s string) (replaced string, whole *Scalar, message, hint string) {
	var b strings.Builder
	for rest := s; rest != ""; {
		before, after, found := strings.Cut(rest, "$")
		b.WriteString(before)
		if !found {
			break
		}
		if strings.HasPrefix(after, "$") {
			b.WriteByte('$')
			rest = after[1:]
			continue
		}
		name, tail, state := cutName(after)
		switch state {
		case noName:
			b.WriteByte('$')
			rest = after
			continue
		case unclosed:
			return "", nil, fmt.Sprintf("$(%s is not closed", shorten(name)), "as in $(" + shorten(name) + "); $$ is a plain $"
		}
		value, ok := v.values[name]
		if !ok {
			hint := diag.DidYouMean(name, v.names)
			if hint == "" {
				hint = "params declares the names; $$ is a plain $"
			}
			return "", nil, fmt.Sprintf("$%s is not among the params", shorten(name)), hint
		}
		if v.uses != nil {
			v.uses[name] = true
		}
		if before == "" && tail == "" && b.Len() == 0 {
			whole = &value
		}
		b.WriteString(value.Text)
		rest = tail
	}
	return b.String(), whole, "", ""
}

type nameState int

const (
	noName nameState = iota
	named
	unclosed
)

// cutName cuts the name, in parentheses or not, at the start of s.
func cutName(s string) (name, rest string, state nameState) {
	inner, parenthesised := strings.CutPrefix(s, "(")
	i := 0
	for i < len(inner) && (isLetter(inner[i]) || i > 0 && inner[i] >= '0' && inner[i] <= '9') {
		i++
	}
	switch {
	case i == 0:
		return "", s, noName
	case !parenthesised:
		return inner[:i], inner[i:], named
	case i == len(inner):
		return inner, "", unclosed
	case inner[i] == ')':
		return inner[:i], inner[i+1:], named
	}
	return "", s, noName
}

func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
