package run

import (
	"slices"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/battery"
)

// ram returns the bytes of RAM of a kind; 0: without end.
func ram(k *lang.Kind) int64 {
	if k.Resources == nil || k.Resources.RAM == nil {
		return 0
	}
	return k.Resources.RAM.Bytes
}

// meter returns what the scenario reads of what the twins do not record otherwise.
func meter(p *plan.Plan) twin.Meter {
	reads := func(names ...string) bool { return slices.ContainsFunc(names, p.Reads) }
	return twin.Meter{
		Memory:  reads("heap", "heap_max", string(trace.Memory)),
		Traffic: reads("bytes_sent", "bytes_received", string(trace.Traffic)),
		Charge:  reads(energyMetrics()...),
		Sleep:   reads(string(trace.Sleep), string(trace.Wake)),
	}
}

// energyMetrics are the metrics that change by time alone, so that reading them takes a look at the battery.
func energyMetrics() []string { return []string{"charge", "life", "battery"} }

// figures returns what a kind's battery holds and gives; none where it has no battery.
func figures(k *lang.Kind) battery.Figures {
	b := k.Battery
	if b == nil {
		return battery.Figures{}
	}
	current := func(c *lang.Current) battery.Current {
		if c == nil {
			return 0
		}
		return battery.Current(c.Nanoamperes)
	}
	f := battery.Figures{Capacity: battery.Charge(b.Capacity.Nanocoulombs), Sleep: current(b.Sleep), Active: current(b.Active),
		Radio: current(b.Radio), Listen: current(b.Listen)}
	if b.Rate != nil {
		f.Rate = b.Rate.BitsPerSecond
	}
	if b.Tail != nil {
		f.Tail = b.Tail.Duration
	}
	if b.Wake != nil {
		f.Wake = b.Wake.Duration
	}
	return f
}

// measure looks at the batteries before a step that reads them. It reports whether that told something new,
// which the step then waits for.
func (r *runner) measure(step *lang.Step) (told bool) {
	if !r.bench.meter.Charge || !readsEnergy(step) {
		return false
	}
	return r.bench.measure()
}

func (b *bench) measure() (told bool) {
	for i := range b.plan.Devices {
		told = b.twins[b.plan.Devices[i].Name].MeasureBattery() || told
	}
	return told
}

func readsEnergy(step *lang.Step) bool {
	return slices.ContainsFunc(energyMetrics(), func(name string) bool { return plan.StepReads(step, name) })
}

// measureLast makes sure of a look at the batteries in the last instant of an expectation that reads them.
func (r *runner) measureLast(step *lang.Step) *vtime.Timer {
	if !r.bench.meter.Charge || !readsEnergy(step) {
		return nil
	}
	last := time.Duration(-1)
	switch e := step.Expect; {
	case e.During != nil:
		last = e.During.Duration - 1 // the window ends before that instant
	case e.Within != nil:
		last = e.Within.Duration
	}
	if last < 0 {
		return nil
	}
	return r.bench.steps.After(last, vtime.Stimulus, func() { r.bench.measure() })
}
