package lang

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
)

// field is one key of a mapping, as the struct tags describe it. The decoder and the schema both
// go by it, so that they cannot disagree.
type field struct {
	name     string
	index    []int // as reflect's FieldByIndex has it
	owner    reflect.Type
	goName   string
	required bool
	enum     []string
	minimum  *float64
	maximum  *float64
	minItems int
	names    string // of the keys below it: which names are allowed, see namePattern
	literal  bool   // $name is not replaced
	device   bool   // it names a device, or a part of one: the name that each gives stands for it
}

// shape is what a struct looks like as a mapping.
type shape struct {
	fields []field
	keys   []string
	byName map[string]*field
	pos    [][]int // fields that take the mapping's position
	key    [][]int // fields that take the positions of its keys
	path   [][]int
}

func shapeOf(t reflect.Type) *shape {
	s := &shape{byName: map[string]*field{}}
	s.collect(t, nil)
	for i := range s.fields {
		s.byName[s.fields[i].name] = &s.fields[i]
		s.keys = append(s.keys, s.fields[i].name)
	}
	return s
}

func (s *shape) collect(t reflect.Type, at []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int(nil), at...), i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case f.Type == reflect.TypeFor[diag.Position]():
			s.pos = append(s.pos, index)
		case f.Type == reflect.TypeFor[Keys]():
			s.key = append(s.key, index)
		case name == "-" && f.Name == "Path":
			s.path = append(s.path, index)
		case options == "inline":
			s.collect(f.Type, index)
		case name != "" && name != "-":
			s.fields = append(s.fields, newField(t, f, name, index))
		}
	}
}

func newField(owner reflect.Type, f reflect.StructField, name string, index []int) field {
	result := field{name: name, index: index, owner: owner, goName: f.Name, names: f.Tag.Get("names"), literal: f.Tag.Get("vars") == "no", device: f.Tag.Get("ref") == "device"}
	for rule := range strings.SplitSeq(f.Tag.Get("jsonschema"), ",") {
		key, value, _ := strings.Cut(rule, "=")
		switch key {
		case "required":
			result.required = true
		case "enum":
			result.enum = append(result.enum, value)
		case "minimum":
			result.minimum = number(value)
		case "maximum":
			result.maximum = number(value)
		case "minItems":
			result.minItems, _ = strconv.Atoi(value)
		}
	}
	return result
}

func number(text string) *float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil
	}
	return &v
}

// namePattern returns the pattern that names of this sort must match, and how to say it.
func namePattern(sort string) (pattern, words string) {
	switch sort {
	case "device", "part": // topics, device.PIN and expressions are made of these
		return `^[A-Za-z_][A-Za-z0-9_-]{0,63}$`, "a letter, then letters, digits, _ and -, at most 64 in all"
	case "param":
		return `^[A-Za-z_][A-Za-z0-9_]{0,63}$`, "a letter, then letters, digits and _, at most 64 in all"
	case "version":
		return `^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$`, "letters, digits, and . _ + - behind the first, at most 64 in all"
	}
	return "", ""
}
