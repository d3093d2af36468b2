package lang

import (
	"bytes"
	"maps"
	"reflect"
	"slices"

	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// Options are what a file is read with.
type Options struct {
	// Set replaces the values of a scenario's params, as --set name=value does. A name that the
	// scenario does not declare is a fault.
	Set map[string]string
	// Params are the values of $name in a file of steps: those of the scenario that includes it.
	Params map[string]Scalar
	// DefaultWithin says that the scenario that includes a file of steps has a default_within.
	DefaultWithin bool
	// Bound has what the names stand for that the each gives from which a file of steps is included.
	Bound Bound
}

// ParseScenario reads a scenario file. file names it in positions. Every fault of the file is in the
// list, in order; the scenario is then what could be read of it, and nil where that is nothing.
func ParseScenario(file string, data []byte, opts Options) (*Scenario, diag.List) {
	d := newDecoder(file, data, nil)
	root := tree(file, data, &d.diags)
	if root == nil || d.wrongFile(root, "scenario", "kind", "steps") {
		return nil, d.sorted()
	}
	params, cell := d.params(root, opts.Set)
	d.vars = newVars(params)
	d.defaultWithin = child(root, "default_within") != nil
	var s Scenario
	d.value(root, reflect.ValueOf(&s).Elem(), "", nil)
	s.Params, s.Cell, s.Uses = params, cell, d.vars.uses
	return &s, d.sorted()
}

// ParseKind reads a kind file, as [ParseScenario] does a scenario. There are no variables in it.
func ParseKind(file string, data []byte) (*Kind, diag.List) {
	d := newDecoder(file, data, nil)
	root := tree(file, data, &d.diags)
	if root == nil || d.wrongFile(root, "kind", "scenario", "steps") {
		return nil, d.sorted()
	}
	var k Kind
	d.value(root, reflect.ValueOf(&k).Elem(), "", nil)
	return &k, d.sorted()
}

// ParseSteps reads a file of steps that a scenario includes.
func ParseSteps(file string, data []byte, opts Options) (*StepsFile, diag.List) {
	d := newDecoder(file, data, newVars(opts.Params))
	root := tree(file, data, &d.diags)
	if root == nil || d.wrongFile(root, "steps", "scenario", "kind") {
		return nil, d.sorted()
	}
	d.defaultWithin = opts.DefaultWithin
	for _, name := range sortedKeys(opts.Bound) {
		d.bindDevice(name, opts.Bound[name])
	}
	var s StepsFile
	uses := d.vars.uses
	d.value(root, reflect.ValueOf(&s).Elem(), "", nil)
	s.Uses = uses
	return &s, d.sorted()
}

// FileType tells which file data is by its keys: scenario, kind or steps; "" where it is none of
// these. It looks at the text first, so that a file with a fault in it is known too.
func FileType(data []byte) string {
	types := []string{"scenario", "kind", "steps"}
	for _, name := range types {
		key := []byte(name + ":")
		if bytes.HasPrefix(data, key) || bytes.Contains(data, append([]byte("\n"), key...)) {
			return name
		}
	}
	var ignored diag.List
	if root := tree("", data, &ignored); root != nil {
		for _, name := range types {
			if child(root, name) != nil {
				return name
			}
		}
	}
	return ""
}

// IsScenario reports whether a file can be read and is a scenario, be it a faulty one.
func IsScenario(path string) bool {
	data, err := ReadFile(path)
	return err == nil && FileType(data) == "scenario"
}

func (d *decoder) sorted() diag.List {
	d.diags.Sort()
	return d.diags
}

// wrongFile reports a file of another type as that, instead of as a hundred unknown keys.
func (d *decoder) wrongFile(root *yaml.Node, want string, others ...string) bool {
	if child(root, want) != nil && (want != "steps" || child(root, "scenario") == nil) {
		return false
	}
	for _, other := range others {
		if n := child(root, other); n != nil && (other != "steps" || child(root, "devices") == nil) {
			d.fault(root, "", "this is a "+other+" file, not a "+want+" file", "")
			return true
		}
	}
	return false
}

// params reads the params and the matrix, and puts in what was set, and the values of a cell. Their faults are
// reported with the rest of the file.
func (d *decoder) params(root *yaml.Node, set map[string]string) (map[string]Scalar, []Setting) {
	values := map[string]Scalar{}
	var matrix Matrix
	if n := child(root, "matrix"); n != nil {
		quiet := newDecoder(d.file, d.data, nil)
		quiet.value(n, reflect.ValueOf(&matrix).Elem(), "matrix", nil)
	}
	if n := child(root, "params"); n != nil {
		quiet := newDecoder(d.file, d.data, nil)
		quiet.value(n, reflect.ValueOf(&values).Elem(), "params", nil)
	}
	declared := slices.Sorted(maps.Keys(values))
	cell := d.cell(&matrix, values, set)
	declared = append(declared, matrix.Axes.Names()...)
	for _, name := range slices.Sorted(maps.Keys(set)) {
		pos := diag.Position{File: d.file}
		before, ok := values[name]
		if _, axis := matrix.Axes.Get(name); axis {
			continue // the cell has it
		}
		if !ok {
			hint := diag.DidYouMean(name, declared)
			if hint == "" {
				hint = "it declares none"
			}
			d.diags.Add(pos, "", "--set "+name+": the scenario has no such param", hint)
			continue
		}
		values[name] = Scalar{Text: set[name], Pos: before.Pos, quoted: before.quoted}
	}
	return values, cell
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// child returns the value of a key of a mapping, or nil.
func child(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}
