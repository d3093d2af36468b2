package expect

import (
	"maps"
	"slices"

	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// valueRef is a value of a device: the device's index in the plan, and the value's place in the layout of its kind.
type valueRef struct{ device, slot int32 }

// layout says where the values of a device are. Devices of one kind with the same labels have the same one.
type layout struct {
	slots   map[slotName]int32
	pins    map[string]int32
	sensors map[string]int32
	metrics map[string]int32 // the built-in ones
	own     map[string]bool  // the metrics of the kind, which go before the built-in ones
	power   int32
}

// slotName names a value: pins, sensors and metrics may share a name.
type slotName struct {
	role role
	name string
}

func newLayout(kind *lang.Kind, labels map[string]string) *layout {
	l := &layout{slots: map[slotName]int32{}, pins: map[string]int32{}, sensors: map[string]int32{}, metrics: map[string]int32{}, own: map[string]bool{}}
	l.power = l.add(powerRole, "powered")
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		l.add(labelRole, label)
	}
	for _, pin := range kind.Pins {
		l.pins[pin.Name] = l.add(pinRole, pin.Name)
	}
	for _, sensor := range kind.Sensors {
		l.sensors[sensor.Name] = l.add(sensorRole, sensor.Name)
	}
	for _, name := range kind.BuiltinMetrics() {
		l.metrics[name] = l.add(metricRole, name)
	}
	for _, rule := range kind.Metrics {
		l.own[rule.Name] = true
		l.add(metricRole, rule.Name)
	}
	return l
}

func (l *layout) add(r role, name string) int32 {
	n := slotName{r, name}
	slot, known := l.slots[n]
	if !known {
		slot = int32(len(l.slots))
		l.slots[n] = slot
	}
	return slot
}

// layouts makes one layout for all devices that are alike.
type layouts map[*lang.Kind][]*layout

// slot returns where a value is of the devices that are like d. There must be such a value.
func (known layouts) slot(d *plan.Device, r role, name string) int32 {
	return known.of(d).slots[slotName{r, name}]
}

func (known layouts) of(d *plan.Device) *layout {
	for _, l := range known[d.Kind] {
		if l.hasLabels(d.Labels) {
			return l
		}
	}
	l := newLayout(d.Kind, d.Labels)
	known[d.Kind] = append(known[d.Kind], l)
	return l
}

// hasLabels reports whether the labels are exactly those of the layout.
func (l *layout) hasLabels(labels map[string]string) bool {
	n := 0
	for name := range l.slots {
		if name.role == labelRole {
			n++
		}
	}
	for label := range labels {
		if _, ok := l.slots[slotName{labelRole, label}]; !ok {
			return false
		}
	}
	return n == len(labels)
}

// value returns a value of a device; ok is false where it was not seen yet.
func (h *History) value(ref valueRef) (v any, ok bool) {
	v = h.devices[ref.device].values[ref.slot]
	return v, v != nil
}

// valueSet is values of some devices.
type valueSet struct {
	single map[valueRef]bool
	ranges []valueRange
}

// valueRange is one value of each member of a fleet.
type valueRange struct{ first, count, slot int32 }

func (s *valueSet) add(ref valueRef) {
	if s.single == nil {
		s.single = map[valueRef]bool{}
	}
	s.single[ref] = true
}

func (s *valueSet) addMembers(over *overFleet, slot int32) {
	s.ranges = append(s.ranges, valueRange{int32(over.first), int32(over.count), slot})
}

func (s *valueSet) empty() bool { return len(s.single) == 0 && len(s.ranges) == 0 }

func (s *valueSet) has(device int, slot int32) bool {
	d := int32(device)
	return s.single[valueRef{d, slot}] || slices.ContainsFunc(s.ranges, func(r valueRange) bool {
		return slot == r.slot && d >= r.first && d < r.first+r.count
	})
}
