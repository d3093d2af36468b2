package twin

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/twin/sensor"
)

// SensorSpec declares a sensor, as a quantity in Unit.
type SensorSpec struct {
	Name, Unit string
	Min, Max   float64       // what Sense accepts, both included; both zero: any finite value
	Initial    float64       // until the first Sense; within Min and Max
	Noise      float64       // standard deviation of what is read, in Unit; zero: none
	Mount      *sensor.Mount // the chip that measures it; nil: none, Hardware.Sensor alone reads it
}

func (s SensorSpec) allows(v float64) bool {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return false
	}
	return s.Min == 0 && s.Max == 0 || s.Min <= v && v <= s.Max
}

// SensorFault is something wrong with a sensor.
type SensorFault uint8

// The faults of a sensor.
const (
	SensorWorks  SensorFault = iota
	SensorStuck              // reads as it did when the fault came
	SensorSilent             // does not answer: no acknowledge, no presence pulse, zeros from SPI
	SensorNaN                // reads as NaN; a chip, which has no NaN, reads as its lowest value
	SensorHigh               // reads as above the highest value that it can measure
	SensorLow                // reads as below the lowest one
)

// String returns ok, stuck, dropout, nan, high or low.
func (f SensorFault) String() string {
	names := [...]string{"ok", "stuck", "dropout", "nan", "high", "low"}
	if int(f) >= len(names) {
		return fmt.Sprintf("SensorFault(%d)", uint8(f))
	}
	return names[f]
}

// ErrNoAnswer means that a sensor does not answer.
var ErrNoAnswer = errors.New("twin: the sensor does not answer")

// quantity is a quantity of the environment: it is there without power too. The twin's mutex guards it.
type quantity struct {
	spec   SensorSpec
	signal sensor.Signal
	since  time.Time // when the signal began; zero: with the device
	told   float64   // the value of the last event
	noise  float64

	signals int // that there were

	fault   SensorFault
	frozen  float64 // what a stuck sensor reads as
	touched int     // readings that the fault changed
}

func newQuantity(spec SensorSpec) *quantity {
	return &quantity{spec: spec, signal: sensor.Constant(spec.Initial), told: spec.Initial, noise: spec.Noise}
}

// value is what the environment has at an instant.
func (q *quantity) value(at time.Time) float64 {
	if q.since.IsZero() {
		return q.signal.At(0)
	}
	return q.signal.At(max(0, at.Sub(q.since)))
}

// reading is what the sensor makes of it, with its noise and its fault; NaN where it has none.
func (t *Twin) reading(q *quantity, at time.Time) float64 {
	if q.fault != SensorWorks {
		q.touched++
	}
	switch q.fault {
	case SensorStuck:
		return q.frozen
	case SensorSilent, SensorNaN:
		return math.NaN()
	case SensorHigh:
		return math.Inf(1)
	case SensorLow:
		return math.Inf(-1)
	}
	return q.value(at) + t.noise(q, at)
}

// noise is a function of the seed, the sensor and the instant alone: how often a sensor is read changes
// nothing.
func (t *Twin) noise(q *quantity, at time.Time) float64 {
	if q.noise == 0 {
		return 0
	}
	r := t.cfg.Seed.Stream("device/"+t.cfg.Name+"/sensor/"+q.spec.Name, "noise/"+strconv.FormatInt(at.UnixNano(), 10))
	return q.noise * r.NormFloat64()
}

func (t *Twin) quantity(name string) (*quantity, error) {
	for _, q := range t.sensors {
		if q.spec.Name == name {
			return q, nil
		}
	}
	return nil, fmt.Errorf("twin: %s has no sensor %q", t.cfg.Name, name)
}

// onQuantity calls f for a sensor, after every chip has ended the conversions that belong to the time before.
func (t *Twin) onQuantity(name string, f func(*quantity) error) error {
	t.mu.Lock()
	defer t.unlock()
	q, err := t.quantity(name)
	if err != nil {
		return err
	}
	if t.powered {
		for _, c := range t.chips {
			c.Advance(time.Now())
		}
	}
	return f(q)
}

// Sense sets what a sensor measures, in the unit of its declaration.
func (t *Twin) Sense(name string, value float64) error {
	return t.SenseSignal(name, sensor.Constant(value))
}

// SenseSignal lets what a sensor measures follow a signal that begins now. The value that it begins with
// must be in the sensor's range; what lies beyond later counts as the end of the range. Events tell of
// the value now and at the signal's instants, where it has changed.
func (t *Twin) SenseSignal(name string, s sensor.Signal) error {
	tell, err := t.BeginSignal(name, s)
	if err == nil {
		Follow(t.cfg.Source, s, tell)
	}
	return err
}

// BeginSignal is SenseSignal without the events at the signal's instants: the caller is to call tell at
// each, so that one action can tell of many sensors. tell takes the time since the signal began, and
// returns false once the sensor follows another signal.
func (t *Twin) BeginSignal(name string, s sensor.Signal) (tell func(since time.Duration) bool, err error) {
	err = t.onQuantity(name, func(q *quantity) error {
		if v := s.At(0); !q.spec.allows(v) {
			return fmt.Errorf("twin: %s.%s cannot be %v %s: its range is %v to %v", t.cfg.Name, name, v, q.spec.Unit, q.spec.Min, q.spec.Max)
		}
		if q.spec.Min != 0 || q.spec.Max != 0 {
			s = limited{s, q.spec.Min, q.spec.Max}
		}
		q.signal, q.since = s, time.Now()
		q.signals++
		q.told = s.At(0)
		t.tell(q, "")
		number := q.signals
		tell = func(since time.Duration) bool {
			t.mu.Lock()
			defer t.unlock()
			if q.signals != number || t.closed {
				return false
			}
			if v := q.signal.At(since); v != q.told {
				q.told = v
				t.tell(q, "")
			}
			return true
		}
		return nil
	})
	return tell, err
}

