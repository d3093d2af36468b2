package lang

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// Sensor is a quantity that the firmware reads. Sensors with the same part, bus and address are one chip.
type Sensor struct {
	Pos      diag.Position `yaml:"-"`
	Keys     Keys          `yaml:"-"`
	Unit     string        `yaml:"unit" jsonschema:"required"`   // the unit of its values
	Range    []float64     `yaml:"range"`                        // lowest and highest value that can be sensed; default with a part: what the part can measure
	Initial  *float64      `yaml:"initial"`                      // before the first sense; default: 0, or the end of range nearest to it
	Noise    float64       `yaml:"noise" jsonschema:"minimum=0"` // standard deviation of what is read, in the unit; default 0
	Part     string        `yaml:"part"`                         // the chip that measures it, at register level; default: none, the firmware is handed the value
	Bus      string        `yaml:"bus"`                          // name of the bus that the part is on, as the firmware asks for it
	Address  *Address      `yaml:"address"`                      // of the part: I²C address, 1-Wire serial number, SPI chip select; default: the lowest that the part can have
	Measures string        `yaml:"measures"`                     // which quantity of the part it is; default: the one of the sensor's name, else the part's first
	Volts    []float64     `yaml:"volts"`                        // what a converter's input has at the two ends of range; default, with the unit V: the value
	Vref     *float64      `yaml:"vref"`                         // volts at a converter's reference input; default 3.3
}

// Address is an address on a bus, decimal or hexadecimal: 118 or 0x76.
type Address struct {
	Value uint64
	Pos   diag.Position
}

// addressPattern is what an address looks like.
var addressPattern = regexp.MustCompile(`^(0|[1-9][0-9]*|0x[0-9a-fA-F]+)$`)

func (a *Address) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	a.Pos = d.position(n)
	t, ok := d.scalar(n, path)
	if !ok {
		return
	}
	v, err := strconv.ParseUint(t.text, 0, 64)
	switch {
	case !addressPattern.MatchString(t.text):
		d.fault(n, path, "must be an address, not "+t.name(), "as in 0x76 or 118")
	case err != nil:
		d.fault(n, path, fmt.Sprintf("%s is too large", shorten(t.text)), "")
	}
	a.Value = v
}

func (*Address) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.define("Address", func() *jsonschema.Schema {
		text := &jsonschema.Schema{Type: "string", Pattern: addressPattern.String()}
		number := &jsonschema.Schema{Type: "integer", Minimum: "0"}
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{number, text}, Description: g.comments["Address"], Examples: []any{"0x76"}}
	})
}

func (s *Sensor) check(d *decoder, at mapping) {
	s.checkPart(d, at)
	if !at.keys.Has("range") || d.faulty(join(at.path, "range")) {
		if at.keys.Has("volts") && at.keys.Has("part") && !at.keys.Has("range") {
			at.add(d, "volts", "volts needs range", "the values at which the input has these volts")
		}
		return
	}
	if len(s.Range) != 2 {
		at.add(d, "range", fmt.Sprintf("a range has 2 values, not %d", len(s.Range)), "the lowest and the highest, as in [-40, 85]")
		return
	}
	low, high := s.Range[0], s.Range[1]
	if low >= high {
		at.add(d, "range", fmt.Sprintf("the range from %v to %v is empty", low, high), "the lowest value comes first")
		return
	}
	if s.Initial != nil && (*s.Initial < low || *s.Initial > high) {
		at.add(d, "initial", fmt.Sprintf("%v is outside the range from %v to %v", *s.Initial, low, high), "")
	}
}

func (s *Sensor) checkPart(d *decoder, at mapping) {
	if !at.keys.Has("part") {
		for _, key := range at.keys.among("bus", "address", "measures", "volts", "vref") {
			at.add(d, key, key+" needs part", "as in {part: bme280, bus: i2c0, address: 0x76}")
		}
		return
	}
	if !at.keys.Has("bus") && at.clean {
		d.diags.Add(at.pos, at.path, "a part needs a bus", "as in {part: bme280, bus: i2c0, address: 0x76}")
	}
	if at.keys.Has("bus") && s.Bus == "" {
		at.add(d, "bus", "is empty", "")
	}
	if at.keys.Has("volts") && !d.faulty(join(at.path, "volts")) && (len(s.Volts) != 2 || s.Volts[0] == s.Volts[1]) {
		at.add(d, "volts", "volts has 2 different values", "at the lowest and the highest value of range, as in [0.5, 2.5]")
	}
	if s.Vref != nil && *s.Vref <= 0 {
		at.add(d, "vref", fmt.Sprintf("a reference of %v V converts nothing", *s.Vref), "")
	}
}

func (*Sensor) extend(s *jsonschema.Schema) {
	needs := map[string][]string{"part": {"bus"}, "volts": {"part", "range"}}
	for _, key := range []string{"bus", "address", "measures", "vref"} {
		needs[key] = []string{"part"}
	}
	s.DependentRequired = needs
}
