package plan

import (
	"fmt"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/twin/sensor"
)

// Driven is a sensor that a place drives.
type Driven struct {
	Ref    string // device.sensor; the device may be a fleet
	Offset float64
}

// Driven returns the sensors that place.quantity drives, in the order of the file; ok is false where
// there is no such place.
func (p *Plan) Driven(ref string) (driven []Driven, ok bool) {
	ambient := p.ambient(ref)
	if ambient == nil {
		return nil, false
	}
	for _, d := range ambient.Drives {
		offset, _ := ambient.Offsets.Get(d.Text)
		driven = append(driven, Driven{d.Text, offset})
	}
	return driven, true
}

func (p *Plan) ambient(ref string) *lang.Ambient {
	name, quantity, _ := Split(ref)
	place, ok := p.Scenario.Environment.Get(name)
	if !ok {
		return nil
	}
	a, ok := place.Quantities.Get(quantity)
	if !ok {
		return nil
	}
	return &a
}

// Signal returns the signal of a value, without noise; nil where it has none.
func Signal(v *lang.SenseValue) sensor.Signal {
	switch {
	case v.Value != nil:
		return sensor.Constant(*v.Value)
	case v.Ramp != nil:
		return sensor.Ramp{From: v.Ramp.From, To: v.Ramp.To, Over: v.Ramp.Over}
	case v.Wave != nil:
		return sensor.Wave{Low: v.Wave.Between[0], High: v.Wave.Between[1], Period: v.Wave.Period.Duration, Shape: sensor.Shape(v.Wave.Shape)}
	case v.File != nil:
		s := sensor.Samples{Steps: v.File.Steps, Repeat: v.File.Repeat}
		for _, p := range v.File.Samples {
			s.Points = append(s.Points, sensor.Sample{At: p.At, Value: p.Value})
		}
		return s
	}
	return nil
}

// environment checks the places, and reads their files.
func (l *loader) environment() {
	driver := map[string]string{} // device.sensor: the place that drives it
	for _, place := range l.plan.Scenario.Environment {
		path := "environment." + place.Name
		if l.plan.Device(place.Name) != nil || l.plan.Fleet(place.Name) != nil {
			l.diags.Add(place.Pos, path, fmt.Sprintf("%s is also a device", place.Name), "sense could not tell them apart")
		}
		for i := range place.Value.Quantities {
			q := &place.Value.Quantities[i]
			at := path + "." + q.Name
			for _, ref := range q.Value.Drives {
				if other, taken := driver[ref.Text]; taken && other != at {
					l.diags.Add(ref.Pos, at+".drives", fmt.Sprintf("%s is driven by %s too", ref.Text, other), "one quantity drives a sensor")
				}
				driver[ref.Text] = at
				l.sensorOf(ref.Text, ref.Pos, at+".drives")
			}
			if q.Value.Sense != nil {
				l.recording(q.Value.Sense, at+".sense")
				l.ambientRange(&q.Value, q.Value.Sense, at+".sense")
			}
		}
	}
}

// ambientRange holds a value against the ranges of all sensors that are driven by it.
func (l *loader) ambientRange(a *lang.Ambient, v *lang.SenseValue, path string) {
	for _, ref := range a.Drives {
		device, part, _ := Split(ref.Text)
		kind := l.kindOf(device)
		if kind == nil {
			continue
		}
		if s, ok := kind.Sensors.Get(part); ok {
			offset, _ := a.Offsets.Get(ref.Text)
			l.inRange(v, &s, offset, ref.Text, path)
		}
	}
}

// kindOf returns the kind of a device or fleet, or nil.
func (l *loader) kindOf(name string) *lang.Kind {
	if members := l.plan.Members(name); len(members) > 0 {
		return l.plan.Device(members[0]).Kind
	}
	return nil
}

