package battery

import (
	"errors"
	"fmt"
	"math/bits"
	"time"
)

// DefaultWake is how long a device stays awake at each wake-up where its figures do not say it.
const DefaultWake = 5 * time.Millisecond

// Figures are what a device takes. Validate says what is wrong with them.
type Figures struct {
	Capacity Charge  // of a full battery; above zero
	Sleep    Current // while it sleeps
	Active   Current // while its processor is awake, sleep included
	Radio    Current // while bytes are in the air, beside the others
	Listen   Current // in the radio's tail, beside the others; zero: as Radio
	Rate     int64   // of the radio, in bits per second; zero: bytes take no time
	Tail     time.Duration
	Wake     time.Duration // awake at each wake-up, at the least; zero: DefaultWake
}

// WithDefaults returns f with its zero fields filled where zero means something else.
func (f Figures) WithDefaults() Figures {
	if f.Listen == 0 {
		f.Listen = f.Radio
	}
	if f.Wake == 0 {
		f.Wake = DefaultWake
	}
	return f
}

// Validate returns every fault of f as one error.
func (f Figures) Validate() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("battery: "+format, args...))
		}
	}
	fault(f.Capacity <= 0 || f.Capacity > largestCharge, "a capacity of %s", f.Capacity)
	for _, c := range []struct {
		name    string
		current Current
	}{{"sleep", f.Sleep}, {"active", f.Active}, {"radio", f.Radio}, {"listen", f.Listen}} {
		fault(c.current < 0, "%s: a current of %d nA", c.name, c.current)
	}
	fault(f.Rate < 0, "a rate of %d bits per second", f.Rate)
	fault(f.Tail < 0, "a tail of %s", f.Tail)
	fault(f.Wake < 0, "a wake-up of %s", f.Wake)
	return errors.Join(faults...)
}

// Battery is a battery and what a device takes out of it. Times are lengths since any one instant; a time
// before the last one given counts as that one. It is not safe for concurrent use.
type Battery struct {
	figures Figures
	full    Charge // what was in it at the start
	used    sum
	now     time.Duration
	on      bool

	working int           // how many things keep it awake
	awake   time.Duration // until
	air     time.Duration // until the last byte is through
	radio   time.Duration // until the tail is over
}

// New returns a battery that holds a share of its capacity, from above 0 to 1, and a device without power.
func New(f Figures, share float64) (*Battery, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	if !(share > 0 && share <= 1) {
		return nil, fmt.Errorf("battery: it holds %v of its capacity; above 0 and at most 1", share)
	}
	return &Battery{figures: f.WithDefaults(), full: Charge(share * float64(f.Capacity))}, nil
}

// Advance lets time go on to now.
func (b *Battery) Advance(now time.Duration) {
	for b.now < now {
		current, end := b.segment()
		end = min(end, now)
		b.used.add(current, end-b.now)
		b.now = end
	}
}

const forever = time.Duration(1<<63 - 1)

// segment returns the current now, and until when it stays that if nothing happens.
func (b *Battery) segment() (current Current, end time.Duration) {
	end = forever
	if !b.on {
		return 0, end
	}
	until := func(t time.Duration) bool {
		if t <= b.now {
			return false
		}
		end = min(end, t)
		return true
	}
	current = b.figures.Sleep
	if b.working > 0 || until(b.awake) {
		current = b.figures.Active
	}
	switch {
	case until(b.air):
		current += b.figures.Radio
	case until(b.radio):
		current += b.figures.Listen
	}
	return current, end
}

// Power switches the device on or off.
func (b *Battery) Power(now time.Duration, on bool) {
	b.Reset(now)
	b.on = on
}

// Reset ends what the firmware does: it sleeps, and its radio is off.
func (b *Battery) Reset(now time.Duration) {
	b.Advance(now)
	b.working, b.awake, b.air, b.radio = 0, b.now, b.now, b.now
}

// Wake keeps the device awake from now for d, or for the figures' time where that is more.
func (b *Battery) Wake(now, d time.Duration) {
	b.Advance(now)
	b.awake = max(b.awake, b.now+max(d, b.figures.Wake))
}

// Work keeps the device awake from now until as many calls of Rest as of Work came.
func (b *Battery) Work(now time.Duration) {
	b.Advance(now)
	b.working++
}

// Rest takes one Work back.
func (b *Battery) Rest(now time.Duration) {
	b.Advance(now)
	b.working = max(0, b.working-1)
}

// Radio sends or receives bytes, after those that are still in the air. With none it only brings the radio up.
func (b *Battery) Radio(now time.Duration, bytes int64) {
	b.Advance(now)
	b.air = max(b.air, b.now)
	if b.figures.Rate > 0 {
		b.air += airtime(bytes, b.figures.Rate)
	}
	b.radio = b.air + b.figures.Tail
}

// airtime returns how long bytes take, rounded up to nanoseconds.
func airtime(bytes, rate int64) time.Duration {
	high, low := bits.Mul64(8*uint64(bytes), uint64(time.Second))
	if high >= uint64(rate) {
		return forever / 4
	}
	d, rest := bits.Div64(high, low, uint64(rate))
	if rest > 0 {
		d++
	}
	return time.Duration(min(d, uint64(forever/4)))
}

// Asleep reports whether the processor sleeps, at the last time given.
func (b *Battery) Asleep() bool { return b.working == 0 && b.awake <= b.now }

// Working reports whether more calls of Work than of Rest came.
func (b *Battery) Working() bool { return b.working > 0 }

// AwakeUntil returns until when its last wake-up keeps it awake, beside what Work does.
func (b *Battery) AwakeUntil() time.Duration { return b.awake }

// Used returns the charge taken so far, at the last time given. It may be more than was in the battery.
func (b *Battery) Used() Charge { return b.used.whole }

// Percent returns what is left, in percent of the capacity, 0 to 100.
func (b *Battery) Percent() float64 {
	return 100 * float64(max(0, b.full-b.used.whole)) / float64(b.figures.Capacity)
}

// Empty reports whether everything was taken.
func (b *Battery) Empty() bool { return b.used.whole >= b.full }

// Full returns the charge that was in the battery at the start.
func (b *Battery) Full() Charge { return b.full }

// NextPercent returns the charge taken at which the percentage is at the next whole number below that of a
// charge taken before.
func (b *Battery) NextPercent(taken Charge) Charge {
	step := float64(b.figures.Capacity) / 100
	left := float64(b.full-taken) / step
	whole := float64(int64(left))
	if whole == left {
		whole--
	}
	if whole <= 0 {
		return b.full
	}
	return max(taken+1, b.full-Charge(whole*step))
}

// When returns the time at which the charge taken reaches a target if nothing happens until then; ok is
// false where that is never.
func (b *Battery) When(target Charge) (at time.Duration, ok bool) {
	ahead := *b
	for {
		current, end := ahead.segment()
		d, ok := ahead.used.until(target, current)
		switch {
		case ok && d <= end-ahead.now:
			return ahead.now + d, true
		case end == forever:
			return 0, false
		}
		ahead.Advance(end)
	}
}
