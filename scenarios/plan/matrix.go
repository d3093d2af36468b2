package plan

import (
	"fmt"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// matrix makes sure that every axis makes a difference: it is used as $name, or it is called firmware and picks
// the version of devices that name none.
func (l *loader) matrix() {
	s := l.plan.Scenario
	uses := func(name string) bool {
		for _, file := range l.steps {
			if file != nil && file.Uses[name] {
				return true
			}
		}
		return s.Uses[name]
	}
	for _, axis := range s.Matrix.Axes {
		switch {
		case uses(axis.Name):
		case axis.Name == "firmware":
			l.pickFirmware(axis)
		default:
			l.diags.Add(axis.Pos, "matrix."+axis.Name, fmt.Sprintf("nothing uses $%s, so that its cells are the same run", axis.Name), "put it where its value belongs, or leave the axis out")
		}
	}
}

// pickFirmware gives the devices that name no firmware the version of the cell.
func (l *loader) pickFirmware(axis lang.Named[[]lang.Scalar]) {
	chosen := l.plan.Scenario.Params[axis.Name]
	picked := false
	for i := range l.plan.Devices {
		device := &l.plan.Devices[i]
		name := device.Name
		if device.Fleet != "" {
			name = device.Fleet
		}
		d, _ := l.plan.Scenario.Devices.Get(name)
		if d.Keys.Has("firmware") || device.Kind == nil {
			continue
		}
		picked = true
		d.Firmware = chosen.Text
		d.Keys = append(d.Keys, lang.Key{Name: "firmware", Pos: axis.Pos, Value: chosen.Pos})
		l.version(device, &d, "matrix")
	}
	if !picked {
		l.diags.Add(axis.Pos, "matrix.firmware", "every device names its firmware, so that the cells are the same run", "firmware: $firmware, or leave it out")
	}
}
