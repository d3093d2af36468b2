package expect

import (
	"fmt"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// blinksRule is a compiled blinks.
type blinksRule struct {
	period    time.Duration
	tolerance time.Duration
	duty      float64 // 0: any
	share     float64 // the tolerance as a share
}

// defaultTolerance of blinks.
const defaultTolerance = 0.05

func newBlinksRule(b *lang.Blinks) *blinksRule {
	r := &blinksRule{share: defaultTolerance}
	if b.Period != nil {
		r.period = b.Period.Duration
	}
	if b.Tolerance != nil {
		r.share = b.Tolerance.Fraction
	}
	if b.Duty != nil {
		r.duty = b.Duty.Fraction
	}
	r.tolerance = time.Duration(float64(r.period) * r.share)
	return r
}

// blinker follows one pin.
//
//	edge                        | what is looked at
//	first rise                  | it comes no later than a period after the beginning
//	a rise                      | the time since the rise before it is a period
//	fall, then a rise           | the pin was high for its share of the period
//	the end                     | the last rise is no longer ago than a period
type blinker struct {
	rises  int
	rise   time.Duration // the last one
	fall   time.Duration // the last one behind a rise
	high   bool
	known  bool
	broken string
	at     time.Duration // where it broke
}

// edge takes in a change of the level.
func (b *blinker) edge(r *blinksRule, begin, at time.Duration, high bool) {
	if b.broken != "" || b.known && high == b.high {
		return
	}
	b.known, b.high = true, high
	if !high {
		b.fall = at
		return
	}
	from := begin
	if b.rises > 0 {
		from = b.rise
	}
	period := at - from
	switch share := float64(b.fall-b.rise) / float64(max(period, 1)); {
	case period > r.period+r.tolerance, b.rises > 0 && period < r.period-r.tolerance:
		b.fail(at, fmt.Sprintf("%s from rise to rise", period))
	case b.rises > 0 && r.duty > 0 && (share < r.duty-r.share || share > r.duty+r.share):
		b.fail(at, fmt.Sprintf("high for %.3g%% of the period", share*100))
	}
	b.rises++
	b.rise = at
}

// finish looks at what is missing at the end.
func (b *blinker) finish(r *blinksRule, begin, end time.Duration) {
	switch {
	case b.broken != "":
	case b.rises == 0:
		b.fail(end, "it never rises")
	case end-b.rise > r.period+r.tolerance:
		b.fail(end, "it stops: no rise after "+clock(b.rise))
	}
}

func (b *blinker) fail(at time.Duration, why string) { b.at, b.broken = at, why }

func (a *Active) prepareBlinks() {
	n := 1
	if over := a.x.root.is.over; over != nil {
		n = over.count
	}
	a.blinkers = make([]blinker, n)
}

// readBlinks takes the event at index i in, where it is an edge of the pin.
func (a *Active) readBlinks(i int) {
	e, l := a.h.at(i), a.x.root.is
	if e.Kind != trace.Pin || e.At < a.start {
		return
	}
	d, ok := a.h.index[e.Device]
	if !ok {
		return
	}
	slot, ok := a.h.devices[d].pins[e.Name]
	member := 0
	if l.over == nil {
		ok = ok && l.ref == valueRef{int32(d), slot}
	} else {
		member = d - l.over.first
		ok = ok && member >= 0 && member < l.over.count && slot == l.slot
	}
	if ok {
		a.blinkers[member].edge(a.x.blinks, a.start, e.At, e.Value != 0)
	}
}

// failBlinks fails where a pin does not blink as it should.
func (a *Active) failBlinks() {
	broken := 0
	first := -1
	for m := range a.blinkers {
		if a.now >= a.end {
			a.blinkers[m].finish(a.x.blinks, a.start, a.end)
		}
		if a.blinkers[m].broken != "" {
			if broken++; first < 0 {
				first = m
			}
		}
	}
	if broken == 0 {
		return
	}
	b := &a.blinkers[first]
	text := "it does not blink so: "
	if over := a.x.root.is.over; over != nil {
		text = fmt.Sprintf("%d of the %d members of %s do not blink so; %s: ", broken, over.count, over.name, a.h.devices[over.first+first].name)
	}
	text += fmt.Sprintf("%s at %s", b.broken, clock(b.at))
	if b.rises > 1 || b.rises == 1 && b.broken != "" {
		text += fmt.Sprintf(", after %s", plural(b.rises-1, "good rise", "good rises"))
	}
	a.fail(text)
}

// nearestEdges shows the last edges of the pin.
func (a *Active) nearestEdges() []Near { return a.h.changesOf(a.x.root, a.until) }
