package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// Split cuts device.PART into the two names.
func Split(ref string) (device, part string, ok bool) {
	device, part, ok = strings.Cut(ref, ".")
	return device, part, ok && device != "" && part != ""
}

// part resolves device.PART as far as the device. It returns nil where something was reported, or
// where the kind could not be read, so that nothing can be said of its parts.
func (l *loader) part(ref string, pos diag.Position, path, what, example string) (*Device, string) {
	name, part, ok := Split(ref)
	if !ok {
		message := fmt.Sprintf("%q does not name a %s of a device", ref, what)
		if l.plan.Device(ref) != nil || l.plan.Fleet(ref) != nil {
			example = ref + "." + example
		} else {
			example = "thermo." + example
		}
		l.diags.Add(pos, path, message, "as in "+example)
		return nil, ""
	}
	device := l.devicesNamed(name, pos, path)
	if device == nil || device.Kind == nil {
		return nil, ""
	}
	return device, part
}

// missing reports a part that the kind lacks, and where else in the kind that name is.
func (l *loader) missing(d *Device, part, what string, have []string, pos diag.Position, path string) {
	hint := diag.DidYouMean(part, have)
	for _, other := range []struct {
		what string
		have []string
	}{{"pin", d.Kind.Pins.Names()}, {"sensor", d.Kind.Sensors.Names()}, {"metric", metrics(d.Kind)}} {
		if other.what != what && slices.Contains(other.have, part) {
			hint = part + " is a " + other.what
		}
	}
	if hint == "" {
		hint = "it has none"
	}
	l.diags.Add(pos, path, fmt.Sprintf("%s, a %s, has no %s %q", d.Name, d.Kind.Kind, what, part), hint)
}

// pin checks a reference to a pin; with the direction in, that it is no output.
func (l *loader) pin(ref string, pos diag.Position, path, direction string) {
	d, part := l.part(ref, pos, path, "pin", "BUTTON")
	if d == nil {
		return
	}
	pin, ok := d.Kind.Pins.Get(part)
	if ok && (direction == "" || pin.Direction != "out") {
		return // also where the direction is at fault: that is reported in the kind
	}
	var have []string
	for _, p := range d.Kind.Pins {
		if direction == "" || p.Value.Direction == direction {
			have = append(have, p.Name)
		}
	}
	if !ok {
		l.missing(d, part, "pin", have, pos, path)
		return
	}
	hint := "it is an output of the device"
	if len(have) > 0 {
		hint += "; its inputs: " + strings.Join(have, ", ")
	}
	l.diags.Add(pos, path, fmt.Sprintf("%s cannot be driven from outside", ref), hint)
}

func (l *loader) console(name string, pos diag.Position, path string) {
	d := l.devicesNamed(name, pos, path)
	if d != nil && d.Kind != nil && d.Kind.Console == nil {
		l.diags.Add(pos, path, fmt.Sprintf("the kind %s has no console", d.Kind.Kind), "console: {baud: 115200}")
	}
}

func (l *loader) metric(ref string, pos diag.Position, path string) {
	d, part := l.part(ref, pos, path, "metric", "uptime")
	if d != nil && !slices.Contains(metrics(d.Kind), part) {
		l.missing(d, part, "metric", metrics(d.Kind), pos, path)
	}
}

func metrics(k *lang.Kind) []string {
	names := append(k.BuiltinMetrics(), k.Metrics.Names()...)
	slices.Sort(names)
	return slices.Compact(names)
}
