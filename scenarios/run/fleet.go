package run

// eachMember does act for every device that a name stands for: one device, or the members of a fleet in their
// order; i counts them from 0. A step that has an effect on some members has one: only where act fails for all
// is that the step's failure.
func (r *runner) eachMember(name string, act func(i int, device string) *Failure) *Failure {
	var first *Failure
	failed := 0
	members := r.plan.Members(name)
	for i, device := range members {
		if failure := act(i, device); failure != nil {
			if failed++; first == nil {
				first = failure
			}
		}
	}
	if failed < len(members) {
		return nil
	}
	return first
}
