package twin

import (
	"fmt"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

// ResetCause is why a boot began.
type ResetCause uint8

// The causes of a boot.
const (
	CausePower    ResetCause = iota // power came
	CausePin                        // the reset line
	CauseWatchdog                   // the watchdog expired
	CauseSoftware                   // the firmware asked for it
	CauseFault                      // the firmware returned an error or panicked
	CauseBrownOut                   // the supply dipped below what the chip needs
)

// String returns power, pin, watchdog, software, fault or brown_out.
func (c ResetCause) String() string {
	names := [...]string{"power", "pin", "watchdog", "software", "fault", "brown_out"}
	if int(c) >= len(names) {
		return fmt.Sprintf("ResetCause(%d)", uint8(c))
	}
	return names[c]
}

// What ends a boot, and what then happens:
//
//	           event            console output            goes on
//	PowerOff   power off        lost where it stands      no
//	Cut        power cut        lost where it stands      no
//	battery    power off        lost where it stands      no
//	Reset      reset pin        lost where it stands      boots after BootTime
//	watchdog   reset watchdog   lost where it stands      boots after BootTime
//	Reboot     reset software   still goes out            boots BootTime after the last bit
//	fault      reset fault      still goes out            boots BootTime after the last bit
//	BrownOut   reset brown_out  lost where it stands      boots BootTime after the dip
//	Close      none             lost                      no

// PowerOn gives the device power; it boots after BootTime. Powering on what has power is an error.
func (t *Twin) PowerOn() error {
	t.mu.Lock()
	defer t.unlock()
	switch {
	case t.closed:
		return fmt.Errorf("twin: %s cannot be powered on: the run is over", t.cfg.Name)
	case t.powered:
		return fmt.Errorf("twin: %s is powered on already", t.cfg.Name)
	case t.energy.battery != nil && t.energy.battery.Empty():
		return fmt.Errorf("twin: %s cannot be powered on: its battery is empty", t.cfg.Name)
	}
	t.powered = true
	if t.first.IsZero() {
		t.first = time.Now()
		t.startClocks(t.first)
	}
	t.powerChips()
	t.emit(trace.Event{Kind: trace.Power, Name: "on"})
	t.powerEnergy(true)
	t.bootIn(BootTime, CausePower)
	return nil
}

// PowerOff takes the power away. What has no power is left alone.
func (t *Twin) PowerOff() { t.powerDown("off") }

// Cut takes the power away as an accident would. Device and firmware see no difference from PowerOff;
// the event says cut.
func (t *Twin) Cut() { t.powerDown("cut") }

func (t *Twin) powerDown(how string) {
	t.mu.Lock()
	defer t.unlock()
	t.losePower(how)
}

// losePower is powerDown for those who hold mu.
func (t *Twin) losePower(how string) { t.losePowerFor(how, "") }

func (t *Twin) losePowerFor(how, cause string) {
	if !t.powered || t.closed {
		return
	}
	t.powered = false
	t.start.Stop()
	t.uart.cut(time.Now())
	t.powerEnergy(false)
	t.emit(trace.Event{Kind: trace.Power, Name: how, Cause: cause})
	t.fence(ErrPowerLost)
}

// Reset pulls the reset line for a moment. A device without power cannot be reset.
func (t *Twin) Reset() error {
	t.mu.Lock()
	defer t.unlock()
	if !t.powered {
		return fmt.Errorf("twin: %s is not powered, so it cannot be reset", t.cfg.Name)
	}
	t.reset(CausePin)
	return nil
}

// reset ends the boot, if one runs, and begins another. The caller holds mu and has made sure that the
// device is powered.
func (t *Twin) reset(cause ResetCause) {
	t.start.Stop()
	delay := BootTime
	now := time.Now()
	if cause == CauseSoftware || cause == CauseFault {
		// Firmware that resets itself waits for its transmitter first.
		delay += max(0, t.uart.idle.Sub(now))
		t.uart.flushInput()
	} else {
		t.uart.cut(now)
	}
	if e := &t.energy; e.battery != nil {
		e.battery.Reset(e.now())
	}
	t.emit(trace.Event{Kind: trace.Reset, Cause: cause.String()})
	t.fence(ErrReset)
	t.bootIn(delay, cause)
}

func (t *Twin) bootIn(delay time.Duration, cause ResetCause) {
	if dips := time.Until(t.supplyAt); dips > 0 { // the brown-out detector holds it in reset
		delay, cause = max(delay, dips+BootTime), CauseBrownOut
	}
	t.wake(delay)
	t.start = t.cfg.Source.After(delay, vtime.Hardware, func() {
		t.mu.Lock()
		defer t.unlock()
		if !t.powered || t.closed {
			return
		}
		t.boots++
		hw := newHardware(t, cause)
		t.boot = hw
		t.emit(trace.Event{Kind: trace.Boot, Cause: cause.String(), Text: t.cfg.Version})
		hw.spawn(func() error { return t.cfg.Firmware(hw) })
	})
}

// fence ends the boot that runs: from here on it has no effect. The caller holds mu.
func (t *Twin) fence(why error) {
	for _, p := range t.pins {
		p.reset()
		t.settle(p)
	}
	hw := t.boot
	if hw == nil {
		return
	}
	t.boot = nil
	t.memory = memory{}
	hw.ended = why
	hw.watchdog.timer.Stop()
	t.uart.cond.Broadcast()
	if hw.stepping != nil {
		hw.stepping.timer.Stop()
	}
	conns, sockets := hw.conns, hw.sockets
	hw.conns, hw.sockets = nil, nil
	t.after = append(t.after, func() {
		hw.cancel(why)
		for _, c := range conns {
			vanish(c.Conn)
		}
		for _, s := range sockets {
			vanish(s.under)
		}
	})
}

// Close ends the run for this device: a fence, after which it emits nothing and cannot be powered on.
func (t *Twin) Close() {
	t.mu.Lock()
	defer t.unlock()
	if t.closed {
		return
	}
	t.closed = true
	t.powered = false
	t.start.Stop()
	t.uart.cut(time.Now())
	t.fence(ErrPowerLost)
}
