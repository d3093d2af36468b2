package run

import (
	"fmt"
	"slices"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/trace"
)

// fault is an impairment under way, which must touch something before it ends.
type fault struct {
	verb    string // network, broker, power, sensor
	subject string // the network, device or sensor
	what    string // as the message names it: "network cell: down"
	pos     diag.Position
	path    string
	branch  string       // of a parallel, that it was begun in; or ""
	swept   bool         // it was begun in a sweep
	touched func() int64 // so far
	nothing string       // the message where it touched nothing
}

// faults tracks the impairments under way. A test that tested nothing must not be green: each fault is
// judged when it ends, by one event that says what it touched.
type faults struct {
	open   []*fault
	emit   func(trace.Event)
	branch string // in turn
	swept  bool   // the steps of a sweep are under way
}

func (f *faults) begin(x *fault) {
	x.branch, x.swept = f.branch, f.swept
	f.open = append(f.open, x)
}

// has reports whether a fault of verb on subject is under way.
func (f *faults) has(verb, subject string) bool {
	return slices.ContainsFunc(f.open, func(x *fault) bool { return x.verb == verb && x.subject == subject })
}

// end judges the faults of verb on subject and returns a failure for each that touched nothing.
func (f *faults) end(verb, subject string) []Failure {
	var failures []Failure
	f.open = slices.DeleteFunc(f.open, func(x *fault) bool {
		if x.verb != verb || x.subject != subject {
			return false
		}
		failures = append(failures, f.judge(x)...)
		return true
	})
	return failures
}

// endAll judges what is still under way at the end of the run.
func (f *faults) endAll() []Failure {
	var failures []Failure
	for _, x := range f.open {
		failures = append(failures, f.judge(x)...)
	}
	f.open = nil
	return failures
}

func (f *faults) judge(x *fault) []Failure {
	n := x.touched()
	e := trace.Event{Kind: trace.Kind(x.verb), Name: x.subject, Text: "effect of " + x.what, Count: n}
	if x.verb == "power" {
		e.Device, e.Name = x.subject, "cut"
	}
	f.emit(e)
	if n > 0 {
		return nil
	}
	message := fmt.Sprintf("%s touched nothing: %s", x.what, x.nothing)
	if x.branch != "" {
		message = "in " + x.branch + ": " + message
	}
	return []Failure{{Pos: x.pos, Step: x.path, Verdict: Invalid, Message: message}}
}