// Follow calls tell at the instants of a signal that begins now, until tell returns false.
func Follow(source *vtime.Source, s sensor.Signal, tell func(since time.Duration) bool) {
	begin := time.Now()
	var follow func(since time.Duration)
	follow = func(since time.Duration) {
		next, ok := s.Next(since)
		if !ok {
			return
		}
		source.After(time.Until(begin.Add(next)), vtime.Hardware, func() {
			if tell(next) {
				follow(next)
			}
		})
	}
	follow(0)
}

// limited is a signal that does not leave a range.
type limited struct {
	sensor.Signal
	low, high float64
}

func (l limited) At(since time.Duration) float64 {
	return min(max(l.Signal.At(since), l.low), l.high)
}

func (t *Twin) tell(q *quantity, text string) {
	t.emit(trace.Event{Kind: trace.Sensor, Name: q.spec.Name, Value: q.told, Text: text})
}

// SenseNoise sets the standard deviation of what is read of a sensor, in its unit; zero: none.
func (t *Twin) SenseNoise(name string, deviation float64) error {
	return t.onQuantity(name, func(q *quantity) error {
		if !(deviation >= 0) || math.IsInf(deviation, 0) {
			return fmt.Errorf("twin: %s.%s cannot have a noise of %v", t.cfg.Name, name, deviation)
		}
		q.noise = deviation
		return nil
	})
}

// SenseFault gives a sensor a fault, in the place of any other, or takes it away. The environment goes
// on behind it. The event has the fault as its text.
func (t *Twin) SenseFault(name string, fault SensorFault) error {
	return t.onQuantity(name, func(q *quantity) error {
		if fault == SensorStuck && q.fault != SensorStuck {
			q.frozen = t.reading(q, time.Now())
		}
		q.fault, q.touched = fault, 0
		q.told = q.value(time.Now())
		t.tell(q, fault.String())
		return nil
	})
}

// SenseStuck lets a sensor read for good as it does now, or ends that.
func (t *Twin) SenseStuck(name string, stuck bool) error {
	return t.senseFault(name, SensorStuck, stuck)
}

// SenseDropout takes the answer of a sensor away, or gives it back. A chip that measures several
// quantities answers for none of them.
func (t *Twin) SenseDropout(name string, on bool) error { return t.senseFault(name, SensorSilent, on) }

func (t *Twin) senseFault(name string, fault SensorFault, on bool) error {
	if on {
		return t.SenseFault(name, fault)
	}
	return t.SenseFault(name, SensorWorks)
}

// SenseFaultReads counts what the firmware read, or tried to, since the fault came that a sensor has now.
func (t *Twin) SenseFaultReads(name string) int {
	t.mu.Lock()
	defer t.unlock()
	q, err := t.quantity(name)
	if err != nil {
		return 0
	}
	return q.touched
}

// Sensed returns what the environment of a sensor has now, whatever noise and faults make of it.
func (t *Twin) Sensed(name string) (float64, error) {
	t.mu.Lock()
	defer t.unlock()
	q, err := t.quantity(name)
	if err != nil {
		return 0, err
	}
	return q.value(time.Now()), nil
}

// Sensor returns what a sensor measures now, in the unit of its declaration, with its noise. One that is
// mounted as a chip is rounded to the finest step of the part and limited to what the part measures, as
// a driver would have it that takes no time. It returns ErrNoAnswer where the sensor does not answer.
func (hw *Hardware) Sensor(name string) (value float64, err error) {
	err = hw.do(func() error {
		q, err := hw.t.quantity(name)
		if err != nil {
			return err
		}
		if hw.t.silent(q) {
			return fmt.Errorf("%w: %s.%s", ErrNoAnswer, hw.ID(), name)
		}
		value = q.rounded(hw.t.reading(q, time.Now()))
		return nil
	})
	return value, err
}

// silent reports whether a sensor, or the chip that it is on, does not answer.
func (t *Twin) silent(q *quantity) bool {
	if m := q.spec.Mount; m != nil {
		return t.chipAt(m.Bus, m.Address).silent()
	}
	if q.fault == SensorSilent {
		q.touched++
		return true
	}
	return false
}

// rounded is a reading as far as the sensor can tell it.
func (q *quantity) rounded(v float64) float64 {
	m := q.spec.Mount
	if m == nil {
		if q.spec.Min != 0 || q.spec.Max != 0 {
			return min(max(v, q.spec.Min), q.spec.Max) // NaN stays NaN
		}
		return v
	}
	_, part, err := m.Resolve()
	if err != nil || math.IsNaN(v) {
		return v
	}
	v = min(max(m.Quantity(v), part.Min), part.Max)
	return m.Value(math.Round(v/part.Resolution) * part.Resolution)
}