// sensorOf returns the sensor that device.sensor names; nil where something was reported.
func (l *loader) sensorOf(ref string, pos diag.Position, path string) (*Device, *lang.Sensor) {
	d, part := l.part(ref, pos, path, "sensor", "temperature")
	if d == nil {
		return nil, nil
	}
	s, ok := d.Kind.Sensors.Get(part)
	if !ok {
		l.missing(d, part, "sensor", d.Kind.Sensors.Names(), pos, path)
		return nil, nil
	}
	return d, &s
}

// sense checks a sense step, and reads its file.
func (l *loader) sense(s *lang.Named[lang.SenseValue], path string) {
	at := path + "." + s.Name
	l.recording(&s.Value, at)
	if l.senseOfPlace(s, path) {
		return
	}
	_, sensor := l.sensorOf(s.Name, s.Pos, path)
	if sensor == nil {
		return
	}
	if s.Value.Fault == "nan" && sensor.Part != "" {
		l.diags.Add(s.Value.Pos, at, fmt.Sprintf("a %s cannot read as NaN", sensor.Part), "dropout: nack, or out_of_range: low")
	}
	l.inRange(&s.Value, sensor, 0, s.Name, at)
}

// senseOfPlace checks a step for place.quantity; false where it names no place.
func (l *loader) senseOfPlace(s *lang.Named[lang.SenseValue], path string) bool {
	name, quantity, ok := Split(s.Name)
	places := l.plan.Scenario.Environment
	if !ok || len(places) == 0 || l.kindOf(name) != nil {
		return false
	}
	place, ok := places.Get(name)
	if !ok {
		candidates := append(places.Names(), l.plan.Scenario.Devices.Names()...)
		l.diags.Add(s.Pos, path, fmt.Sprintf("unknown device or place %q", name), diag.DidYouMean(name, candidates))
		return true
	}
	at := path + "." + s.Name
	ambient := l.plan.ambient(s.Name)
	switch {
	case ambient == nil:
		l.diags.Add(s.Pos, path, fmt.Sprintf("the place %s has no %q", name, quantity), diag.DidYouMean(quantity, place.Quantities.Names()))
	case s.Value.Fault != "" || s.Value.Noise != nil:
		l.diags.Add(s.Value.Pos, at, "faults and noise are a sensor's, not a place's", sensorHint(ambient))
	default:
		l.ambientRange(ambient, &s.Value, at)
	}
	return true
}

// sensorHint says where a fault of a sensor belongs.
func sensorHint(a *lang.Ambient) string {
	if len(a.Drives) == 0 { // what is wrong with them was said
		return "say it of a sensor"
	}
	return "say it of one that it drives, as in " + a.Drives[0].Text
}

// inRange reports where a value leaves the range of a sensor.
func (l *loader) inRange(v *lang.SenseValue, s *lang.Sensor, offset float64, ref, path string) {
	if len(s.Range) != 2 {
		return
	}
	fault := func(x float64, pos diag.Position, path string) bool {
		if s.Range[0] <= x+offset && x+offset <= s.Range[1] {
			return false
		}
		what := fmt.Sprintf("%v %s is outside the sensor's range", x, s.Unit)
		if offset != 0 {
			what = fmt.Sprintf("%v %s is outside the range of %s, with its offset of %v", x, s.Unit, ref, offset)
		}
		l.diags.Add(pos, path, what, fmt.Sprintf("%v to %v", s.Range[0], s.Range[1]))
		return true
	}
	switch {
	case v.Value != nil:
		fault(*v.Value, v.Pos, path)
	case v.Ramp != nil:
		_ = fault(v.Ramp.From, v.Pos, path+".ramp") || fault(v.Ramp.To, v.Pos, path+".ramp")
	case v.Wave != nil && len(v.Wave.Between) == 2:
		pos := v.Wave.Keys.At("between", v.Pos)
		_ = fault(v.Wave.Between[0], pos, path+".wave") || fault(v.Wave.Between[1], pos, path+".wave")
	case v.File != nil:
		for _, sample := range v.File.Samples {
			if fault(sample.Value, sample.Pos, path) {
				return // the first of them is enough
			}
		}
	}
}
