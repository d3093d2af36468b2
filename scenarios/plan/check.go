package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// checkScenario checks every name that steps and invariants refer to.
func (l *loader) checkScenario() {
	s := l.plan.Scenario
	l.checkSteps(s.Steps, map[string]bool{})
	for _, list := range []struct {
		name       string
		invariants []lang.Invariant
	}{{"always", s.Always}, {"never", s.Never}, {"sometimes", s.Sometimes}} {
		for i := range list.invariants {
			l.checkExpect(&list.invariants[i].Expect, fmt.Sprintf("%s[%d]", list.name, i))
		}
	}
}

// checkSteps checks steps in their order. before has the names of the steps that surely began before them,
// and takes theirs.
func (l *loader) checkSteps(steps []lang.Step, before map[string]bool) {
	for i := range steps {
		step := &steps[i]
		l.checkStep(step)
		if step.Expect != nil {
			l.checkSince(step.Expect, step.Path+"."+step.Verb(), before)
		}
		if step.Name != "" {
			l.checkStepName(step)
			before[step.Name] = true
		}
		l.checkInner(step, before)
	}
}

// checkStepName reports a name that another step has.
func (l *loader) checkStepName(step *lang.Step) {
	pos := step.Keys.At("name", step.Pos)
	first, taken := l.named[step.Name]
	switch {
	case taken && first == pos && l.again:
	case taken && first == pos:
		l.diags.Add(pos, step.Path+".name", fmt.Sprintf("the step %q is there twice", step.Name), "its file is included more than once")
	case taken:
		l.diags.Add(pos, step.Path+".name", fmt.Sprintf("another step is called %q", step.Name), "at "+first.String())
	default:
		l.named[step.Name] = pos
	}
}

// checkInner checks the steps that a step holds. Those of a branch know the names before the parallel and
// their own, not those of other branches, which may come earlier or later.
func (l *loader) checkInner(step *lang.Step, before map[string]bool) {
	if step.Sweep != nil {
		l.checkSteps(step.Sweep.Steps, maps.Clone(before)) // behind it nobody knows which of them began
		return
	}
	if step.Parallel == nil {
		again := l.again
		for i, steps := range step.Inner() {
			l.again = again || i > 0
			l.checkSteps(steps, before)
		}
		l.again = again
		return
	}
	outside := maps.Clone(before)
	for _, branch := range step.Parallel {
		own := maps.Clone(outside)
		l.checkSteps(branch, own)
		maps.Copy(before, own)
	}
}

func (l *loader) checkSince(e *lang.Expect, path string, before map[string]bool) {
	if e.Since == "" || e.Since == lang.Here || before[e.Since] {
		return
	}
	hint := "give the step to count from a name; here only looks forward"
	if _, named := l.named[e.Since]; named {
		hint = "it is in another branch, or inside of the sweep, and may not have begun"
	} else if len(before) > 0 {
		hint = diag.DidYouMean(e.Since, append(slices.Sorted(maps.Keys(before)), lang.Here))
	}
	l.diags.Add(e.Keys.At("since", e.Pos), path+".since", fmt.Sprintf("no step before this one is called %q", e.Since), hint)
}

func (l *loader) checkStep(s *lang.Step) {
	l.checkExternalStep(s)
	for _, power := range s.Power {
		path := s.Path + ".power." + power.Name
		device := l.devicesNamed(power.Name, power.Pos, path)
		if cut := power.Value.Cut; cut != nil && device != nil && device.Kind != nil && (device.Kind.Resources == nil || device.Kind.Resources.Flash == nil) {
			l.diags.Add(cut.Pos, path+".cut", fmt.Sprintf("the kind %s has no flash to cut the power in", device.Kind.Kind), "resources: {flash: 64KiB}")
		}
	}
	for _, name := range s.Reset {
		l.devicesNamed(name.Text, name.Pos, s.Path+".reset")
	}
	for _, drive := range s.Drive {
		l.pin(drive.Name, drive.Pos, s.Path+".drive", "in")
	}
	for _, press := range s.Press {
		l.pin(press.Name, press.Pos, s.Path+".press", "in")
	}
	for i := range s.Sense {
		l.sense(&s.Sense[i], s.Path+".sense")
	}
	if s.Send != nil {
		l.console(s.Send.Console, s.Send.Keys.At("console", s.Send.Pos), s.Path+".send.console")
	}
	if p := s.Publish; p != nil && p.Keys.Has("as") && p.As != lang.Backend {
		l.deviceOr(p.As, p.Keys.At("as", p.Pos), s.Path+".publish.as", lang.Backend)
	}
	l.checkPayload(s)
	for _, change := range s.Network {
		l.network(change.Name, change.Pos, s.Path+".network")
	}
	if s.Broker != nil {
		l.rotation(s)
		for _, name := range s.Broker.Devices {
			l.devicesNamed(name.Text, name.Pos, s.Path+".broker."+s.Broker.Action)
		}
	}
	for _, f := range s.Fault {
		l.fault(f, s.Path+".fault")
	}
	if s.Expect != nil {
		l.checkExpect(s.Expect, s.Path+"."+s.Verb())
	}
}

