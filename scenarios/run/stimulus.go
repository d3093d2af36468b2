package run

import (
	"fmt"
	"time"

	"github.com/twinrig/twinrig/internal/broker"
	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
	"periph.io/x/conn/v3/gpio"
)

// cycleOff is how long `power: {thermo: cycle}` leaves a device off.
const cycleOff = time.Second

// stimulate does what a step asks for. It returns how long the step lasts; what comes later than now
// is left with the loop.
func (r *runner) stimulate(s *lang.Step) (time.Duration, *Failure) {
	switch {
	case s.Power != nil:
		return each(s.Power, r.power)
	case s.Reset != nil:
		for _, d := range s.Reset {
			failure := r.eachMember(d.Text, func(_ int, name string) *Failure { return r.tested(d.Pos, r.bench.twins[name].Reset()) })
			if failure != nil {
				return 0, failure
			}
		}
	case s.Drive != nil:
		return each(s.Drive, r.drive)
	case s.Press != nil:
		return each(s.Press, r.press)
	case s.Sense != nil:
		return each(s.Sense, r.sense)
	case s.Send != nil:
		return 0, r.send(s)
	case s.Publish != nil:
		return 0, r.publish(s)
	case s.Network != nil:
		return each(s.Network, r.changeNetwork)
	case s.Broker != nil:
		return 0, r.brokerAction(s.Broker)
	case s.Fault != nil:
		return each(s.Fault, r.fault)
	}
	return 0, nil
}

// each does act for every entry in the order of the file; the step lasts as long as the longest.
func each[T any](entries lang.Ordered[T], act func(lang.Named[T]) (time.Duration, *Failure)) (time.Duration, *Failure) {
	var longest time.Duration
	for _, e := range entries {
		d, failure := act(e)
		if failure != nil {
			return 0, failure
		}
		longest = max(longest, d)
	}
	return longest, nil
}

// tested makes an error of a stimulus into the failure of a step that tested nothing; nil stays nil.
func (r *runner) tested(pos diag.Position, err error) *Failure {
	if err == nil {
		return nil
	}
	return &Failure{Pos: pos, Step: r.current.Path, At: r.now(), Verdict: Invalid, Message: "this step has no effect: " + err.Error()}
}

// power acts on a device, or on all members of a fleet, whose spread the step then lasts.
func (r *runner) power(p lang.Named[lang.PowerAction]) (time.Duration, *Failure) {
	var longest time.Duration
	fleet := r.plan.Fleet(p.Name)
	failure := r.eachMember(p.Name, func(i int, name string) *Failure {
		lasts, failure := r.powerOne(p, name, fleet.Offset(i))
		longest = max(longest, lasts)
		return failure
	})
	if fleet != nil && (p.Value.Action == "on" || p.Value.Action == "cycle") {
		longest += fleet.Spread - fleet.Offset(len(fleet.Members)-1)
	}
	return longest, failure
}

// powerOne acts on one device. later is how much later than now it is powered on.
func (r *runner) powerOne(p lang.Named[lang.PowerAction], name string, later time.Duration) (time.Duration, *Failure) {
	t, a := r.bench.twins[name], p.Value
	switch {
	case a.Action == "on" && later > 0 && !t.Powered():
		r.bench.steps.After(later, vtime.Stimulus, func() { t.PowerOn() }) //nolint:errcheck // it is off: this step alone acts on it until then
		return later, nil
	case a.Action == "on":
		return 0, r.tested(p.Pos, t.PowerOn())
	case !t.Powered():
		return 0, r.tested(p.Pos, fmt.Errorf("%s is not powered", name))
	case a.Cut != nil:
		if failures := r.faults.end("power", name); len(failures) > 0 {
			return 0, &failures[0]
		}
		if failure := r.tested(p.Pos, t.CutInFlashWrite(a.Cut.FlashWrite, a.Cut.Byte)); failure != nil {
			return 0, failure
		}
		r.faults.begin(&fault{verb: "power", subject: name, pos: p.Pos, path: r.current.Path,
			what: fmt.Sprintf("power %s: cut in flash write %d", name, a.Cut.FlashWrite), nothing: "the write never came",
			touched: func() int64 { return count(t.FlashCutFired()) }})
	case a.Action == "cut":
		t.Cut()
	case a.Action == "off":
		t.PowerOff()
	default: // cycle
		off := cycleOff
		if a.Off != nil {
			off = *a.Off
		}
		t.PowerOff()
		r.bench.steps.After(off+later, vtime.Stimulus, func() { t.PowerOn() }) //nolint:errcheck // it is off: this step alone acts on it until then
		return off + later, nil
	}
	return 0, nil
}

