package lang

import (
	"fmt"
	"math"
	"strings"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// Label is the value of a label: text; or, for a fleet, {berlin: 30%, oslo: 70%}: the shares of the members
// that have each value, rounded by the largest remainder.
type Label struct {
	Pos    diag.Position
	Value  string
	Shares Ordered[Percent] // nil: every member has Value
}

func (l *Label) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	l.Pos = d.position(n)
	if n.Kind == yaml.MappingNode {
		l.Shares.decode(d, n, path, nil)
		l.checkShares(d, n, path)
		return
	}
	t, ok := d.scalar(n, path)
	if ok && t.text == "" {
		d.fault(n, path, "is empty", "")
	}
	l.Value = t.text
}

// checkShares reports shares that are not all of the fleet.
func (l *Label) checkShares(d *decoder, n *yaml.Node, path string) {
	if d.faulty(path) {
		return
	}
	sum := 0.0
	for _, share := range l.Shares {
		sum += share.Value.Fraction
	}
	if math.Abs(sum-1) > 1e-9 {
		d.fault(n, path, fmt.Sprintf("the shares come to %.6g%%, not to 100%%", sum*100), "")
	}
}

func (*Label) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.define("Label", func() *jsonschema.Schema {
		one := uint64(1)
		percent := (*Percent)(nil).schema(g, nil)
		shares := &jsonschema.Schema{Type: "object", AdditionalProperties: percent, MinProperties: &one}
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{g.anyScalar(), shares}, Description: g.comments["Label"]}
	})
}

// check holds for a device: what only a fleet has.
func (v *Device) check(d *decoder, at mapping) {
	if at.keys.Has("count") {
		return
	}
	if at.keys.Has("spread") {
		at.add(d, "spread", "spread is for fleets", "count: 500 makes one")
	}
	for _, label := range v.Labels {
		if label.Value.Shares != nil {
			d.diags.Add(label.Value.Pos, join(at.path, "labels."+label.Name), "shares are for fleets", "count: 500 makes one; a single device has one value")
		}
	}
}

// SplitMember cuts fleet[3] into the name of the fleet and the number of the member, from 1. ok is false for
// a name without a number.
func SplitMember(name string) (fleet string, number string, ok bool) {
	fleet, rest, ok := strings.Cut(name, "[")
	number, closed := strings.CutSuffix(rest, "]")
	return fleet, number, ok && closed
}
