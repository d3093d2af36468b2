package plan

import (
	"fmt"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// sweep finds the scenario's sweep, and checks what only holds for it.
func (l *loader) sweep(steps []lang.Step) {
	for i := range steps {
		s := &steps[i]
		l.noSweepIn(s)
		if s.Sweep == nil {
			continue
		}
		if first := l.plan.Sweep; first != nil {
			l.diags.Add(s.Pos, s.Path+".sweep", "a scenario has one sweep", "another is at "+first.Pos.String())
			continue
		}
		l.plan.Sweep = s
		if i == len(steps)-1 {
			l.diags.Add(s.Pos, s.Path+".sweep", "no step behind the sweep judges what a cut left", "as in {power: {"+s.Sweep.Device+": on}}, and what must hold then")
		}
		if l.opts.Mode == "live" {
			l.diags.Add(s.Pos, s.Path+".sweep", "a sweep needs virtual time, in which every run comes to the same write", "leave out --mode live")
		}
		l.sweptDevice(s)
	}
}

// sweptDevice checks the device, and that nothing else cuts its power inside a write meanwhile.
func (l *loader) sweptDevice(s *lang.Step) {
	pos, path := s.Sweep.Keys.At("device", s.Sweep.Pos), s.Path+".sweep.device"
	device := l.device(s.Sweep.Device, pos, path)
	if device == nil || device.Kind == nil {
		return
	}
	if device.Kind.Resources == nil || device.Kind.Resources.Flash == nil {
		l.diags.Add(pos, path, fmt.Sprintf("the kind %s has no flash to cut the power in", device.Kind.Kind), "resources: {flash: 64KiB}")
	}
	everyStep(s.Sweep.Steps, func(inner *lang.Step) {
		for _, power := range inner.Power {
			if power.Value.Cut != nil && l.plan.Device(power.Name) == device {
				l.diags.Add(power.Value.Cut.Pos, inner.Path+".power."+power.Name, "the sweep cuts the power inside the writes of "+device.Name+" already", "cut it here at once, or leave it to the sweep")
			}
		}
	})
}

// noSweepIn reports a sweep inside of another structure.
func (l *loader) noSweepIn(s *lang.Step) {
	for _, inner := range s.Inner() {
		everyStep(inner, func(x *lang.Step) {
			if x.Sweep != nil {
				l.diags.Add(x.Pos, x.Path+".sweep", "a sweep does not go inside of "+s.Verb(), "it is a step of the scenario itself: all that follows is run for every write")
			}
		})
	}
}

// everyStep calls f for the steps and for those that they hold.
func everyStep(steps []lang.Step, f func(*lang.Step)) {
	for i := range steps {
		f(&steps[i])
		for _, inner := range steps[i].Inner() {
			everyStep(inner, f)
		}
	}
}
