package twin

import (
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

// watchdog belongs to a boot. Feeding moves the deadline only; the timer looks at it when it is due and
// asks for another turn, so that feeding costs next to nothing.
type watchdog struct {
	period   time.Duration
	deadline time.Time
	due      time.Time
	timer    *vtime.Timer
}

// StartWatchdog starts the watchdog, or starts it anew with another period: unless FeedWatchdog is
// called once per period, the device resets with cause watchdog. Only the end of the boot stops it. A
// period under a millisecond is one millisecond.
func (hw *Hardware) StartWatchdog(period time.Duration) {
	if hw.enter() != nil {
		return
	}
	defer hw.t.unlock()
	w := &hw.watchdog
	w.period = max(period, time.Millisecond)
	w.deadline = time.Now().Add(w.period)
	if !w.timer.Pending() || w.deadline.Before(w.due) {
		w.timer.Stop()
		hw.armWatchdog()
	}
}

// FeedWatchdog puts the watchdog off by its period. Without StartWatchdog it does nothing.
func (hw *Hardware) FeedWatchdog() {
	if hw.enter() != nil {
		return
	}
	defer hw.t.unlock()
	hw.watchdog.deadline = time.Now().Add(hw.watchdog.period)
}

func (hw *Hardware) armWatchdog() {
	hw.watchdog.due = hw.watchdog.deadline
	hw.watchdog.timer = hw.t.cfg.Source.After(time.Until(hw.watchdog.due), vtime.Hardware, hw.watchdogDue)
}

func (hw *Hardware) watchdogDue() {
	hw.t.mu.Lock()
	defer hw.t.unlock()
	switch {
	case hw.ended != nil:
	case time.Now().Before(hw.watchdog.deadline):
		hw.armWatchdog()
	default:
		hw.t.emit(trace.Event{Kind: trace.Watchdog, Text: hw.hung})
		hw.t.reset(CauseWatchdog)
	}
}
