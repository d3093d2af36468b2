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

// valueKey names a value in History.values.
func valueKey(r role, device, name string) string {
	return string(rune(r)) + ":" + device + "." + name
}

// deviceState is what is known of a device.
type deviceState struct {
	name    string
	powered bool
	ever    bool          // it was powered at least once
	offAt   time.Duration // when it last lost power
	running bool          // the firmware was started and neither power loss nor reset came since
	bootAt  time.Duration
	changes uint64 // grows with every change of a value; readers skip what did not change
	pins    map[string]string
	sensors map[string]string
	rules   []metricRule
	own     map[string]bool // metrics of the kind
	powerK  string
	fleet   int               // index of its fleet; -1: none
	member  int               // which of the fleet, from 0
	counts  map[string]string // built-in metrics' keys

	resources resources
}

func newDeviceState(d *plan.Device, values map[string]any) *deviceState {
	s := &deviceState{name: d.Name, pins: map[string]string{}, sensors: map[string]string{}, own: map[string]bool{},
		counts: map[string]string{}, powerK: valueKey(powerRole, d.Name, "powered")}
	values[s.powerK] = false
	s.fleet = -1
	for label, value := range d.Labels {
		values[valueKey(labelRole, d.Name, label)] = value
	}
	for _, pin := range d.Kind.Pins {
		key := valueKey(pinRole, d.Name, pin.Name)
		s.pins[pin.Name] = key
		values[key] = level(pin.Value.Pull == "up")
	}
	for _, sensor := range d.Kind.Sensors {
		key := valueKey(sensorRole, d.Name, sensor.Name)
		s.sensors[sensor.Name] = key
		values[key] = initialValue(sensor.Value)
	}
	for _, name := range d.Kind.BuiltinMetrics() {
		s.counts[name] = valueKey(metricRole, d.Name, name)
		if counts(name) {
			values[s.counts[name]] = 0
		}
	}
	s.resources = newResources(d, values)
	for _, rule := range d.Kind.Metrics {
		s.own[rule.Name] = true
		key := valueKey(metricRole, d.Name, rule.Name)
		delete(values, key)
		s.rules = append(s.rules, newMetricRule(d, rule.Value, key))
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
		if key, ok := d.pins[e.Name]; ok {
			h.set(d, key, level(e.Value != 0))
		}
	case trace.Sensor:
		if key, ok := d.sensors[e.Name]; ok {
			h.set(d, key, e.Value)
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
	h.set(d, d.powerK, on)
}

// stop ends the boot that runs.
func (h *History) stop(d *deviceState) {
	d.running = false
	d.changes++
	for _, metric := range []string{metricUptime, metricHeap} {
		if !d.owns(metric) {
			delete(h.values, d.counts[metric])
		}
	}
}

// builtin sets a built-in metric, unless the kind has one of that name.
func (h *History) builtin(d *deviceState, metric string, v any) {
	if key, ok := d.counts[metric]; ok && !d.owns(metric) {
		h.set(d, key, v)
	}
}

// set changes a value. v is comparable.
func (h *History) set(d *deviceState, key string, v any) {
	if old, ok := h.values[key]; ok && old == v {
		return
	}
	h.values[key] = v
	d.changes++
}

// count adds one to a built-in metric, unless the kind has one of that name.
func (h *History) count(d *deviceState, metric string) {
	if d.owns(metric) {
		return
	}
	n, _ := h.values[d.counts[metric]].(int)
	h.set(d, d.counts[metric], n+1)
}

// refreshUptime brings the device's uptime up to now.
func (h *History) refreshUptime(d *deviceState, now time.Duration) {
	if d.running {
		h.values[d.counts[metricUptime]] = int((now - d.bootAt) / time.Second)
	}
}

// nextUptime returns the next instant after now at which the device's uptime changes.
func (d *deviceState) nextUptime(now time.Duration) (time.Duration, bool) {
	if !d.running {
		return 0, false
	}
	return d.bootAt + ((now-d.bootAt)/time.Second+1)*time.Second, true
}
