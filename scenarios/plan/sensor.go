package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/twin/sensor"
)

// defaultVref is a converter's reference in volts.
const defaultVref = 3.3

// sensors checks the parts of a kind and gives each sensor its mount; where a sensor has no range, it
// has the part's.
func (l *loader) sensors(kind *lang.Kind) {
	mounts := map[string]*sensor.Mount{}
	for i := range kind.Sensors {
		s := &kind.Sensors[i]
		if s.Value.Part != "" && s.Value.Bus != "" {
			if m := l.mount(s.Name, &s.Value); m != nil {
				mounts[s.Name] = m
			}
		}
	}
	l.plan.mounts[kind] = mounts
	l.chips(kind, mounts)
}

// Mount returns the chip that a sensor of a kind is on, or nil where it is a plain quantity.
func (p *Plan) Mount(kind *lang.Kind, name string) *sensor.Mount { return p.mounts[kind][name] }

func (l *loader) mount(name string, s *lang.Sensor) *sensor.Mount {
	path := "sensors." + name
	fault := func(key, message, hint string) *sensor.Mount {
		l.diags.Add(s.Keys.At(key, s.Pos), path+"."+key, message, hint)
		return nil
	}
	part, ok := sensor.Find(s.Part)
	if !ok {
		return fault("part", fmt.Sprintf("there is no part %q", s.Part), diag.DidYouMean(s.Part, partNames()))
	}
	m := &sensor.Mount{Part: s.Part, Bus: s.Bus, Address: part.Addresses.Min, Measures: s.Measures, Vref: defaultVref}
	if s.Address != nil {
		m.Address = s.Address.Value
	}
	if a := part.Addresses; m.Address < a.Min || m.Address > a.Max {
		return fault("address", fmt.Sprintf("a %s cannot have the address %#x", part.Name, m.Address), addressHint(part))
	}
	if s.Vref != nil {
		m.Vref = *s.Vref
	}
	if m.Measures == "" {
		m.Measures = part.Quantities[0].Name
		if _, has := part.Quantity(name); has {
			m.Measures = name
		}
	}
	quantity, ok := part.Quantity(m.Measures)
	if !ok {
		return fault("measures", fmt.Sprintf("a %s does not measure %q", part.Name, m.Measures), diag.DidYouMean(m.Measures, quantityNames(part)))
	}
	if quantity.Unit == "V" {
		quantity.Max = m.Vref
	} else {
		for _, key := range []string{"vref", "volts"} {
			if s.Keys.Has(key) {
				return fault(key, fmt.Sprintf("%s is for converters; a %s measures %s itself", key, part.Name, quantity.Name), "")
			}
		}
	}
	if !l.scale(m, s, quantity, path) {
		return nil
	}
	return l.partRange(m, s, quantity, path)
}

// scale finds what the part's quantity is for a value of the sensor.
func (l *loader) scale(m *sensor.Mount, s *lang.Sensor, q sensor.Quantity, path string) bool {
	if len(s.Volts) == 2 && len(s.Range) == 2 {
		m.Scale = (s.Volts[1] - s.Volts[0]) / (s.Range[1] - s.Range[0])
		m.Offset = s.Volts[0] - s.Range[0]*m.Scale
		return true
	}
	factor, ok := q.Factor(s.Unit)
	if ok {
		m.Scale = factor
		return true
	}
	hint := "one of " + strings.Join(append([]string{q.Unit}, slices.Sorted(maps.Keys(q.Also))...), ", ")
	if q.Unit == "V" {
		hint = "say what the input has at the ends of range, as in volts: [0.5, 2.5]"
	}
	l.diags.Add(s.Keys.At("unit", s.Pos), path+".unit", fmt.Sprintf("a %s measures %s in %s, not in %s", m.Part, q.Name, q.Unit, s.Unit), hint)
	return false
}

// partRange holds the sensor's range against what the part can measure.
func (l *loader) partRange(m *sensor.Mount, s *lang.Sensor, q sensor.Quantity, path string) *sensor.Mount {
	low, high := m.Value(q.Min), m.Value(q.Max)
	if low > high {
		low, high = high, low
	}
	if len(s.Range) == 0 {
		s.Range = []float64{low, high}
		if s.Initial != nil && (*s.Initial < low || *s.Initial > high) {
			l.diags.Add(s.Keys.At("initial", s.Pos), path+".initial", fmt.Sprintf("%v is outside what a %s can measure", *s.Initial, m.Part), fmt.Sprintf("%.6g to %.6g", low, high))
			return nil
		}
		return m
	}
	const rounding = 1e-9
	for i, v := range s.Range {
		if slack := rounding * (high - low); v < low-slack || v > high+slack {
			key := "range"
			if len(s.Volts) == 2 {
				key = "volts"
			}
			l.diags.Add(s.Keys.At(key, s.Pos), fmt.Sprintf("%s.%s[%d]", path, key, i), fmt.Sprintf("%v %s is beyond what a %s can measure", v, s.Unit, m.Part),
				fmt.Sprintf("%.6g to %.6g", low, high))
			return nil
		}
	}
	return m
}

// chips checks that what is at one address is one chip, and that a bus is of one kind.
func (l *loader) chips(kind *lang.Kind, mounts map[string]*sensor.Mount) {
	first := map[string]string{} // bus and address, with the quantity or without; bus: the sensor that had it first
	for _, s := range kind.Sensors {
		m := mounts[s.Name]
		if m == nil {
			continue
		}
		part, _ := sensor.Find(m.Part)
		path := "sensors." + s.Name
		at := fmt.Sprintf("%s %#x", m.Bus, m.Address)
		quantity := at + " " + m.Measures
		other, taken := first[at]
		bus, onBus := first[m.Bus]
		switch measured, twice := first[quantity]; {
		case onBus && busOf(mounts[bus]) != part.Bus:
			l.diags.Add(s.Value.Keys.At("bus", s.Pos), path+".bus", fmt.Sprintf("%s is an %s bus for %s, and a %s is on %s", m.Bus, busOf(mounts[bus]), bus, part.Name, part.Bus), "each bus has its own name")
		case taken && mounts[other].Part != m.Part:
			l.diags.Add(s.Value.Keys.At("address", s.Pos), path+".address", fmt.Sprintf("at %#x of %s is the %s of %s already", m.Address, m.Bus, mounts[other].Part, other), addressHint(part))
		case twice:
			l.diags.Add(s.Value.Keys.At("measures", s.Pos), path+".measures", fmt.Sprintf("%s measures the %s of that %s already", measured, m.Measures, part.Name), "another quantity: "+strings.Join(quantityNames(part), ", ")+"; or another address")
		case taken && mounts[other].Vref != m.Vref:
			l.diags.Add(s.Value.Keys.At("vref", s.Pos), path+".vref", fmt.Sprintf("%v V, but for %s the same chip has %v V", m.Vref, other, mounts[other].Vref), "a chip has one reference")
		}
		for _, key := range []string{at, quantity, m.Bus} {
			if _, ok := first[key]; !ok {
				first[key] = s.Name
			}
		}
	}
}

func busOf(m *sensor.Mount) sensor.Bus {
	part, _ := sensor.Find(m.Part)
	return part.Bus
}

func addressHint(p sensor.Part) string {
	return fmt.Sprintf("%#x to %#x", p.Addresses.Min, p.Addresses.Max)
}

func partNames() []string {
	var names []string
	for _, p := range sensor.Parts() {
		names = append(names, p.Name)
	}
	return names
}

func quantityNames(p sensor.Part) []string {
	var names []string
	for _, q := range p.Quantities {
		names = append(names, q.Name)
	}
	return names
}
