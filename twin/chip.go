package twin

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/twinrig/twinrig/twin/sensor"
)

// chip is a sensor chip of the device; it outlives the boots, and forgets everything without power.
type chip struct {
	sensor.Chip
	part       sensor.Part
	bus        string
	address    uint64
	vref       float64
	quantities []*quantity
}

// mount makes the chips on which the sensors are. Sensors that name the same part, bus and address are
// one chip.
func (t *Twin) mount() error {
	for _, q := range t.sensors {
		if q.spec.Mount == nil {
			continue
		}
		m := *q.spec.Mount
		part, measured, err := m.Resolve()
		if err != nil {
			return fmt.Errorf("sensor %q: %w", q.spec.Name, err)
		}
		if m.Bus == "" {
			return fmt.Errorf("sensor %q: a %s needs a bus", q.spec.Name, part.Name)
		}
		c := t.chipAt(m.Bus, m.Address)
		if c == nil {
			c = &chip{part: part, bus: m.Bus, address: m.Address, vref: m.Vref}
			t.chips = append(t.chips, c)
		}
		switch {
		case c.part.Name != part.Name:
			return fmt.Errorf("sensor %q: a %s is at address %#x of %s already", q.spec.Name, c.part.Name, m.Address, m.Bus)
		case c.find(measured.Name) != nil:
			return fmt.Errorf("sensor %q: that %s measures %s for %q already", q.spec.Name, part.Name, measured.Name, c.find(measured.Name).spec.Name)
		}
		c.vref = max(c.vref, m.Vref)
		mounted := m
		mounted.Measures = measured.Name
		q.spec.Mount = &mounted
		c.quantities = append(c.quantities, q)
	}
	for i, c := range t.chips {
		for _, other := range t.chips[:i] {
			if other.bus == c.bus && other.part.Bus != c.part.Bus {
				return fmt.Errorf("%s is both %s and %s", c.bus, other.part.Bus, c.part.Bus)
			}
		}
		c.Chip = c.part.New(sensor.Board{Address: c.address, Vref: c.vref, Read: func(name string, at time.Time) float64 { return t.sample(c, name, at) }})
	}
	return nil
}

func (t *Twin) chipAt(bus string, address uint64) *chip {
	for _, c := range t.chips {
		if c.bus == bus && c.address == address {
			return c
		}
	}
	return nil
}

// chipsOn returns the chips on a bus of a kind, or an error that names those buses that there are.
func (t *Twin) chipsOn(kind sensor.Bus, bus string) ([]*chip, error) {
	var found []*chip
	var names []string
	for _, c := range t.chips {
		if c.part.Bus != kind {
			continue
		}
		if c.bus == bus {
			found = append(found, c)
		}
		if !slices.Contains(names, c.bus) {
			names = append(names, c.bus)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("twin: %s has no %s bus %q, only %q", t.cfg.Name, kind, bus, names)
	}
	return found, nil
}

func (c *chip) find(measures string) *quantity {
	for _, q := range c.quantities {
		if q.spec.Mount.Measures == measures {
			return q
		}
	}
	return nil
}

// sample is what the chip measures of a quantity, in the part's unit. What no sensor stands for has its
// default.
func (t *Twin) sample(c *chip, name string, at time.Time) float64 {
	q := c.find(name)
	spec, _ := c.part.Quantity(name)
	if q == nil {
		return spec.Default
	}
	v := q.spec.Mount.Quantity(t.reading(q, at))
	if math.IsNaN(v) {
		return spec.Min
	}
	return min(max(v, spec.Min), spec.Max)
}

// silent reports whether the chip does not answer, and counts that for the fault.
func (c *chip) silent() bool {
	silent := false
	for _, q := range c.quantities {
		if q.fault == SensorSilent {
			q.touched++
			silent = true
		}
	}
	return silent
}

// powerChips gives the chips power.
func (t *Twin) powerChips() {
	for _, c := range t.chips {
		c.PowerOn(time.Now())
	}
}
