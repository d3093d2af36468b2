// Package expect judges expectations and invariants over the trace of a run.
//
// It is a pure step function: events and the present instant go in, verdicts and the next instant
// at which time alone may change one come out. It starts no goroutine and reads no clock; every
// time is a time.Duration since the start of the run, as in trace.Event.At. One History, and what
// hangs on it, belongs to one goroutine; a Program is immutable and may serve many runs at once.
//
//	program, faults := expect.Compile(p)        // once per plan
//	h := expect.NewHistory(p)                   // once per run
//	watch := program.Watch(h)                   // always and never
//	mark := h.Mark(now, "power")                // at the start of each stimulus, at the end of each wait
//	a := program.Begin(step, h, now, mark)      // an expect step starts
//	h.Append(turn)                              // the events of one turn, in order
//	a.Judge(now)                                // after each Append, and at a.Next()
//
// # The rules, as they are decided here
//
//  1. Window. An event counts if it stands in the history at or after Window.From, so a match that
//     is already there passes at once. within and during are lengths from the start of the expect
//     step. The instant of a within deadline still belongs to it; during is half open: what happens
//     at its very end is outside. So neither depends on what comes first at that instant. States
//     (pin, metric, expr) are judged from the start of the step on, never in the past.
//  2. Consumption. What satisfied an expectation is used up: the first match; one event for each
//     member of all; the first one for any; with a lower bound or == all matches counted up to the
//     judgement. An upper bound, != and not are satisfied by what is missing and use up nothing. A
//     used event is invisible to every later count and match, also to upper bounds and not, which
//     thus mean "no further one". But gapless, ordered and unique look at all messages that match,
//     used or not: being used does not undo that the message was sent.
//  3. Now or a window. A state without within or during must hold at the start of the step.
//     Package plan puts default_within wherever neither is given.
//  4. Judgement. within passes at the first instant at which everything in the step holds. A gap
//     may still be filled by a redelivery until the deadline; a broken order or a repeat cannot be
//     mended and fails at once. during judges at its end, and fails earlier where it can no longer
//     hold (an upper bound exceeded, not matched, a state broken). In during a state must hold at
//     every instant, and an event must happen at least once. for starts when the condition comes
//     true, no later than the deadline, may end after it, starts again after a break before the
//     deadline, and fails at a break after it.
//  5. Pause at the match. A verdict, once given, does not change, and nothing is read after it.
//  7. MQTT is matched on publish events, by topic filter; retained is the publisher's flag.
//  9. Nothing vacuous. An expectation that no event satisfied and whose device was never powered is
//     invalid; so is an invariant that was never judged. For a topic the devices are those whose
//     own topics overlap with it. State invariants rest while a device they name is off, or while a
//     metric they name was not seen yet. An event breaks a never also at the instant of the power
//     cut, when a last half line leaves the console.
//
// Rules 6 (fleets), 8 (parallel) and 10 (boards) are about parts of the language that do not exist yet.
//
// All states are judged after each single event, not after each turn, so that a glitch within one
// instant is seen.
package expect
