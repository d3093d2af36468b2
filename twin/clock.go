package twin

import (
	"time"

	"github.com/twinrig/twinrig/internal/vtime"
)

// oscillator counts time as the device's crystal does, which may be too fast or too slow.
type oscillator struct {
	counted time.Duration // at since
	since   time.Time
	ppb     int64 // how much too fast, in parts per billion
}

// at returns what it has counted.
func (o oscillator) at(now time.Time) time.Duration {
	real := now.Sub(o.since)
	const billion = 1_000_000_000
	return o.counted + real + real/billion*time.Duration(o.ppb) + real%billion*time.Duration(o.ppb)/billion
}

// rtc is the real-time clock: it runs by the oscillator from what it showed at a count of it.
type rtc struct {
	shows time.Time
	at    time.Duration
}

// startClocks lets the oscillator and the real-time clock run, from the first power-on. The caller holds mu.
func (t *Twin) startClocks(now time.Time) {
	t.crystal = oscillator{since: now, ppb: t.cfg.Drift}
	t.rtc = rtc{shows: t.cfg.RTC}
	if t.cfg.RTC.IsZero() {
		t.rtc.shows = now
	}
}

func (t *Twin) rtcAt(now time.Time) time.Time {
	return t.rtc.shows.Add(t.crystal.at(now) - t.rtc.at).UTC()
}

// SetDrift makes the device's crystal too fast by that many parts per billion, negative: too slow. It drives the
// real-time clock, Uptime, Millis and Sleep; time.Sleep and timers of Go are the world's.
func (t *Twin) SetDrift(ppb int64) {
	t.mu.Lock()
	defer t.unlock()
	now := time.Now()
	t.crystal = oscillator{counted: t.crystal.at(now), since: now, ppb: ppb}
}

// StepClock puts the real-time clock forward, or back.
func (t *Twin) StepClock(by time.Duration) {
	t.mu.Lock()
	defer t.unlock()
	t.rtc.shows = t.rtc.shows.Add(by)
}

// LeapClock inserts a leap second at the end of the day (UTC) that the real-time clock shows, so that 23:59:59 comes
// twice; or deletes one, so that it does not come (ITU-R TF.460-6, Annex 1, 2).
func (t *Twin) LeapClock(insert bool) {
	t.mu.Lock()
	defer t.unlock()
	shows := t.rtcAt(time.Now())
	t.leapt = false
	left := shows.Truncate(24 * time.Hour).Add(24 * time.Hour).Sub(shows)
	by := -time.Second
	if !insert {
		by, left = time.Second, left-time.Second
	}
	t.cfg.Source.After(left, vtime.Hardware, func() {
		t.StepClock(by)
		t.mu.Lock()
		defer t.unlock()
		t.leapt = true
		t.readsAtLeap = t.clockReads
	})
}

// LeapReads returns how often the firmware has read one of its clocks since the last leap second; none before it.
func (t *Twin) LeapReads() int64 {
	t.mu.Lock()
	defer t.unlock()
	if !t.leapt {
		return 0
	}
	return t.clockReads - t.readsAtLeap
}

// ClockReads returns how often the firmware has read one of its clocks.
func (t *Twin) ClockReads() int64 {
	t.mu.Lock()
	defer t.unlock()
	return t.clockReads
}

// Uptime returns the time since this boot began, as the device's crystal counts it, plus Config.Uptime.
//
// When the device's clocks are read a thousand times in one instant, a millisecond passes, so that loops
// which wait for a clock end.
func (hw *Hardware) Uptime() time.Duration {
	var up time.Duration
	hw.read(func(now time.Time) { up = hw.t.crystal.at(now) - hw.counted + hw.t.cfg.Uptime })
	return up
}

// Millis returns Uptime in milliseconds. It wraps to 0 after 2³² of them, 49.7 days.
func (hw *Hardware) Millis() uint32 { return uint32(hw.Uptime().Milliseconds()) }

// Now returns what the device's real-time clock shows, in UTC. It runs on through resets and without
// power.
func (hw *Hardware) Now() time.Time {
	var shows time.Time
	hw.read(func(now time.Time) { shows = hw.t.rtcAt(now) })
	return shows
}

// Local returns Now in the time zone of the scenario, with its daylight saving time; UTC where it names none.
func (hw *Hardware) Local() time.Time {
	zone := hw.t.cfg.Zone
	if zone == nil {
		zone = time.UTC
	}
	return hw.Now().In(zone)
}

// SetTime sets the real-time clock, as firmware does that has learned the time from elsewhere.
func (hw *Hardware) SetTime(now time.Time) error {
	return hw.do(func() error {
		hw.t.rtc = rtc{shows: now, at: hw.t.crystal.at(time.Now())}
		return nil
	})
}

// read calls f with the time, as a reading of one of the clocks; not where the boot has ended.
func (hw *Hardware) read(f func(now time.Time)) {
	if hw.enter() != nil {
		return
	}
	hw.polls++
	hw.t.clockReads++
	if hw.polls >= clockPolls {
		hw.t.unlock()
		if hw.Sleep(time.Millisecond) != nil || hw.enter() != nil {
			return
		}
	}
	f(time.Now())
	hw.t.unlock()
}

// Sleep waits for d as the device's crystal counts it, or until the boot ends: then it returns why at once.
func (hw *Hardware) Sleep(d time.Duration) error {
	err := hw.do(func() error {
		if ppb := hw.t.crystal.ppb; ppb != 0 {
			d = time.Duration(float64(d) / (1 + float64(ppb)/1e9))
		}
		return nil
	})
	if err != nil || d <= 0 {
		return err
	}
	hw.wait(d)
	return hw.do(func() error { return nil })
}
