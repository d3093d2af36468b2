package twin

import (
	"errors"
	"fmt"
	"time"

	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/twin/flash"
)

// BrownOut lets the supply dip for so long below what the chip needs: its detector resets the device, which boots
// when the supply is back. It reports whether there was a device to reset: one without power notices nothing.
func (t *Twin) BrownOut(dip time.Duration) bool {
	t.mu.Lock()
	defer t.unlock()
	return t.brownOut(dip)
}

func (t *Twin) brownOut(dip time.Duration) bool {
	if !t.powered || t.closed {
		return false
	}
	t.supplyAt = time.Now().Add(dip)
	t.reset(CauseBrownOut)
	return true
}

// strainTime is how long a load draws before a weak supply gives in: a capacitor's worth.
const strainTime = 5 * time.Millisecond

// WeakenSupply makes the supply so weak that it dips for so long whenever the firmware drives that pin high, as a
// relay or a radio does to an old battery. A dip of zero ends that.
func (t *Twin) WeakenSupply(pin string, dip time.Duration) error {
	t.mu.Lock()
	defer t.unlock()
	p, err := t.pin(pin)
	if err != nil {
		return err
	}
	if t.weak == nil {
		t.weak = map[string]time.Duration{}
	}
	if delete(t.weak, pin); dip > 0 {
		t.weak[pin] = dip
		if p.out && bool(p.level) {
			t.strain(pin)
		}
	}
	return nil
}

// strain lets a weak supply give in to the load behind a pin. The caller holds mu.
func (t *Twin) strain(pin string) {
	if t.weak[pin] == 0 {
		return
	}
	boot := t.boot
	t.cfg.Source.After(strainTime, vtime.Hardware, func() {
		t.mu.Lock()
		defer t.unlock()
		if dip := t.weak[pin]; dip > 0 && t.boot == boot && boot != nil {
			t.dips++
			t.brownOut(dip)
		}
	})
}

// Dips returns how often a weak supply gave in.
func (t *Twin) Dips() int64 {
	t.mu.Lock()
	defer t.unlock()
	return t.dips
}

// FlipBit flips a bit (0 to 7) of the flash at an offset; with a negative offset one that is drawn from the seed, of
// a byte that is not erased. It returns which.
func (t *Twin) FlipBit(offset int64, bit int) (int64, int, error) {
	t.mu.Lock()
	defer t.unlock()
	var err error
	if offset < 0 {
		offset, bit, err = t.flash.FlipRandom(t.cfg.Seed.Stream("device/"+t.cfg.Name, fmt.Sprintf("bit flip at %s", time.Now().UTC())))
	} else {
		err = t.flash.Flip(offset, bit)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("twin: %s: %w", t.cfg.Name, err)
	}
	return offset, bit, nil
}

// FlippedBitsRead returns how many bytes with a flipped bit the firmware has read since.
func (t *Twin) FlippedBitsRead() int64 {
	t.mu.Lock()
	defer t.unlock()
	return t.flash.FlipsRead()
}

// errSlow means that there is no flash to be slow.
var errSlow = errors.New("it has no flash")

// SlowFlash lets each write and each erase of the flash take so long; zero: no time, as ever. A power cut meanwhile
// finds it not begun.
func (t *Twin) SlowFlash(write, erase time.Duration) error {
	t.mu.Lock()
	defer t.unlock()
	if t.flash.Geometry().Size == 0 {
		return fmt.Errorf("twin: %s: %w", t.cfg.Name, errSlow)
	}
	t.slowWrite, t.slowErase = write, erase
	return nil
}

// SlowedFlashCalls returns how many writes and erases took time.
func (t *Twin) SlowedFlashCalls() int64 {
	t.mu.Lock()
	defer t.unlock()
	return t.slowed
}

// flashTakesTime waits as long as a slow flash does.
func (hw *Hardware) flashTakesTime(op flash.Operation) {
	if hw.enter() != nil {
		return
	}
	d := hw.t.slowWrite
	if op == flash.Erase {
		d = hw.t.slowErase
	}
	if d > 0 {
		hw.t.slowed++
	}
	hw.t.unlock()
	if d > 0 {
		hw.wait(d)
	}
}

// wait lets time pass, or the boot end.
func (hw *Hardware) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-hw.ctx.Done():
	}
}

// HeardBytes returns how many bytes have reached the console of firmware that ran.
func (t *Twin) HeardBytes() int64 {
	t.mu.Lock()
	defer t.unlock()
	return t.heard
}
