package lang

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// decoder fills the types of this package from YAML nodes, and keeps every fault on the way.
type decoder struct {
	file   string
	data   []byte
	lines  [][]byte // of data, once they are needed
	diags  diag.List
	vars   *vars // nil: $name is ordinary text
	shapes map[reflect.Type]*shape
	names  map[string]*regexp.Regexp

	nodes   int // seen so far, aliases expanded
	depth   int
	stopped bool // at a limit: everything else would be an echo of it
	open    map[*yaml.Node]bool

	bound Bound // what the names that each gives stand for

	defaultWithin bool // the file, or the one that includes it, has a default_within

	used map[string]bool // the keys seen, as TYPE.KEY; nil: nobody asks
}

// nodeDecoder is a type that reads itself from a node. It reports its faults to d.
type nodeDecoder interface {
	decode(d *decoder, n *yaml.Node, path string, f *field)
}

// checker is a type with rules that go beyond its single keys. clean is false where the mapping
// had unknown keys, so that what seems to be missing may be one of those.
type checker interface {
	check(d *decoder, at mapping)
}

// mapping is where a struct was read from.
type mapping struct {
	node  *yaml.Node
	pos   diag.Position
	path  string
	keys  Keys
	clean bool // no unknown and no repeated key
}

func newDecoder(file string, data []byte, v *vars) *decoder {
	return &decoder{file: file, data: data, vars: v, shapes: map[reflect.Type]*shape{}, names: map[string]*regexp.Regexp{}, open: map[*yaml.Node]bool{}}
}

func (d *decoder) position(n *yaml.Node) diag.Position {
	return diag.Position{File: d.file, Line: n.Line, Col: n.Column}
}

func (d *decoder) fault(n *yaml.Node, path, message, hint string) {
	d.diags.Add(d.position(n), path, message, hint)
}

// faulty reports whether something at path, or below it, was reported already.
func (d *decoder) faulty(path string) bool {
	return slices.ContainsFunc(d.diags, func(e diag.Diagnostic) bool { return strings.HasPrefix(e.Path, path) })
}

// enter goes down into n, through an alias where it is one. Where it returns true, leave must follow.
func (d *decoder) enter(n *yaml.Node, path string) (*yaml.Node, bool) {
	if d.stopped {
		return nil, false
	}
	at := n
	if n.Kind == yaml.AliasNode {
		n = n.Alias
		if d.open[n] {
			d.fault(at, path, fmt.Sprintf("the anchor %q contains itself", at.Value), "")
			return nil, false
		}
	}
	d.nodes++
	switch {
	case len(d.diags) > maxFaults:
		d.stopped = true
		d.fault(at, "", fmt.Sprintf("more than %d faults; what comes behind is not looked at", maxFaults), "")
		return nil, false
	case d.nodes > maxNodes:
		d.stopped = true
		d.fault(at, path, fmt.Sprintf("the file has more than %d values", maxNodes), "each use of an alias counts with all that is in it")
		return nil, false
	case d.depth >= maxDepth:
		d.fault(at, shorten(path), fmt.Sprintf("nested deeper than %d levels", maxDepth), "")
		return nil, false
	case n.Style&yaml.TaggedStyle != 0:
		d.fault(n, path, fmt.Sprintf("the tag %s is not supported", n.Tag), "quotes make a text; everything else is told by the key")
		return nil, false
	}
	d.depth++
	if n.Kind != yaml.ScalarNode {
		d.open[n] = true
	}
	return n, true
}

func (d *decoder) leave(n *yaml.Node) {
	d.depth--
	delete(d.open, n)
}

// value reads n into v. f has the rules of the key it belongs to; it may be nil.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string, f *field) {
	n, ok := d.enter(n, path)
	if !ok {
		return
	}
	defer d.leave(n)
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	_, isJSON := v.Addr().Interface().(*JSON)
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" && !isJSON {
		d.fault(n, path, "has no value", "")
		return
	}
	if custom, ok := v.Addr().Interface().(nodeDecoder); ok {
		custom.decode(d, n, path, f)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Slice:
		d.list(n, v, path, f)
	case reflect.Map:
		d.dictionary(n, v, path, f)
	default:
		d.basic(n, v, path, f)
	}
}

// pairs calls each for every key of a mapping, with repeated and unreadable keys reported and left out.
func (d *decoder) pairs(n *yaml.Node, path string, each func(name string, key, value *yaml.Node)) (clean bool) {
	if n.Kind != yaml.MappingNode {
		d.fault(n, path, "must be a mapping, not "+nodeName(n), "")
		return false
	}
	clean = true
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		switch {
		case key.Kind != yaml.ScalarNode:
			d.fault(key, path, "a key must be a plain name, not "+nodeName(key), "")
		case key.ShortTag() == "!!merge":
			d.fault(key, path, "merge keys (<<) are not supported", "write the keys out, or use an alias for the whole value")
		case seen[key.Value] != nil:
			first := seen[key.Value]
			d.fault(key, path, fmt.Sprintf("%q stands here twice", shorten(key.Value)), fmt.Sprintf("first at %d:%d", first.Line, first.Column))
		default:
			seen[key.Value] = key
			each(key.Value, key, value)
			continue
		}
		clean = false
	}
	return clean
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value, path string) {
	s := d.shapes[v.Type()]
	if s == nil {
		s = shapeOf(v.Type())
		d.shapes[v.Type()] = s
	}
	at := mapping{node: n, pos: d.position(n), path: path, keys: make(Keys, 0, len(n.Content)/2)}
	for _, index := range s.pos {
		v.FieldByIndex(index).Set(reflect.ValueOf(at.pos))
	}
	for _, index := range s.path {
		v.FieldByIndex(index).SetString(path)
	}
	unknown := false
	at.clean = d.pairs(n, path, func(name string, key, value *yaml.Node) {
		f := s.byName[name]
		if f == nil {
			unknown = true
			d.fault(key, path, fmt.Sprintf("unknown key %q", shorten(name)), diag.DidYouMean(name, s.keys))
			return
		}
		at.keys = append(at.keys, Key{Name: name, Pos: d.position(key), Value: d.position(value)})
		if d.used != nil {
			d.used[exported(v.Type().Name())+"."+name] = true
		}
		d.member(value, v.FieldByIndex(f.index), join(path, name), f)
	}) && !unknown
	if n.Kind != yaml.MappingNode {
		return
	}
	for _, index := range s.key {
		v.FieldByIndex(index).Set(reflect.ValueOf(at.keys))
	}
	for i := range s.fields {
		if f := &s.fields[i]; f.required && at.clean && !at.keys.Has(f.name) {
			d.diags.Add(at.pos, path, fmt.Sprintf("the key %q is missing", f.name), "")
		}
	}
	if c, ok := v.Addr().Interface().(checker); ok {
		c.check(d, at)
	}
}

