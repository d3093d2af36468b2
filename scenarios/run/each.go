package run

// bind makes the steps of an each for the device in turn, and forgets those of the one before.
func (t *thread) bind(f *frame) {
	r, e := t.r, f.owner.Each
	steps, err := r.plan.Bind(e, e.Devices[f.device])
	if err == nil {
		program, faults := r.program.With(steps)
		f.steps, f.program, err = steps, program, faults.Err()
	}
	if err != nil {
		t.fail(Failure{Pos: f.owner.Pos, Step: f.owner.Path, At: r.now(), Verdict: Invalid, Message: "for " + e.Devices[f.device] + ": " + err.Error()})
	}
}