func count(happened bool) int64 {
	if happened {
		return 1
	}
	return 0
}

// pulse drives a pin of a device to level for d and back to what it was, n times, one every period.
func (r *runner) pulse(device, pin string, level gpio.Level, d time.Duration, n int, every *time.Duration) time.Duration {
	t := r.bench.twins[device]
	back := func() { t.Release(pin) } //nolint:errcheck // check made sure that the pin is there
	if before, driven := r.driven[device+"."+pin]; driven {
		back = func() { t.Drive(pin, before) } //nolint:errcheck // as above
	}
	period := 2 * d
	if every != nil {
		period = *every
	}
	n = max(n, 1)
	for i := range n {
		begin := time.Duration(i) * period
		if i == 0 {
			t.Drive(pin, level) //nolint:errcheck // check made sure that the pin is there
		} else {
			r.bench.steps.After(begin, vtime.Stimulus, func() { t.Drive(pin, level) }) //nolint:errcheck // as above
		}
		r.bench.steps.After(begin+d, vtime.Stimulus, back)
	}
	return time.Duration(n-1)*period + d
}

func (r *runner) drive(p lang.Named[lang.PinDrive]) (time.Duration, *Failure) {
	var longest time.Duration
	name, pin, _ := plan.Split(p.Name)
	level := gpio.Level(p.Value.Level == "high")
	failure := r.eachMember(name, func(_ int, device string) *Failure {
		t := r.bench.twins[device]
		switch {
		case p.Value.Level == "release":
			delete(r.driven, device+"."+pin)
			return r.tested(p.Pos, t.Release(pin))
		case p.Value.For != nil:
			longest = r.pulse(device, pin, level, *p.Value.For, p.Value.Count, p.Value.Every)
			return nil
		}
		r.driven[device+"."+pin] = level
		return r.tested(p.Pos, t.Drive(pin, level))
	})
	return longest, failure
}

func (r *runner) press(p lang.Named[lang.PinPress]) (time.Duration, *Failure) {
	var longest time.Duration
	name, pin, _ := plan.Split(p.Name)
	failure := r.eachMember(name, func(_ int, device string) *Failure {
		spec, _ := r.plan.Device(device).Kind.Pins.Get(pin)
		longest = r.pulse(device, pin, activeLevel(spec), p.Value.For, p.Value.Count, p.Value.Every)
		return nil
	})
	return longest, failure
}

func (r *runner) send(s *lang.Step) *Failure {
	return r.eachMember(s.Send.Console, func(_ int, device string) *Failure {
		t := r.bench.twins[device]
		if !t.Powered() {
			return r.tested(s.Pos, fmt.Errorf("%s is not powered, nobody hears its console", device))
		}
		if s.Send.Line != nil {
			t.Send([]byte(*s.Send.Line + "\n"))
		} else {
			t.Send([]byte(*s.Send.Bytes))
		}
		return nil
	})
}

func (r *runner) publish(s *lang.Step) *Failure {
	p := s.Publish
	m := broker.Message{Topic: p.Topic, QoS: byte(p.QoS), Retain: p.Retain, Properties: p.Properties}
	if d := r.plan.Device(p.As); d != nil {
		m.As = d.Name
	}
	var err error
	if m.Payload, err = r.payloadOf(p, m.As); err != nil {
		return r.tested(p.Pos, err)
	}
	return r.tested(s.Pos, r.bench.backend.Publish(m))
}
