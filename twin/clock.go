package twin

import "time"

// Uptime returns the time since this boot began, plus Config.Uptime.
//
// When the device's clocks are read a thousand times in one instant, a millisecond passes, so that loops
// which wait for a clock end.
func (hw *Hardware) Uptime() time.Duration {
	now, err := hw.poll()
	if err != nil {
		return 0
	}
	return now.Sub(hw.started) + hw.t.cfg.Uptime
}

// Millis returns Uptime in milliseconds. It wraps to 0 after 2³² of them, 49.7 days.
func (hw *Hardware) Millis() uint32 { return uint32(hw.Uptime().Milliseconds()) }

// Now returns what the device's real-time clock shows, in UTC. It runs on through resets and without
// power.
func (hw *Hardware) Now() time.Time {
	now, err := hw.poll()
	if err != nil {
		return time.Time{}
	}
	hw.t.mu.Lock()
	defer hw.t.unlock()
	return hw.t.rtc.at(now)
}

// SetTime sets the real-time clock, as firmware does that has learned the time from elsewhere.
func (hw *Hardware) SetTime(now time.Time) error {
	return hw.do(func() error {
		hw.t.rtc = rtc{shows: now, since: time.Now()}
		return nil
	})
}

// rtc is the real-time clock: it ran from what it showed at an instant.
type rtc struct{ shows, since time.Time }

func (c rtc) at(now time.Time) time.Time { return c.shows.Add(now.Sub(c.since)).UTC() }

// poll reads the time for one of the clocks.
func (hw *Hardware) poll() (time.Time, error) {
	if err := hw.enter(); err != nil {
		return time.Time{}, err
	}
	hw.polls++
	busy := hw.polls >= clockPolls
	hw.t.unlock()
	if busy {
		if err := hw.Sleep(time.Millisecond); err != nil {
			return time.Time{}, err
		}
	}
	return time.Now(), nil
}

// Sleep waits for d, or until the boot ends: then it returns why at once.
func (hw *Hardware) Sleep(d time.Duration) error {
	if err := hw.do(func() error { return nil }); err != nil {
		return err
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-hw.ctx.Done():
	}
	return hw.do(func() error { return nil })
}
