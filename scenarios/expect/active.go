package expect

import (
	"errors"
	"time"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// Verdict is what became of an expectation.
type Verdict byte

// The verdicts. All but Pending are final.
const (
	Pending Verdict = iota
	Passed
	Failed
	Invalid // it tested nothing, or could not be judged
)

// String returns the word of the verdict.
func (v Verdict) String() string { return [...]string{"pending", "pass", "fail", "invalid"}[v] }

// Active is one expect step under way, or done. It follows its history by itself until it is done.
type Active struct {
	x      *expectation
	step   *lang.Step
	h      *History
	window Window
	start  time.Duration
	end    time.Duration // of within: the last instant of it; of during: the first one after it
	now    time.Duration // the latest instant known

	slots    []slot
	series   []*series
	fleet    *fleetSlot    // the expectation is about a fleet, and nothing else
	meter    *meter        // measure
	growth   *growth       // of a metric that may grow so much
	blinkers []blinker     // blinks: one, or one for each member
	holding  bool          // for: the condition holds since `since`
	since    time.Duration // for
	trouble  error         // why a state could not be known at the last look
	verdict  Verdict
	at       time.Duration // when the verdict fell
	until    int           // how many events there were then
	reason   string        // why it failed or is invalid
	consumed []int
}

// slot is what an Active knows of one node.
type slot struct {
	matches matchList // events: those that match, unused when they were read
	holds   bool      // states: at the last look
	broken  bool      // states, during: it did not hold at some instant
	changes uint64    // states: sum of the devices' changes at the last look
	looked  bool
	brokeAt time.Duration
	fleet   *fleetSlot // events of a fleet
}

// Begin starts the expect step at now. window says which events it may read; in it a plain match
// passes at once. The result follows h until its verdict is final; nothing needs to be released.
func (p *Program) Begin(step *lang.Step, h *History, now time.Duration, window Window) *Active {
	x := p.expectations[step.Expect]
	a := &Active{x: x, step: step, h: h, window: window, start: now, end: now + x.length, now: now, slots: make([]slot, x.nodes)}
	for _, rule := range x.series {
		a.series = append(a.series, newSeries(rule))
	}
	a.prepare()
	for i := range h.known(window.From, h.Len()) {
		a.read(i)
	}
	a.look()
	if a.verdict == Pending {
		h.watchers = append(h.watchers, a)
	}
	return a
}

// Judge returns the verdict at now. Call it after each History.Append and at the instant that Next
// names. Once it is not Pending it stays, and the step ends at the instant At.
func (a *Active) Judge(now time.Duration) Verdict {
	if a.verdict == Pending {
		a.advance(now)
	}
	if a.verdict == Pending {
		a.look()
	}
	return a.verdict
}

// Drop ends the expectation without a verdict: it uses no event up any more.
func (a *Active) Drop() {
	if a.verdict == Pending {
		a.at, a.until, a.verdict, a.reason = a.now, a.h.Len(), Invalid, "its step was left"
	}
}

// At returns the instant at which the verdict fell.
func (a *Active) At() time.Duration { return a.at }

// Next returns the next instant at which the verdict may change without any event. ok is false once
// the verdict is final. A deadline that is missed is known one nanosecond after it.
func (a *Active) Next() (at time.Duration, ok bool) {
	if a.verdict != Pending {
		return 0, false
	}
	switch {
	case a.x.temporal == judgeDuring && a.waitsForEnds(a.now):
		at = a.end + a.x.measure.timeout
	case a.x.temporal == judgeDuring:
		at = a.end
	case a.holding:
		at = a.since + a.x.hold
	default:
		at = a.end + 1
	}
	for _, d := range a.x.root.uptime {
		if t, ok := a.h.devices[d].nextUptime(a.now); ok {
			at = min(at, t)
		}
	}
	return at, true
}

// advance sees that nothing happened until now.
func (a *Active) advance(now time.Duration) {
	if a.verdict != Pending {
		return
	}
	switch {
	case a.x.temporal == judgeDuring:
		if a.waitsForEnds(now) {
			break
		}
		if now >= a.end {
			a.now = max(a.now, a.end)
			a.judgeEnd()
			return
		}
	case a.holding:
		if now >= a.since+a.x.hold {
			a.now = a.since + a.x.hold
			a.pass()
			return
		}
	case now > a.end:
		a.now = a.end
		a.look()
		if a.verdict == Pending && !a.holding {
			a.fail(a.shortfall())
		}
		if a.verdict == Pending {
			a.advance(now) // it holds since the last instant, for as long as `for` asks
		}
		return
	}
	a.now = max(a.now, now)
}

// observe sees the event at index i.
func (a *Active) observe(i int) bool {
	if a.verdict != Pending {
		return false
	}
	a.now = a.h.at(i).At
	a.read(i)
	a.look()
	return a.verdict == Pending
}

// read takes the event into the matches of the leaves that ask for it.
func (a *Active) read(i int) {
	switch {
	case a.meter != nil:
		a.meter.add(a.h, i, a.x.temporal != judgeDuring || a.h.at(i).At < a.end)
		return
	case a.blinkers != nil:
		a.readBlinks(i)
		return
	}
	a.x.root.walk(func(n *node) {
		if n.op != opEvent || !n.event.matches(a.h, i) {
			return
		}
		if fleet := a.slots[n.id].fleet; fleet != nil {
			fleet.add(a, n.event.members.of(a.h, a.h.at(i)), i)
			return
		}
		for _, s := range a.series {
			s.add(a.h, i)
		}
		// Plain conditions need no more matches than there are leaves that may want them.
		if !a.h.used(i) && (a.counting() || a.slots[n.id].matches.n < a.x.nodes) {
			a.slots[n.id].matches.add(a.h, i)
		}
	})
}

// counting reports whether all matches count, not the first.
func (a *Active) counting() bool { return a.x.count != nil || len(a.series) > 0 }

// look judges what holds now.
func (a *Active) look() {
	if a.verdict != Pending {
		return
	}
	a.trouble = nil
	switch a.x.temporal {
	case judgeNow:
		if a.holds() {
			a.pass()
		} else {
			a.fail(a.shortfall())
		}
	case judgeWithin:
		a.lookWithin()
	case judgeDuring:
		a.lookDuring()
	}
	var wrong errNotEvaluable
	if a.verdict != Passed && errors.As(a.trouble, &wrong) {
		a.at, a.until, a.verdict, a.reason = a.now, a.h.Len(), Invalid, wrong.what
	}
}

func (a *Active) lookWithin() {
	switch {
	case a.holds():
		switch {
		case a.x.hold == 0:
			a.pass()
		case !a.holding:
			a.holding, a.since = true, a.now
		}
	case a.holding:
		a.holding = false
		if a.now > a.end {
			a.fail("it held from " + clock(a.since) + " and broke at " + clock(a.now) + ", after the deadline")
		}
	default:
		a.failHopeless()
	}
}

func (a *Active) failHopeless() {
	if f := a.fleet; f != nil && f.rule != nil && !f.rule.quorum.possible(len(f.members)-f.lost, len(f.members)) {
		a.fail(a.fleetShortfall())
		return
	}
	for _, s := range a.series {
		if s.hopeless() && a.verdict == Pending {
			a.fail(s.why())
		}
	}
}

// matches returns the matches of an expectation about one kind of event.
func (a *Active) matches() *matchList { return &a.slots[a.x.root.id].matches }

// holds reports whether everything in the step holds now, and if so keeps in consumed what it used.
func (a *Active) holds() bool {
	switch {
	case a.meter != nil:
		a.consumed = nil
		return a.meter.holds(a.now, false)
	case a.fleet != nil && a.x.root.op == opEvent:
		return a.fleetHolds()
	}
	if !a.counting() {
		chosen, ok := a.assign(func(n *node) bool { return a.stateHolds(n) })
		a.consumed = chosen
		return ok
	}
	a.consumed = nil
	n := a.matches().n
	switch c := a.x.count; {
	case c != nil && !c.Holds(float64(n)):
		return false
	case c == nil && n == 0:
		return false
	}
	for _, s := range a.series {
		if s.messages > 0 && !s.holds() || s.messages == 0 && s.rule.from != nil {
			return false
		}
	}
	if a.x.count == nil || lowerBound(a.x.count.Op) {
		a.consumed = a.matches().kept
	}
	return true
}

// lowerBound reports whether the matches are what satisfies the comparison.
func lowerBound(op string) bool { return op == ">" || op == ">=" || op == "==" }

// stateHolds reports whether a state holds now; it looks anew only if its devices changed.
func (a *Active) stateHolds(n *node) bool {
	if n.op != opState {
		for _, m := range n.members {
			if a.stateHolds(m) != (n.op == opAll) {
				return n.op == opAny
			}
		}
		return n.op == opAll
	}
	s := &a.slots[n.id]
	if changes := a.h.changesIn(n); !s.looked || changes != s.changes || len(n.uptime) > 0 {
		var err error
		s.holds, err = n.is.holds(a.h, a.now)
		s.looked, s.changes = err == nil, changes
		if err != nil && a.trouble == nil {
			a.trouble = err
		}
	}
	return s.holds
}

// changes sums the changes of devices: it differs whenever one of them changed.
func (h *History) changes(devices []int) uint64 {
	var sum uint64
	for _, d := range devices {
		sum += h.devices[d].changes
	}
	return sum
}

func (a *Active) pass() {
	a.at, a.until = a.now, a.h.Len()
	if why := a.vacuous(); why != "" {
		a.verdict, a.reason = Invalid, why
		return
	}
	a.verdict = Passed
	a.h.use(a, a.consumed)
}

func (a *Active) fail(reason string) {
	a.at, a.until, a.verdict, a.reason = a.now, a.h.Len(), Failed, reason
	if why := a.vacuous(); why != "" {
		a.verdict, a.reason = Invalid, why
	}
}
