package expect

import (
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// The levels of a pin, in expressions and in messages.
const (
	levelHigh = "high"
	levelLow  = "low"
)

// role keeps a device's pins, sensors and metrics apart where they share a name.
type role byte

const (
	pinRole    role = 'p'
	sensorRole role = 's'
	metricRole role = 'm'
	powerRole  role = 'o' // powered
	labelRole  role = 'l' // it never changes
)

// deviceState is what is known of a device.
type deviceState struct {
	*layout
	name    string
	index   int
	values  []any // by the layout; nil: not seen yet
	powered bool
	ever    bool          // it was powered at least once
	offAt   time.Duration // when it last lost power
	running bool          // the firmware was started and neither power loss nor reset came since
	bootAt  time.Duration
	changes uint64 // grows with every change of a value; readers skip what did not change
	rules   []metricRule
	fleet   int // index of its fleet; -1: none
	member  int // which of the fleet, from 0

	resources resources
}

func newDeviceState(d *plan.Device, index int, l *layout) *deviceState {
	s := &deviceState{layout: l, name: d.Name, index: index, values: make([]any, len(l.slots)), fleet: -1}
	s.values[l.power] = false
	for label, value := range d.Labels {
		s.values[l.slots[slotName{labelRole, label}]] = value
	}
	for _, pin := range d.Kind.Pins {
		s.values[l.pins[pin.Name]] = level(pin.Value.Pull == "up")
	}
	for _, sensor := range d.Kind.Sensors {
		s.values[l.sensors[sensor.Name]] = initialValue(sensor.Value)
	}
	for metric, slot := range l.metrics {
		if counts(metric) {
			s.values[slot] = 0
		}
	}
	s.resources = newResources(d, s)
	for _, rule := range d.Kind.Metrics {
		slot := l.slots[slotName{metricRole, rule.Name}]
		s.values[slot] = nil
		s.rules = append(s.rules, newMetricRule(d, rule.Value, slot))
	}
	return s
}

// initialValue is the sensor's value before the first sense: as declared, else 0 or the end of the
// range nearest to it.
func initialValue(s lang.Sensor) float64 {
	switch {
	case s.Initial != nil:
		return *s.Initial
	case len(s.Range) == 2:
		return min(max(0, s.Range[0]), s.Range[1])
	}
	return 0
}

// owns reports whether the metric comes from a rule of the kind, which goes before the built-in one.
func (d *deviceState) owns(metric string) bool { return d.own[metric] }

func level(high bool) string {
	if high {
		return levelHigh
	}
	return levelLow
}

// apply carries the event into the state.
func (h *History) apply(e *trace.Event) {
	d := h.device(e.Device)
	if d == nil {
		return
	}
	if before := d.changes; d.fleet >= 0 {
		defer func() {
			if d.changes != before {
				h.memberChanged(d)
			}
		}()
	}
	h.applyTo(d, e)
}

func (h *History) applyTo(d *deviceState, e *trace.Event) {
	switch e.Kind {
	case trace.Power:
		h.applyPower(d, e)
	case trace.Boot:
		d.running, d.bootAt = true, e.At
		d.changes++
	case trace.Reset:
		h.stop(d)
		h.count(d, metricResets)
	case trace.Pin:
		if slot, ok := d.pins[e.Name]; ok {
			h.set(d, slot, level(e.Value != 0))
		}
	case trace.Sensor:
		if slot, ok := d.sensors[e.Name]; ok {
			h.set(d, slot, e.Value)
		}
	case trace.FlashWrite:
		h.count(d, metricFlashWrites)
	case trace.Memory, trace.Traffic, trace.FlashErase, trace.Battery:
		h.applyResources(d, e)
	case trace.Connack:
		if strings.EqualFold(e.Cause, "success") {
			h.count(d, metricConnects)
		}
	case trace.Publish, trace.Console:
		h.applyMetrics(d, e)
	}
}

func (h *History) applyPower(d *deviceState, e *trace.Event) {
	on := e.Name == "on"
	if !on {
		h.stop(d)
		if d.powered {
			d.offAt = e.At
		}
	}
	d.resources.powered(on, d.powered, e.At)
	d.powered = on
	d.ever = d.ever || on
	h.set(d, d.power, on)
}

// stop ends the boot that runs.
func (h *History) stop(d *deviceState) {
	d.running = false
	d.changes++
	for _, metric := range []string{metricUptime, metricHeap} {
		if slot, ok := d.metrics[metric]; ok && !d.owns(metric) {
			d.values[slot] = nil
		}
	}
}

// builtin sets a built-in metric, unless the kind has one of that name.
func (h *History) builtin(d *deviceState, metric string, v any) {
	if slot, ok := d.metrics[metric]; ok && !d.owns(metric) {
		h.set(d, slot, v)
	}
}

// set changes a value. v is comparable.
func (h *History) set(d *deviceState, slot int32, v any) {
	if d.values[slot] == v {
		return
	}
	d.values[slot] = v
	d.changes++
}

// count adds one to a built-in metric, unless the kind has one of that name.
func (h *History) count(d *deviceState, metric string) { h.builtin(d, metric, d.number(metric)+1) }

// number returns a built-in metric that counts; 0 where it was not seen yet.
func (d *deviceState) number(metric string) int {
	slot, ok := d.metrics[metric]
	if !ok {
		return 0
	}
	n, _ := d.values[slot].(int)
	return n
}

// refreshUptime brings the device's uptime up to now.
func (h *History) refreshUptime(d *deviceState, now time.Duration) {
	if slot, ok := d.metrics[metricUptime]; ok && d.running {
		d.values[slot] = int((now - d.bootAt) / time.Second)
	}
}

// nextUptime returns the next instant after now at which the device's uptime changes.
func (d *deviceState) nextUptime(now time.Duration) (time.Duration, bool) {
	if !d.running {
		return 0, false
	}
	return d.bootAt + ((now-d.bootAt)/time.Second+1)*time.Second, true
}
