package lang

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/twinrig/twinrig/internal/trace"
)

func valueOf[T any](v *T) reflect.Value { return reflect.ValueOf(v).Elem() }

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// Limits returns the limits of the distribution by their keys, in the order of the documentation; nil where
// there is none.
func (m *Measure) Limits() Ordered[*DurationLimit] {
	return Ordered[*DurationLimit]{{Name: "min", Value: m.Min}, {Name: "mean", Value: m.Mean}, {Name: "p50", Value: m.P50}, {Name: "p90", Value: m.P90},
		{Name: "p95", Value: m.P95}, {Name: "p99", Value: m.P99}, {Name: "p999", Value: m.P999}, {Name: "max", Value: m.Max}}
}

func (m *Measure) check(d *decoder, at mapping) {
	for name, end := range map[string]*Expect{"from": m.From, "to": m.To} {
		if end == nil {
			continue
		}
		path := join(at.path, name)
		switch end.Subject() {
		case "mqtt", "console", "event", "":
		case "pin":
			end.reject(d, path, []string{"blinks"}, "does not go with measure, which is from event to event")
		default:
			d.diags.Add(end.Pos, path, end.Subject()+" is no event", "one of mqtt, pin, console, event")
		}
		end.reject(d, path, slices.Concat(temporalKeys(), []string{"schema", "share"}), "does not go with "+name)
		if end.AnyMember() {
			d.diags.Add(end.Keys.At("any", end.Pos), join(path, "any"), "any does not go with "+name, "each member is measured by itself")
		}
	}
	if m.Count != nil && m.Count.Op != "" && (m.Count.Value < 0 || m.Count.Value != float64(int64(m.Count.Value))) {
		at.add(d, "count", fmt.Sprintf("%v is not a number of measurements", m.Count.Value), "a whole number, 0 or more")
	}
}

// check shadows Measure's, and makes of the step an expectation.
func (m *MeasureStep) check(d *decoder, at mapping) { m.Measure.check(d, at) }

// expect returns the expectation that the step is.
func (m *MeasureStep) expect() *Expect {
	keys := append(Keys{{Name: "measure", Pos: m.Pos, Value: m.Pos}}, m.Keys...)
	return &Expect{Pos: m.Pos, Keys: keys, Measure: &m.Measure, Within: m.Within, During: m.During, Since: m.Since}
}

func (b *Blinks) check(d *decoder, at mapping) {
	if b.Period != nil && b.Period.Duration == 0 {
		d.positive(b.Period.Pos, join(at.path, "period"), "a period")
	}
	if b.Duty != nil && (b.Duty.Fraction == 0 || b.Duty.Fraction == 1) && !d.faulty(join(at.path, "duty")) {
		at.add(d, "duty", "a pin that blinks is neither always nor never high", "")
	}
}

// checkAlone holds for blinks and measure, which say themselves how they are judged.
func (e *Expect) checkAlone(d *decoder, at mapping) {
	if e.Blinks != nil {
		if e.During == nil {
			at.add(d, "blinks", "blinks needs during", "only a window can tell; several periods long")
		} else if p := e.Blinks.Period; p != nil && e.During.Duration < 2*p.Duration {
			at.add(d, "during", "during is shorter than two periods", "")
		}
		for _, key := range []string{"not", "share", "any", "is"} {
			if e.Keys.Has(key) {
				at.add(d, key, key+" does not go with blinks", "")
			}
		}
	}
	if e.Grows != nil {
		e.checkGrows(d, at)
	}
	if e.Measure != nil && e.Not {
		at.add(d, "not", "not does not go with measure", "")
	}
}

// withoutMessage lists the events that carry no message.
func withoutMessage() []trace.Kind {
	return []trace.Kind{trace.Boot, trace.Power, trace.Reset, trace.Fault, trace.Watchdog, trace.Console, trace.Pin, trace.Sensor, trace.Connect, trace.Connack,
		trace.Disconnect, trace.Broker, trace.Network, trace.FlashWrite, trace.FlashErase, trace.Step, trace.Verdict}
}

// checkEvent reports keys that no event of the kind has anything for.
func (e *Expect) checkEvent(d *decoder, at mapping) {
	if slices.Contains(withoutMessage(), trace.Kind(e.Event)) {
		for _, key := range at.keys.among("json", "json_exact", "payload", "hex", "retained", "dup", "schema", "gapless", "ordered", "unique") {
			at.add(d, key, "the event "+e.Event+" carries no message", "publish, deliver, drop, will and retain do")
		}
	}
	if at.keys.Has("topic") {
		at.addError(d, "topic", CheckFilter(e.Topic))
	}
}
