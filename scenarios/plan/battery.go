package plan

import (
	"fmt"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// battery says what a device's battery holds at the start.
func (l *loader) battery(device *Device, d *lang.Device, path string) {
	if device.Kind.Battery != nil {
		device.Charged = 1
	}
	if d.Battery == nil {
		return
	}
	switch pos := d.Keys.At("battery", d.Pos); {
	case device.Kind.Battery == nil:
		l.diags.Add(pos, path+".battery", fmt.Sprintf("the kind %s has no battery", device.Kind.Kind), "battery: {capacity: 2600mAh, sleep: 12µA, active: 6mA}")
	case d.Battery.Fraction == 0:
		l.diags.Add(pos, path+".battery", "with an empty battery the device could not be powered on", "above 0%")
	default:
		device.Charged = d.Battery.Fraction
	}
}
