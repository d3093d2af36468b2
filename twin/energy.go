package twin

import (
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/twin/battery"
)

const (
	// CauseBattery is the cause of the power event of a device whose battery is empty.
	CauseBattery = "battery"
	// growth is by how much of itself the charge taken grows, at the most, from one battery event to the
	// next where charge is metered: a battery's life then has a thousand or so of them.
	growth = 50
	// leastCharge is the least charge between two such events.
	leastCharge = battery.MicroampereHour
)

// energy is the battery of a twin. The twin's mutex guards it.
type energy struct {
	battery *battery.Battery // nil: the device takes its power from elsewhere
	since   time.Time        // what the battery's times count from
	told    battery.Charge   // taken, at the last event
	next    battery.Charge   // taken, at the next event
	due     time.Time
	timer   *vtime.Timer // until the next event that time alone brings
	sleep   *vtime.Timer // until it falls asleep, where that is metered
	awake   bool         // as the last sleep or wake event says
}

// fit puts the battery in.
func (t *Twin) fit() error {
	if t.cfg.Battery.Capacity == 0 {
		return nil
	}
	share := t.cfg.Charged
	if share == 0 {
		share = 1
	}
	b, err := battery.New(t.cfg.Battery, share)
	t.energy = energy{battery: b, since: time.Now(), told: -1}
	return err
}

func (e *energy) now() time.Duration { return time.Since(e.since) }

// powerEnergy switches on or off what takes charge. The caller holds mu.
func (t *Twin) powerEnergy(on bool) {
	e := &t.energy
	if e.battery == nil {
		return
	}
	e.battery.Power(e.now(), on)
	t.tellBattery()
	if !on {
		e.timer.Stop()
		e.sleep.Stop()
		e.awake = false
	}
}

// wake is for a hardware call in an instant in which there was none: it keeps the device awake for d, or for
// its kind's wake-up where that is more. The caller holds mu.
func (t *Twin) wake(d time.Duration) {
	e := &t.energy
	if e.battery == nil {
		return
	}
	e.battery.Wake(e.now(), d)
	if t.cfg.Meter.Sleep && !e.awake {
		e.awake = true
		t.emit(trace.Event{Kind: trace.Wake})
		t.fallAsleep()
	}
	t.watchBattery()
}

// fallAsleep emits sleep once nothing keeps the device awake any more.
func (t *Twin) fallAsleep() {
	e := &t.energy
	delay := max(0, e.battery.AwakeUntil()-e.now())
	if e.battery.Working() {
		delay = t.cfg.Battery.WithDefaults().Wake // looks again
	}
	e.sleep.Stop()
	// After everything else of that instant, which may keep it awake.
	e.sleep = t.cfg.Source.After(delay, vtime.Stimulus, func() {
		t.mu.Lock()
		defer t.unlock()
		e.battery.Advance(e.now())
		switch {
		case !t.powered:
		case e.battery.Asleep():
			e.awake = false
			t.emit(trace.Event{Kind: trace.Sleep})
		default:
			t.fallAsleep()
		}
	})
}

// work keeps the device awake until the end of the boot. The caller holds mu.
func (t *Twin) work() {
	if e := &t.energy; e.battery != nil {
		e.battery.Work(e.now())
		t.watchBattery()
	}
}

// useRadio sends and receives bytes of the network. The caller holds mu.
func (t *Twin) useRadio(bytes int) {
	if e := &t.energy; e.battery != nil {
		e.battery.Radio(e.now(), int64(bytes))
		t.watchBattery()
	}
}

// watchBattery makes sure of a look at the battery when the next event is due. Where that moved to a later
// time the timer stays: it looks, and asks for another turn. The caller holds mu.
func (t *Twin) watchBattery() {
	e := &t.energy
	at, ok := e.battery.When(e.next)
	if !ok {
		return
	}
	if due := e.since.Add(at); !e.timer.Pending() || due.Before(e.due) {
		e.timer.Stop()
		e.due = due
		e.timer = t.cfg.Source.After(time.Until(due), vtime.Hardware, t.batteryDue)
	}
}

func (t *Twin) batteryDue() {
	t.mu.Lock()
	defer t.unlock()
	e := &t.energy
	if !t.powered || t.closed {
		return
	}
	e.battery.Advance(e.now())
	if e.battery.Empty() {
		t.losePowerFor("off", CauseBattery)
		return
	}
	if e.battery.Used() >= e.next {
		t.tellBattery()
	}
	t.watchBattery()
}

// tellBattery emits what is left, where that changed. The caller holds mu.
func (t *Twin) tellBattery() {
	e := &t.energy
	if used := e.battery.Used(); used != e.told {
		e.told, e.next = used, e.battery.NextPercent(used)
		if t.cfg.Meter.Charge {
			e.next = min(e.next, used+max(leastCharge, used/growth))
		}
		t.emit(trace.Event{Kind: trace.Battery, Value: e.battery.Percent(), Count: int64(used)})
	}
}

// MeasureBattery emits a battery event with what is left now, where that changed since the last one. It
// reports whether it did.
func (t *Twin) MeasureBattery() bool {
	t.mu.Lock()
	defer t.unlock()
	e := &t.energy
	if e.battery == nil || t.closed {
		return false
	}
	e.battery.Advance(e.now())
	before := e.told
	t.tellBattery()
	return e.told != before
}

// Battery returns what is left in the battery, in percent of its capacity, and the charge taken since the
// start of the run. A device without a battery has 100 % and took nothing.
func (hw *Hardware) Battery() (percent float64, used battery.Charge, err error) {
	percent = 100
	err = hw.do(func() error {
		if e := &hw.t.energy; e.battery != nil {
			e.battery.Advance(e.now())
			percent, used = e.battery.Percent(), e.battery.Used()
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	return percent, used, nil
}

// Work is Sleep with the processor awake, as while it computes: it takes the active current for all of d.
func (hw *Hardware) Work(d time.Duration) error {
	work := func(change func(*battery.Battery, time.Duration)) error {
		return hw.do(func() error {
			if e := &hw.t.energy; e.battery != nil {
				change(e.battery, e.now())
				hw.t.watchBattery()
			}
			return nil
		})
	}
	if err := work((*battery.Battery).Work); err != nil {
		return err
	}
	hw.Sleep(d) //nolint:errcheck // what follows says the same
	return work((*battery.Battery).Rest)
}
