package plan

import (
	"fmt"
	"time"
	_ "time/tzdata" // a machine without the database runs the same scenarios

	"github.com/twinrig/twinrig/scenarios/lang"
)

// Clock is how a device's clocks begin.
type Clock struct {
	RTC    time.Time     // what the real-time clock shows at the first power-on; zero: world time
	Uptime time.Duration // the millisecond counter at boot
	Drift  int64         // how much too fast the crystal is, in parts per billion
}

// earliest is the time at which a bubble's clock starts; it cannot be set back.
func earliest() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// DefaultStart is the world time at which a run starts unless the scenario says another.
func DefaultStart() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// latest keeps instants of the run, and durations up to them, within what 64 bits of nanoseconds hold.
func latest() time.Time { return time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) }

func (l *loader) clock() {
	p := l.plan
	p.Start = DefaultStart()
	clock := p.Scenario.Clock
	if clock == nil {
		return
	}
	if start := clock.Start; start != nil && !start.IsZero() {
		p.Start = start.Time
		switch {
		case l.opts.Mode == "live":
			l.diags.Add(start.Pos, "clock.start", "the world's clock cannot be set on the wall clock", "leave clock.start out with --mode live")
		case start.Before(earliest()):
			l.diags.Add(start.Pos, "clock.start", fmt.Sprintf("%s is too early", start.Format(time.RFC3339)), "2000-01-01T00:00:00Z at the earliest")
		case start.After(latest()):
			l.diags.Add(start.Pos, "clock.start", fmt.Sprintf("%s is too late", start.Format(time.RFC3339)), "2100-01-01T00:00:00Z at the latest")
		}
	}
	p.Clock = clockOf(Clock{}, clock.Device, clock.Uptime, clock.Drift)
	if clock.Zone != "" {
		zone, err := time.LoadLocation(clock.Zone)
		if err != nil {
			l.diags.Add(clock.Keys.At("zone", clock.Pos), "clock.zone", fmt.Sprintf("%q is not a time zone", clock.Zone), "a name of the IANA time zone database, as in Europe/Berlin")
		}
		p.Zone = zone
	}
}

// clockOf returns clocks with what is given put over them.
func clockOf(c Clock, device *lang.Time, uptime *lang.Duration, drift *lang.Drift) Clock {
	if device != nil && !device.IsZero() {
		c.RTC = device.Time
	}
	if uptime != nil {
		c.Uptime = uptime.Duration
	}
	if drift != nil {
		c.Drift = drift.PPB
	}
	return c
}

// deviceClock returns the clocks of a device: the scenario's, with its own put over them.
func (l *loader) deviceClock(d *lang.Device) Clock {
	if d.Clock == nil {
		return l.plan.Clock
	}
	return clockOf(l.plan.Clock, d.Clock.Device, d.Clock.Uptime, d.Clock.Drift)
}
