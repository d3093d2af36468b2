package run

import (
	"errors"
	"fmt"
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

// fail ends the run with a failure.
func (r *runner) fail(f Failure) {
	r.cutShort(f)
	r.result.Failures = append(r.result.Failures, f)
	r.finish(f.Verdict, "")
}

// cutShort ends the steps under way, which do not come to their own end.
func (r *runner) cutShort(f Failure) {
	for i := range r.result.Steps {
		step := &r.result.Steps[i]
		if step.Verdict != Interrupted {
			continue
		}
		step.End = f.At
	}
}

// underWay returns a failure of the step under way.
func (r *runner) underWay(at time.Duration, message, detail string) Failure {
	f := Failure{Pos: diag.Position{File: r.plan.File, Line: 1, Col: 1}, Step: "run", At: at, Verdict: Invalid, Message: message, Detail: detail}
	if step := r.main.current; step != nil {
		f.Pos, f.Step = step.Pos, step.Path
	}
	return f
}

// hopeless says why the run cannot go on, or "".
func (r *runner) hopeless() string {
	if !time.Now().Before(vtime.End()) {
		return "virtual time ends in the year " + vtime.End().Format("2006") + ", and the run has come to it; wait for less"
	}
	if r.spun != "" {
		return "the firmware of " + r.spun + " spins, and no watchdog was started to end it; sleep in its loop"
	}
	return ""
}

// noteSpin looks whether a device that recorded a fault spins: to ask every device at every turn would cost the
// more the larger the fleet.
func (r *runner) noteSpin(device string) {
	if t := r.bench.twins[device]; r.spun == "" && t != nil && t.Spun() {
		r.spun = device
	}
}

// end comes after the last step: what never touched or never saw anything is found out.
func (r *runner) end() {
	now := r.now()
	failures := r.endFaults()
	for _, f := range r.watch.Finish(now) {
		failures = append(failures, failure(f, f.Path))
	}
	if !r.everPowered() {
		failures = append(failures, Failure{Pos: r.plan.Scenario.Pos, Step: "devices", At: now, Verdict: Invalid,
			Message: "no device was ever powered, so nothing was tested; the first step is most often `power: {DEVICE: on}`"})
	}
	verdict := Pass
	for _, f := range failures {
		verdict = verdict.Worse(f.Verdict)
	}
	r.result.Failures = append(r.result.Failures, failures...)
	r.finish(verdict, "")
}

func (r *runner) everPowered() bool {
	for i := range r.plan.Devices {
		if r.history.EverPowered(r.plan.Devices[i].Name) {
			return true
		}
	}
	return false
}

// finish records the verdict and what happened up to it, and stops the loop.
func (r *runner) finish(v Verdict, reason string) {
	r.finished = true
	r.conclude(v, reason, r.now())
	r.bench.loop.Stop()
}

// conclude makes the result, and the verdict the last event of the trace.
func (r *runner) conclude(v Verdict, reason string, at time.Duration) {
	r.keepSometimes()
	r.result.Verdict, r.result.Reason, r.result.Elapsed = v, reason, at
	if reason == "" && len(r.result.Failures) > 0 {
		reason = r.result.Failures[0].Message
	}
	if v != Infra {
		// The events of one turn are sorted by device; the verdict comes after them all.
		events := append(r.bench.events.Turn(), trace.Event{At: at, Kind: trace.Verdict, Name: string(v), Text: reason})
		if err := errors.Join(r.record(events), r.exports.turn(events), r.exports.end(at)); err != nil {
			r.result.Verdict, r.result.Reason = Infra, cannotWrite(err)
		}
	}
	r.result.Notes = append(r.crashes.notes("faulted"), r.resets.notes("was reset by its watchdog")...)
}

// stalled is the result of a run whose virtual time stands still. It is called outside the bubble. The
// loop is then waiting for the rest to settle, so that nothing of the runner is in use; and whatever it
// wrote, it wrote before the beat that was seen last.
func (r *runner) stalled(s vtime.Stall) Result {
	if r.writer == nil {
		return r.failed(Invalid, s.Error())
	}
	at := r.opts.Position.Load().Elapsed
	f := r.underWay(at, s.Error(), s.Stack)
	r.main.blame(f)
	r.cutShort(f)
	r.result.Failures = append(r.result.Failures, f)
	r.conclude(Invalid, "", at)
	r.result.Leftover = true
	return r.result
}

// crashes counts what happened to each device that it does not do by itself: faults, or resets by its watchdog.
type crashes struct {
	devices []string // in the order of their first
	count   map[string]int
	first   map[string]trace.Event
}

func (c *crashes) add(e trace.Event) {
	if c.count == nil {
		c.count, c.first = map[string]int{}, map[string]trace.Event{}
	}
	if c.count[e.Device]++; c.count[e.Device] == 1 {
		c.devices, c.first[e.Device] = append(c.devices, e.Device), e
	}
}

// notes says in one line a device how often it did what, and why at first: what nobody asked for, but who
// wonders about a missing message wants to know.
func (c *crashes) notes(what string) []string {
	var notes []string
	for _, d := range c.devices {
		times := "once"
		if c.count[d] > 1 {
			times = fmt.Sprintf("%d times", c.count[d])
		}
		note := fmt.Sprintf("%s %s %s, first at %s", d, what, times, c.first[d].At)
		if why := c.first[d].Text; why != "" {
			note += ": " + why
		}
		notes = append(notes, note)
	}
	return notes
}
