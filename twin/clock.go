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
	if hw.t.cfg.RTC.IsZero() {
		return now.UTC()
	}
	// first does not change once there is a boot.
	return hw.t.cfg.RTC.Add(now.Sub(hw.t.first)).UTC()
}

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
