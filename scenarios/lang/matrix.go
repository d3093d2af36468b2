package lang

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// Matrix has the axes of a campaign: NAME: [values]. Each combination of their values is a cell: a run in
// which $NAME stands for the value. `exclude` lists combinations that are left out. An axis called firmware
// that is nowhere used as $firmware picks the version of the devices that name none.
type Matrix struct {
	Pos     diag.Position
	Axes    Ordered[[]Scalar]
	Exclude []Ordered[Scalar] // each leaves out the cells that have all these values
}

// Setting is the value of one axis in a cell.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

const (
	excludeKey = "exclude"
	maxCells   = 1000 // of a matrix
)

func (m *Matrix) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	m.Pos = d.position(n)
	d.pairs(n, path, func(name string, key, value *yaml.Node) {
		at := join(path, name)
		if name == excludeKey {
			m.decodeExclude(d, value, at)
			return
		}
		d.checkName(key, name, path, &field{names: "param"})
		m.Axes = append(m.Axes, Named[[]Scalar]{Pos: d.position(key), Name: name, Value: d.axis(value, at)})
	})
	if n.Kind != yaml.MappingNode || d.faulty(path) {
		return
	}
	if len(m.Axes) == 0 {
		d.fault(n, path, "has no axis", "as in {firmware: [v1.4.0, v1.5.0]}")
		return
	}
	m.checkExclude(d, path)
	if m.count() > maxCells {
		d.fault(n, path, fmt.Sprintf("has more than %d cells", maxCells), "")
		return
	}
	if !d.faulty(path) && len(m.Cells(nil)) == 0 {
		d.fault(n, path, "every cell is excluded", "")
	}
}

// count returns how many cells there are with the excluded ones, or a number above maxCells.
func (m *Matrix) count() int {
	cells := 1
	for _, axis := range m.Axes {
		if cells *= len(axis.Value); cells > maxCells {
			return cells
		}
	}
	return cells
}

// axis reads the values of an axis.
func (d *decoder) axis(n *yaml.Node, path string) []Scalar {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		d.fault(n, path, "an axis is a list of values", "as in [v1.4.0, v1.5.0]")
		return nil
	}
	if len(n.Content) > maxCells {
		d.fault(n, path, fmt.Sprintf("has more than %d values", maxCells), "")
		return nil
	}
	values := make([]Scalar, len(n.Content))
	for i, member := range n.Content {
		at := path + "[" + strconv.Itoa(i) + "]"
		if inner, ok := d.enter(member, at); ok {
			values[i].decode(d, inner, at, nil)
			d.leave(inner)
		}
		if slices.ContainsFunc(values[:i], func(s Scalar) bool { return s.Text == values[i].Text }) {
			d.fault(member, at, values[i].Text+" is in the list twice", "")
		}
	}
	return values
}

func (m *Matrix) decodeExclude(d *decoder, n *yaml.Node, path string) {
	if n.Kind != yaml.SequenceNode {
		d.fault(n, path, "must be a list, not "+nodeName(n), "as in [{firmware: v1.4.0, backend: v8}]")
		return
	}
	for i, member := range n.Content {
		var cells Ordered[Scalar]
		at := path + "[" + strconv.Itoa(i) + "]"
		if inner, ok := d.enter(member, at); ok {
			cells.decode(d, inner, at, nil)
			d.leave(inner)
		}
		if member.Kind == yaml.MappingNode && len(member.Content) == 0 {
			d.fault(member, at, "is empty", "it would leave out every cell")
		}
		m.Exclude = append(m.Exclude, cells)
	}
}