func (l *loader) checkExpect(e *lang.Expect, path string) {
	if e.Keys.Has("schema") {
		l.schema(e, path)
	}
	l.checkExternalExpect(e, path)
	switch e.Subject() {
	case "mqtt":
		if e.Keys.Has("of") {
			l.devicesNamed(e.Of, e.Keys.At("of", e.Pos), path+".of")
		}
	case "measure":
		if !strings.HasSuffix(path, ".measure") {
			path += ".measure"
		}
		for name, end := range map[string]*lang.Expect{"from": e.Measure.From, "to": e.Measure.To} {
			if end != nil {
				l.checkExpect(end, path+"."+name)
			}
		}
	case "pin":
		l.pin(e.Pin, e.Keys.At("pin", e.Pos), path+".pin", "")
	case "console":
		l.console(e.Console, e.Keys.At("console", e.Pos), path+".console")
	case "metric":
		l.metric(e.Metric, e.Keys.At("metric", e.Pos), path+".metric")
	case "event":
		if e.Keys.Has("device") {
			l.devicesNamed(e.Device, e.Keys.At("device", e.Pos), path+".device")
		}
	case "all", "any":
		for i, member := range e.Members() {
			l.checkExpect(&member, fmt.Sprintf("%s.%s[%d]", path, e.Subject(), i))
		}
	}
}

// device returns the one device called name, or reports that there is none, or a fleet, and returns nil.
func (l *loader) device(name string, pos diag.Position, path string) *Device {
	return l.deviceOr(name, pos, path)
}

func (l *loader) deviceOr(name string, pos diag.Position, path string, others ...string) *Device {
	device := l.plan.Device(name)
	if device == nil {
		candidates := append(l.plan.Scenario.Devices.Names(), others...)
		hint := diag.DidYouMean(name, candidates)
		if f := l.plan.Fleet(name); f != nil {
			l.diags.Add(pos, path, name+" is a fleet; one device is needed here", "a member of it, as in "+name+"[1]")
			return nil
		}
		if fleet, number, ok := lang.SplitMember(name); ok {
			if f := l.plan.Fleet(fleet); f != nil {
				l.diags.Add(pos, path, fmt.Sprintf("the fleet %s has no member %s", fleet, number), fmt.Sprintf("from %s[1] to %s[%d]", fleet, fleet, len(f.Members)))
				return nil
			}
		}
		if slices.Contains(l.plan.Scenario.Networks.Names(), name) {
			hint = name + " is a network"
		}
		l.diags.Add(pos, path, fmt.Sprintf("unknown device %q", name), hint)
	}
	return device
}

func (l *loader) network(name string, pos diag.Position, path string) {
	networks := l.plan.Scenario.Networks
	if _, ok := networks.Get(name); ok {
		return
	}
	hint := diag.DidYouMean(name, networks.Names())
	switch {
	case l.plan.Fleet(name) != nil:
		hint = name + " is a fleet"
	case l.plan.Device(name) != nil:
		hint = name + " is a device"
	case len(networks) == 0:
		hint = "the scenario has no networks"
	}
	l.diags.Add(pos, path, fmt.Sprintf("unknown network %q", name), hint)
}
