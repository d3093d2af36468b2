package lang

import (
	"fmt"
	"strings"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// Place is a part of the environment: quantities by name, each of which drives sensors of devices.
type Place struct {
	Pos        diag.Position
	Quantities Ordered[Ambient]
}

// Ambient is a quantity of a place. `sense: {PLACE.QUANTITY: …}` changes it for all sensors that it drives.
type Ambient struct {
	Pos     diag.Position    `yaml:"-"`
	Keys    Keys             `yaml:"-"`
	Drives  OneOrMany        `yaml:"drives" jsonschema:"required"` // the sensors that measure it, as device.sensor; of a fleet all members
	Sense   *SenseValue      `yaml:"sense"`                        // what it is from the start of the run, as in the step sense; default: what the sensors begin with
	Offsets Ordered[float64] `yaml:"offsets"`                      // device.sensor: how much more than the quantity it measures there; default 0
}

func (p *Place) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	p.Pos = d.position(n)
	p.Quantities.decode(d, n, path, &field{names: "part", minItems: 1})
}

func (*Place) schema(g *generator, _ *field) *jsonschema.Schema {
	s := (*Ordered[Ambient])(nil).schema(g, &field{names: "part", minItems: 1})
	s.Description = g.comments["Place"]
	return s
}

func (a *Ambient) check(d *decoder, at mapping) {
	if s := a.Sense; s != nil && s.Fault != "" {
		d.diags.Add(s.Pos, join(at.path, "sense"), fmt.Sprintf("a place cannot be %s", s.Fault), "a fault is a sensor's: say it of device.sensor in a step")
	} else if s != nil && s.Noise != nil {
		d.diags.Add(s.Pos, join(at.path, "sense"), "a place has no noise", "noise is a sensor's: say it in the kind, or of device.sensor in a step")
	}
	seen := map[string]bool{}
	for _, ref := range a.Drives {
		if seen[ref.Text] {
			d.diags.Add(ref.Pos, join(at.path, "drives"), fmt.Sprintf("%s stands here twice", shorten(ref.Text)), "")
		}
		seen[ref.Text] = true
	}
	for _, o := range a.Offsets {
		if !seen[o.Name] {
			names := make([]string, len(a.Drives))
			for i, ref := range a.Drives {
				names[i] = ref.Text
			}
			d.diags.Add(o.Pos, join(at.path, "offsets"), fmt.Sprintf("%q is not among the sensors that are driven", shorten(o.Name)), "drives: "+strings.Join(names, ", "))
		}
	}
}