// member reads the value of a struct's key.
func (d *decoder) member(n *yaml.Node, v reflect.Value, path string, f *field) {
	if f.literal {
		saved := d.vars
		d.vars = nil
		defer func() { d.vars = saved }()
	}
	d.value(n, v, path, f)
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string, f *field) {
	if n.Kind != yaml.SequenceNode {
		d.fault(n, path, "must be a list, not "+nodeName(n), "")
		return
	}
	d.enough(n, len(n.Content), path, f)
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, member := range n.Content {
		d.value(member, v.Index(i), path+"["+strconv.Itoa(i)+"]", f)
	}
}

func (d *decoder) enough(n *yaml.Node, count int, path string, f *field) {
	if f != nil && count < f.minItems {
		d.fault(n, path, "is empty", "")
	}
}

func (d *decoder) dictionary(n *yaml.Node, v reflect.Value, path string, f *field) {
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(n, path, func(name string, key, value *yaml.Node) {
		d.checkName(key, name, path, f)
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(value, element, join(path, name), nil)
		v.SetMapIndex(reflect.ValueOf(name), element)
	})
}

// checkName checks a name that the file gives to something.
func (d *decoder) checkName(key *yaml.Node, name, path string, f *field) {
	if f == nil || f.names == "" {
		return
	}
	if pattern, words := namePattern(f.names); !d.matches(pattern, name) {
		d.fault(key, path, fmt.Sprintf("%q is not a name", shorten(name)), words)
	}
}

func (d *decoder) matches(pattern, name string) bool {
	compiled := d.names[pattern]
	if compiled == nil {
		compiled = regexp.MustCompile(pattern)
		d.names[pattern] = compiled
	}
	return compiled.MatchString(name)
}

func (d *decoder) basic(n *yaml.Node, v reflect.Value, path string, f *field) {
	t, ok := d.scalar(n, path)
	if !ok {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if f != nil && f.device {
			t.text = d.bound.device(t.text)
		}
		v.SetString(t.text)
		if f != nil && len(f.enum) > 0 && !slices.Contains(f.enum, t.text) {
			d.fault(n, path, fmt.Sprintf("unknown value %q", shorten(t.text)), diag.DidYouMean(t.text, f.enum))
		}
	case reflect.Bool:
		if t.isText() || t.text != "true" && t.text != "false" {
			d.fault(n, path, "must be true or false, not "+t.name(), "")
			return
		}
		v.SetBool(t.text == "true")
	case reflect.Int:
		if i, ok := d.integer(n, t, path); ok && d.inBounds(n, float64(i), path, f) {
			v.SetInt(i)
		}
	case reflect.Float64:
		if x, ok := d.number(n, t, path); ok && d.inBounds(n, x, path, f) {
			v.SetFloat(x)
		}
	}
}

func (d *decoder) integer(n *yaml.Node, t text, path string) (int64, bool) {
	i, err := strconv.ParseInt(t.text, 10, 32)
	if t.isText() || !isNumber(t.text) || strings.ContainsAny(t.text, ".eE") {
		d.fault(n, path, "must be a whole number, not "+t.name(), numberHint(t))
		return 0, false
	}
	if err != nil {
		d.fault(n, path, fmt.Sprintf("%s is too large", shorten(t.text)), "")
		return 0, false
	}
	return i, true
}

func (d *decoder) number(n *yaml.Node, t text, path string) (float64, bool) {
	if t.isText() || !isNumber(t.text) {
		d.fault(n, path, "must be a number, not "+t.name(), numberHint(t))
		return 0, false
	}
	x, err := strconv.ParseFloat(t.text, 64)
	if err != nil {
		d.fault(n, path, fmt.Sprintf("%s is too large", shorten(t.text)), "")
		return 0, false
	}
	return x, true
}

func numberHint(t text) string {
	if isNumber(t.text) && t.isText() {
		return "without the quotes"
	}
	if t.tag == "!!int" || t.tag == "!!float" {
		return "decimal digits, without leading zeros and underscores"
	}
	return ""
}

func (d *decoder) inBounds(n *yaml.Node, x float64, path string, f *field) bool {
	if f != nil && f.minimum != nil && x < *f.minimum {
		d.fault(n, path, fmt.Sprintf("%v is too small", x), fmt.Sprintf("at least %v", *f.minimum))
		return false
	}
	if f != nil && f.maximum != nil && x > *f.maximum {
		d.fault(n, path, fmt.Sprintf("%v is too large", x), fmt.Sprintf("at most %v", *f.maximum))
		return false
	}
	return true
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
