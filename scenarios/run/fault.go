package run

import (
	"errors"
	"fmt"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/twin"
)

// mishap is a fault of one device under way.
type mishap struct {
	key     string       // see faultKey
	lift    func()       // undoes it; nil: there is nothing to undo
	touched func() int64 // since it began
	nothing string       // the message where it touched nothing
	what    string       // it is, in words
	end     *vtime.Timer // of for
	repeat  *vtime.Timer // of what it does again and again
}

// The defaults of the language.
const (
	defaultDip      = 50 * time.Millisecond
	defaultDips     = time.Second // from one to the next
	defaultLeaks    = time.Second
	floodEvery      = 100 * time.Millisecond
	disturbanceVerb = "disturbance"
)

// fault puts a fault on a device, or on all members of a fleet; or ends all of its faults.
func (r *runner) fault(f lang.Named[lang.Fault]) (time.Duration, *Failure) {
	return 0, r.eachMember(f.Name, func(_ int, name string) *Failure {
		if f.Value.Off {
			return r.liftFaults(f, name)
		}
		key := faultKey(&f.Value)
		if failure := r.endFault(name, key); failure != nil {
			return failure
		}
		t := r.bench.twins[name]
		d, err := r.mishap(t, &f.Value)
		if err != nil {
			return r.tested(f.Pos, err)
		}
		d.key = key
		r.mishaps[name] = append(r.mishaps[name], d)
		r.faults.begin(&fault{verb: disturbanceVerb, subject: name + "." + d.key, pos: f.Pos, path: r.current.Path,
			what: "fault " + name + ": " + d.what, nothing: d.nothing, touched: d.touched})
		r.bench.events.Emit(trace.Event{Device: name, Kind: trace.Disturbance, Name: f.Value.Name(), Text: d.what})
		if f.Value.For != nil {
			d.end = r.bench.steps.After(f.Value.For.Duration, vtime.Stimulus, func() {
				if failure := r.endFault(name, d.key); failure != nil {
					r.fail(*failure)
				}
			})
		}
		return nil
	})
}

// liftFaults ends every fault of a device; that there is none is a step without effect.
func (r *runner) liftFaults(f lang.Named[lang.Fault], name string) *Failure {
	open := r.mishaps[name]
	if len(open) == 0 {
		return r.tested(f.Pos, fmt.Errorf("%s has no fault", name))
	}
	for len(r.mishaps[name]) > 0 {
		if failure := r.endFault(name, r.mishaps[name][0].key); failure != nil {
			return failure
		}
	}
	return nil
}

// endFault ends a fault of a device, if it has that one, and judges whether it touched anything.
func (r *runner) endFault(device, key string) *Failure {
	open := r.mishaps[device]
	for i, d := range open {
		if d.key != key {
			continue
		}
		r.mishaps[device] = append(open[:i:i], open[i+1:]...)
		d.end.Stop()
		d.repeat.Stop()
		failures := r.faults.end(disturbanceVerb, device+"."+key) // before it is lifted: then nothing is counted any more
		if d.lift != nil {
			d.lift()
		}
		if len(failures) == 0 {
			return nil
		}
		failures[0].At = r.now()
		return &failures[0]
	}
	return nil
}

// faultKey tells which faults of a device take the place of one another: those of the same name; of the clock only
// another drift that of a drift; and of a sensor both.
func faultKey(f *lang.Fault) string {
	switch {
	case f.Clock != nil && f.Clock.Step != nil:
		return "clock step"
	case f.Clock != nil && f.Clock.Leap != "":
		return "leap second"
	case f.Stuck != "":
		return "sensor " + f.Stuck
	case f.Dropout != "":
		return "sensor " + f.Dropout
	}
	return f.Name()
}

// since counts what has come since now.
func since(count func() int64) func() int64 {
	before := count()
	return func() int64 { return count() - before }
}

// mishap begins a fault.
func (r *runner) mishap(t *twin.Twin, f *lang.Fault) (*mishap, error) {
	switch f.Name() {
	case "clock":
		return r.disturbClock(t, f.Clock)
	case "brown_out":
		return r.brownOut(t, f.BrownOut)
	case "bit_flip":
		offset, bit := int64(-1), 0
		if f.BitFlip.Offset != nil {
			offset = int64(*f.BitFlip.Offset)
		}
		if f.BitFlip.Bit != nil {
			bit = *f.BitFlip.Bit
		}
		offset, bit, err := t.FlipBit(offset, bit)
		return &mishap{what: fmt.Sprintf("bit %d at %#x of the flash flips", bit, offset), touched: since(t.FlippedBitsRead), nothing: "the firmware never read that byte afterwards"}, err
	case "slow_flash":
		write, erase := lengthOr(f.SlowFlash.Write, 0), lengthOr(f.SlowFlash.Erase, 0)
		return &mishap{what: fmt.Sprintf("a flash write takes %s, an erase %s", write, erase), touched: since(t.SlowedFlashCalls), nothing: "no write and no erase of the firmware was slowed",
			lift: func() { t.SlowFlash(0, 0) }}, t.SlowFlash(write, erase) //nolint:errcheck // it had flash a moment ago
	case "stuck":
		return r.disturbSensor(t, f.Stuck, twin.SensorStuck, "sticks")
	case "dropout":
		return r.disturbSensor(t, f.Dropout, twin.SensorSilent, "does not answer")
	case "console_flood":
		return r.flood(t, f.ConsoleFlood), nil
	case "leak":
		return r.leak(t, f.Leak), nil
	}
	return nil, errors.New("there is no such fault")
}

