package lang

import "github.com/twinrig/twinrig/internal/diag"

// Battery is what a device takes its power from, and how much it takes. The currents of radio and listen
// come on top of sleep or active.
type Battery struct {
	Pos      diag.Position `yaml:"-"`
	Keys     Keys          `yaml:"-"`
	Capacity *Charge       `yaml:"capacity" jsonschema:"required"` // of a full battery, as in 2600mAh
	Sleep    *Current      `yaml:"sleep" jsonschema:"required"`    // current while the device sleeps
	Active   *Current      `yaml:"active" jsonschema:"required"`   // current while its processor is awake, in the place of sleep
	Radio    *Current      `yaml:"radio"`                          // current while bytes are in the air, beside the others; default 0A
	Rate     *BitRate      `yaml:"rate"`                           // of the radio, which says how long bytes are in the air; default: they take no time
	Tail     *Duration     `yaml:"tail"`                           // how long the radio stays up after the last byte, as LTE-M does; default 0s
	Listen   *Current      `yaml:"listen"`                         // current in the tail, in the place of radio; default: that of radio
	Wake     *Duration     `yaml:"wake"`                           // how long the processor is awake each time something wakes it; default 5ms
}

func (b *Battery) check(d *decoder, at mapping) {
	if b.Capacity != nil && b.Capacity.Nanocoulombs < 1 && !d.faulty(join(at.path, "capacity")) {
		at.add(d, "capacity", "a battery holds more than nothing", "leave battery out for a device on the mains")
	}
	for _, key := range at.keys.among("rate", "tail", "listen") {
		if b.Radio == nil && !at.keys.Has("radio") {
			at.add(d, key, key+" needs radio", "as in {radio: 110mA, "+key+": …}")
		}
	}
	if b.Wake != nil && b.Wake.Duration == 0 {
		d.positive(b.Wake.Pos, join(at.path, "wake"), "a wake-up")
	}
}
