package run

import "fmt"

// NeverSeen returns a failure for each sometimes that was true in none of the runs of a campaign. Skipped runs
// could not have seen it. A single run only reports; several, or the runs of a sweep, are a campaign.
func NeverSeen(results []Result) []Failure {
	var all []Sometimes
	runs, seen := 0, map[string]bool{}
	for i := range results {
		r := &results[i]
		if r.Verdict == Interrupted {
			return nil // what was not begun may have seen it
		}
		if r.Verdict == Skipped {
			continue
		}
		runs++
		if r.Sweep != nil {
			runs += r.Sweep.Runs
		}
		if len(r.Sometimes) > len(all) {
			all = r.Sometimes
		}
		for _, s := range r.Sometimes {
			seen[s.Path] = seen[s.Path] || s.Seen
		}
	}
	if runs < 2 {
		return nil
	}
	var failures []Failure
	for _, s := range all {
		if !seen[s.Path] {
			failures = append(failures, Failure{Pos: s.Pos, Step: s.Path, Verdict: Fail, Message: fmt.Sprintf("it was true in none of the %d runs: %s", runs, s.Text)})
		}
	}
	return failures
}

// seeSometimes takes over what a run of a sweep saw.
func (r *Result) seeSometimes(one Result) {
	if len(r.Sometimes) < len(one.Sometimes) {
		more := one.Sometimes[len(r.Sometimes):]
		r.Sometimes = append(r.Sometimes[:len(r.Sometimes):len(r.Sometimes)], more...)
	}
	for i, s := range one.Sometimes {
		if s.Seen && !r.Sometimes[i].Seen {
			r.Sometimes[i] = s
		}
	}
}