func lengthOr(d *lang.Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return d.Duration
}

func (r *runner) disturbClock(t *twin.Twin, c *lang.ClockFault) (*mishap, error) {
	d := &mishap{touched: since(t.ClockReads), nothing: "the firmware never read its clocks afterwards"}
	switch {
	case c.Drift != nil:
		declared := r.plan.Device(t.Name()).Clock.Drift
		d.what = fmt.Sprintf("its crystal drifts by %gppm", float64(c.Drift.PPB)/1000)
		d.lift = func() { t.SetDrift(declared) }
		t.SetDrift(c.Drift.PPB)
	case c.Step != nil:
		d.what = fmt.Sprintf("its real-time clock jumps by %s", c.Step.Duration)
		t.StepClock(c.Step.Duration)
	default:
		d.what = "a leap second: " + c.Leap
		d.touched, d.nothing = t.LeapReads, "the day of its clock did not end, or the firmware never read its clocks afterwards"
		t.LeapClock(c.Leap == "insert")
	}
	return d, nil
}

func (r *runner) disturbSensor(t *twin.Twin, name string, fault twin.SensorFault, what string) (*mishap, error) {
	return &mishap{what: "the sensor " + name + " " + what, touched: func() int64 { return int64(t.SenseFaultReads(name)) }, nothing: "the firmware never read it meanwhile",
		lift: func() { t.SenseFault(name, twin.SensorWorks) }}, t.SenseFault(name, fault) //nolint:errcheck // the sensor is there
}

func (r *runner) brownOut(t *twin.Twin, b *lang.BrownOut) (*mishap, error) {
	dip := lengthOr(b.Dip, defaultDip)
	if b.With != "" {
		return &mishap{what: fmt.Sprintf("the supply dips for %s whenever %s goes high", dip, b.With), touched: since(t.Dips), nothing: b.With + " never went high meanwhile",
			lift: func() { t.WeakenSupply(b.With, 0) }}, t.WeakenSupply(b.With, dip) //nolint:errcheck // the pin is there
	}
	count := 1
	if b.Count != nil {
		count = *b.Count
	}
	hits := int64(0)
	d := &mishap{what: fmt.Sprintf("the supply dips for %s, %d times", dip, count), touched: func() int64 { return hits }, nothing: "the device had no power"}
	var next func()
	next = func() {
		if t.BrownOut(dip) {
			hits++
		}
		if count--; count > 0 {
			d.repeat = r.bench.steps.After(lengthOr(b.Every, defaultDips), vtime.Stimulus, next)
		}
	}
	next()
	return d, nil
}

// flood keeps the console's line busy.
func (r *runner) flood(t *twin.Twin, f *lang.ConsoleFlood) *mishap {
	baud := r.plan.Device(t.Name()).Kind.Console.Baud
	if baud == 0 {
		baud = 115200
	}
	size := max(1, int(int64(baud)*int64(floodEvery)/int64(10*time.Second)))
	noise := r.plan.Seed.Stream("device/"+t.Name(), "console flood")
	d := &mishap{what: "its console receives without a pause", touched: since(t.HeardBytes), nothing: "no firmware ran to hear it"}
	var next func()
	next = func() {
		chunk := make([]byte, 0, size)
		for len(chunk) < size {
			if f.Line != nil {
				chunk = append(chunk, *f.Line+"\n"...)
				continue
			}
			chunk = append(chunk, byte(noise.Uint32()))
		}
		t.Send(chunk[:size])
		d.repeat = r.bench.steps.After(floodEvery, vtime.Stimulus, next)
	}
	next()
	return d
}

func (r *runner) leak(t *twin.Twin, l *lang.Leak) *mishap {
	taken := int64(0)
	d := &mishap{what: fmt.Sprintf("%d bytes of RAM leak every %s", l.Bytes.Bytes, lengthOr(l.Every, defaultLeaks)), touched: func() int64 { return taken }, nothing: "no firmware ran to lose memory"}
	var next func()
	next = func() {
		n, err := t.Leak(l.Bytes.Bytes)
		if err == nil {
			if t.Powered() { // where nothing was left to take, the device faults: that is an effect
				taken += max(n, 1)
			}
			d.repeat = r.bench.steps.After(lengthOr(l.Every, defaultLeaks), vtime.Stimulus, next)
		}
	}
	next()
	return d
}
