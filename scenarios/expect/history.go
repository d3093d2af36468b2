package expect

import (
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// History keeps the events of a run (of a long one those that somebody may still read), marks which of them were used by an expectation, and
// holds the state that follows from them: pin levels, sensor values, metrics, power.
type History struct {
	chunks   []piece // the newest ones; nothing is copied as they grow
	gone     int     // how many chunks were taken away before the first of them
	length   int
	old      memory
	users    []user
	devices  []*deviceState
	index    map[string]int // device name to its index in devices
	env      map[string]any // what the expression reads that is evaluated, by the names it has there
	watchers []watcher
	decoded  decodeCache
	payloads *plan.Payloads
	machine  machine
	fleets   []fleetState
	tracks   map[*overFleet]*tracked
}

// chunk is how many events are kept together.
const chunk = 512

// watcher follows the history event by event.
type watcher interface {
	// advance sees that time went on to now and that nothing happened before it.
	advance(now time.Duration)
	// observe sees the event at index i, the newest one; the state already includes it. It reports whether it wants more.
	observe(i int) (more bool)
}

// NewHistory returns the history of a run that is about to start.
func NewHistory(p *plan.Plan) *History {
	h := &History{index: map[string]int{}, env: map[string]any{}, decoded: decodeCache{index: -1}, payloads: p.Payloads(), tracks: map[*overFleet]*tracked{},
		old: memory{events: map[int]*keptEvent{}}}
	known := layouts{}
	for i := range p.Devices {
		d := &p.Devices[i]
		h.index[d.Name] = i
		h.devices = append(h.devices, newDeviceState(d, i, known.of(d)))
	}
	for i := range p.Fleets {
		h.fleets = append(h.fleets, fleetState{})
		for m, name := range p.Fleets[i].Members {
			d := h.device(name)
			d.fleet, d.member = i, m
		}
	}
	return h
}

// Append adds the events of one turn, in their order. The events become the history's and must not
// be changed any more. Everything under way that was begun on this history sees them one by one.
func (h *History) Append(events []trace.Event) {
	for i := range events {
		e := &events[i]
		for _, w := range h.watchers {
			w.advance(e.At)
		}
		h.add(e)
		h.apply(e)
		last := h.length - 1
		kept := h.watchers[:0]
		for _, w := range h.watchers {
			if w.observe(last) {
				kept = append(kept, w)
			}
		}
		clear(h.watchers[len(kept):])
		h.watchers = kept
	}
}

// Len returns the number of events so far.
func (h *History) Len() int { return h.length }

// Event returns the event at an index from 0 to Len()-1; an empty one where it was forgotten.
func (h *History) Event(i int) trace.Event { return *h.at(i) }

// at returns the event at an index; of one that was forgotten an empty one.
func (h *History) at(i int) *trace.Event {
	if n := i/chunk - h.gone; n >= 0 {
		return &h.chunks[n].events[i%chunk]
	}
	if k, ok := h.old.events[i]; ok {
		return &k.Event
	}
	return &trace.Event{}
}

func (h *History) add(e *trace.Event) {
	if h.length%chunk == 0 {
		h.forget()
		h.chunks = append(h.chunks, piece{events: make([]trace.Event, 0, chunk)})
	}
	last := &h.chunks[len(h.chunks)-1]
	last.events = append(last.events, *e)
	h.length++
}

// Window says which events an expectation may read.
type Window struct {
	From  int           // index of the first one in the history
	Since time.Duration // the instant at which the window opens, since the start of the run
	Step  string        // what opened it, for a person: "power", or a step's name; may be empty
}

// Mark returns the window that opens now: at the start of a stimulus or of a named step, at the end
// of a wait, or (since: here) at the start of the expectation. step says for a person what opens it.
func (h *History) Mark(now time.Duration, step string) Window {
	return Window{From: h.length, Since: now, Step: step}
}

// user is an expectation that used events up.
type user struct {
	path string
	line int
}

// used reports whether an expectation used the event up.
func (h *History) used(i int) bool { return h.user(i) != 0 }

// user returns 1 + the index in users of who used the event; 0: nobody did.
func (h *History) user(i int) int32 {
	if n := i/chunk - h.gone; n >= 0 {
		if by := h.chunks[n].usedBy; by != nil {
			return by[i%chunk]
		}
		return 0
	}
	if k, ok := h.old.events[i]; ok {
		return k.usedBy
	}
	return 0
}

// use marks events as used by a. What was forgotten nobody reads again.
func (h *History) use(a *Active, events []int) {
	if len(events) == 0 {
		return
	}
	by := user{a.x.path, a.x.source.Pos.Line}
	if by.line == 0 {
		by.line = a.step.Pos.Line
	}
	h.users = append(h.users, by)
	for _, i := range events {
		if n := i/chunk - h.gone; n >= 0 {
			h.chunks[n].use(i%chunk, int32(len(h.users)))
		} else if k, ok := h.old.events[i]; ok {
			k.usedBy = int32(len(h.users))
		}
	}
}

// Powered reports whether the device has power. It is false for a device that does not exist.
func (h *History) Powered(device string) bool {
	d := h.device(device)
	return d != nil && d.powered
}

// EverPowered reports whether the device ever had power.
func (h *History) EverPowered(device string) bool {
	d := h.device(device)
	return d != nil && d.ever
}

// PinHigh returns a pin's level. ok is false where there is no such pin.
func (h *History) PinHigh(device, pin string) (high, ok bool) {
	v, ok := h.named(device, pinRole, pin)
	return v == levelHigh, ok
}

// Sensor returns a sensor's value in the unit its kind declares. ok is false where there is no such sensor.
func (h *History) Sensor(device, sensor string) (value float64, ok bool) {
	v, _ := h.named(device, sensorRole, sensor)
	value, ok = v.(float64)
	return value, ok
}

// Metric returns a metric's value: float64, int, string or bool. ok is false where it does not exist
// or was not seen yet. uptime is in whole seconds since the boot, and not seen while the firmware does not run.
func (h *History) Metric(device, metric string, now time.Duration) (value any, ok bool) {
	if d := h.device(device); d != nil && metric == metricUptime && !d.owns(metric) {
		h.refreshUptime(d, now)
	}
	return h.named(device, metricRole, metric)
}

// named finds a value by its names.
func (h *History) named(device string, r role, name string) (value any, ok bool) {
	d := h.device(device)
	if d == nil {
		return nil, false
	}
	slot, ok := d.slots[slotName{r, name}]
	if !ok {
		return nil, false
	}
	return h.value(valueRef{int32(d.index), slot})
}

func (h *History) device(name string) *deviceState {
	if i, ok := h.index[name]; ok {
		return h.devices[i]
	}
	return nil
}