// checkExclude reports what no cell has.
func (m *Matrix) checkExclude(d *decoder, path string) {
	for i, excluded := range m.Exclude {
		at := join(path, fmt.Sprintf("%s[%d]", excludeKey, i))
		for _, s := range excluded {
			values, ok := m.Axes.Get(s.Name)
			if !ok {
				d.diags.Add(s.Pos, at, fmt.Sprintf("the matrix has no axis %q", s.Name), diag.DidYouMean(s.Name, m.Axes.Names()))
			} else if !slices.ContainsFunc(values, func(v Scalar) bool { return v.Text == s.Value.Text }) {
				d.diags.Add(s.Value.Pos, join(at, s.Name), fmt.Sprintf("%s is never %q", s.Name, s.Value.Text), diag.DidYouMean(s.Value.Text, texts(values)))
			}
		}
	}
}

func texts(values []Scalar) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = v.Text
	}
	return all
}

// Cells returns the cells that are not excluded, and that have the values in set where that names an axis: in the
// order of the file, the last axis fastest. A nil matrix has one cell without axes.
func (m *Matrix) Cells(set map[string]string) [][]Setting {
	cells := [][]Setting{nil}
	if m == nil {
		return cells
	}
	for _, axis := range m.Axes {
		var longer [][]Setting
		for _, cell := range cells {
			for _, value := range axis.Value {
				if want, given := set[axis.Name]; given && want != value.Text {
					continue
				}
				longer = append(longer, append(slices.Clip(cell), Setting{axis.Name, value.Text}))
			}
		}
		cells = longer
	}
	return slices.DeleteFunc(cells, m.excludes)
}

func (m *Matrix) excludes(cell []Setting) bool {
	return slices.ContainsFunc(m.Exclude, func(excluded Ordered[Scalar]) bool {
		for _, s := range cell {
			if v, ok := excluded.Get(s.Name); ok && v.Text != s.Value {
				return false
			}
		}
		return len(excluded) > 0
	})
}

// cell returns the cell to read a scenario for, the first one with what is set, and its values as params.
func (d *decoder) cell(m *Matrix, params map[string]Scalar, set map[string]string) []Setting {
	for _, axis := range m.Axes {
		if _, taken := params[axis.Name]; taken {
			d.diags.Add(axis.Pos, "matrix", axis.Name+" is a param too", "another name for one of them")
		}
		if value, given := set[axis.Name]; given && !slices.Contains(texts(axis.Value), value) {
			d.diags.Add(diag.Position{File: d.file}, "", fmt.Sprintf("--set %s=%s: the matrix has no such value", axis.Name, value), diag.DidYouMean(value, texts(axis.Value)))
			set = maps.Clone(set)
			delete(set, axis.Name)
		}
	}
	cells := [][]Setting{nil}
	if m.count() <= maxCells { // else it was refused, and there may be millions
		cells = m.Cells(set)
	}
	if len(cells) == 0 {
		if len(m.Cells(nil)) > 0 {
			d.diags.Add(diag.Position{File: d.file}, "", "the matrix excludes what --set asks for", "")
		}
		cells = append(cells, nil)
	}
	for _, axis := range m.Axes {
		for _, v := range slices.Backward(axis.Value) {
			if !slices.ContainsFunc(cells[0], func(s Setting) bool { return s.Name == axis.Name && s.Value != v.Text }) {
				params[axis.Name] = v
			}
		}
	}
	return cells[0]
}

// CellText is a cell in one line: firmware=v1.4.0 backend=v7.
func CellText(cell []Setting) string {
	words := make([]string, len(cell))
	for i, s := range cell {
		words[i] = s.Name + "=" + s.Value
	}
	return strings.Join(words, " ")
}

func (*Matrix) schema(g *generator, _ *field) *jsonschema.Schema {
	one := uint64(1)
	values := &jsonschema.Schema{Type: "array", Items: g.anyScalar(), MinItems: &one}
	cell := &jsonschema.Schema{Type: "object", AdditionalProperties: g.anyScalar(), MinProperties: &one}
	s := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: values, MinProperties: &one}
	s.Properties.Set(excludeKey, &jsonschema.Schema{Type: "array", Items: cell, Description: "cells to leave out: those that have all the values of an entry"})
	return s
}
