package plan

import (
	"fmt"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// fault checks that a device has what a fault is about.
func (l *loader) fault(f lang.Named[lang.Fault], path string) {
	path += "." + f.Name
	device := l.devicesNamed(f.Name, f.Pos, path)
	if device == nil || device.Kind == nil {
		return
	}
	kind, at := device.Kind, path+"."+f.Value.Name()
	pos := f.Value.Keys.At(f.Value.Name(), f.Value.Pos)
	lacks := func(missing bool, what, hint string) {
		if missing {
			l.diags.Add(pos, at, fmt.Sprintf("the kind %s has no %s", kind.Kind, what), hint)
		}
	}
	noFlash := kind.Resources == nil || kind.Resources.Flash == nil
	switch f.Value.Name() {
	case "brown_out":
		if pin := f.Value.BrownOut.With; pin != "" {
			l.pin(f.Name+"."+pin, f.Value.BrownOut.Keys.At("with", pos), at+".with", "")
		}
	case "bit_flip":
		lacks(noFlash, "flash to flip a bit of", "resources: {flash: 64KiB}")
		if flip := f.Value.BitFlip; !noFlash && flip.Offset != nil && int64(*flip.Offset) >= kind.Resources.Flash.Bytes {
			l.diags.Add(flip.Keys.At("offset", flip.Pos), at+".offset", fmt.Sprintf("%d is outside the flash of %d bytes", *flip.Offset, kind.Resources.Flash.Bytes), "")
		}
	case "slow_flash":
		lacks(noFlash, "flash to be slow", "resources: {flash: 64KiB}")
	case "stuck":
		l.sensorOf(f.Name+"."+f.Value.Stuck, pos, at)
	case "dropout":
		l.sensorOf(f.Name+"."+f.Value.Dropout, pos, at)
	case "console_flood":
		lacks(kind.Console == nil, "console", "console: {baud: 115200}")
	case "leak":
		lacks(kind.Resources == nil || kind.Resources.RAM == nil, "ram, so nothing can leak", "resources: {ram: 64KiB}")
	}
}
