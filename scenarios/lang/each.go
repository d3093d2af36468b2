package lang

import (
	"fmt"
	"maps"
	"reflect"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// Each does its steps once for every device, one device after the other. In the steps the name that As
// gives stands for the device wherever a device is named (d, d.PIN, in expressions too), and $d in any text.
type Each struct {
	Pos   diag.Position `yaml:"-"`
	Keys  Keys          `yaml:"-"`
	In    OneOrMany     `yaml:"in" jsonschema:"required"`               // a fleet, or a list of devices
	As    string        `yaml:"as" jsonschema:"required" vars:"no"`     // what the steps call the device
	Steps []Step        `yaml:"steps" jsonschema:"required,minItems=1"` // the steps, with As for a device

	Devices []string `yaml:"-"` // the devices that In stands for; package plan fills it in
	Files   []string `yaml:"-"` // the files that led to these steps, as package plan has them
	Checked [][]Step `yaml:"-"` // the steps for one device of each kind among Devices, for what is checked before the run

	bind func(device string) ([]Step, diag.List)
}

// Bound has the devices that the names given by each stand for.
type Bound map[string]string

// with returns the names and one more.
func (b Bound) with(name, device string) Bound {
	all := make(Bound, len(b)+1)
	maps.Copy(all, b)
	all[name] = device
	return all
}

// device returns a reference, d or d.PART, with the device in the place of the name that stands for it.
func (b Bound) device(ref string) string {
	name, part, dotted := strings.Cut(ref, ".")
	device, ok := b[name]
	switch {
	case !ok:
		return ref
	case dotted:
		return device + "." + part
	}
	return device
}

// Bind returns the steps for one device. They are made anew with each call, so that they need no memory
// before and after. The faults are those that depend on the device; what is wrong for every device is among
// the faults of the file.
func (e *Each) Bind(device string) ([]Step, diag.List) { return e.bind(device) }

// each is Each without its decode method.
type each Each

func (e *Each) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	if n.Kind != yaml.MappingNode {
		d.fault(n, path, "must be a mapping, not "+nodeName(n), "as in {in: fleet, as: d, steps: […]}")
		return
	}
	name := ""
	if as := child(n, "as"); as != nil && as.Kind == yaml.ScalarNode {
		name = as.Value
	} else if as != nil && as.Kind == yaml.AliasNode {
		name = as.Alias.Value
	}
	before := len(d.diags)
	outer := *d
	d.bindDevice(name, name)
	d.structure(n, reflect.ValueOf((*each)(e)).Elem(), path)
	d.vars, d.bound = outer.vars, outer.bound
	if pattern, words := namePattern("param"); e.As != "" && !d.matches(pattern, e.As) {
		d.diags.Add(e.Keys.At("as", e.Pos), join(path, "as"), fmt.Sprintf("%q is not a name", shorten(e.As)), words)
	}
	if _, taken := outer.vars.lookup(name); taken {
		d.diags.Add(e.Keys.At("as", e.Pos), join(path, "as"), fmt.Sprintf("$%s has a value already", name), "another name")
	}
	faulty := len(d.diags) > before
	steps := child(n, "steps")
	e.bind = func(device string) ([]Step, diag.List) {
		if steps == nil {
			return nil, nil
		}
		anew := newDecoder(outer.file, outer.data, outer.vars.unasked())
		anew.bound, anew.defaultWithin = outer.bound, outer.defaultWithin
		anew.bindDevice(name, device)
		var bound []Step
		anew.value(steps, reflect.ValueOf(&bound).Elem(), join(path, "steps"), nil)
		if faulty {
			return bound, nil
		}
		return bound, anew.sorted()
	}
}

// bindDevice lets name stand for a device in what is read from now on.
func (d *decoder) bindDevice(name, device string) {
	d.bound = d.bound.with(name, device)
	d.vars = d.vars.with(name, device)
}

// boundText says which devices the names stand for, for a step's text; nothing before they are known.
func (d *decoder) boundText() string {
	text := ""
	for _, name := range sortedKeys(d.bound) {
		if device := d.bound[name]; device != name {
			text += " (" + name + ": " + device + ")"
		}
	}
	return text
}
