package expect

import (
	"fmt"
	"math"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// quorum says how many members of a fleet must satisfy a condition: every one, one, or a share.
type quorum struct {
	any   bool
	share *lang.Share
}

func quorumOf(e *lang.Expect) quorum { return quorum{any: e.AnyMember(), share: e.Share} }

// every reports whether all members must satisfy it.
func (q quorum) every() bool { return !q.any && q.share == nil }

// holds reports whether n of total members are enough, and not too many.
func (q quorum) holds(n, total int) bool {
	switch {
	case q.any:
		return n > 0
	case q.share == nil:
		return n == total
	}
	// Counted in members: 99% of 500 are 495, whatever a binary fraction makes of it.
	want, got := q.share.Fraction*float64(total), float64(n)
	const slack = 1e-6
	switch q.share.Op {
	case ">=":
		return got >= want-slack
	case ">":
		return got > want+slack
	case "<=":
		return got <= want+slack
	case "<":
		return got < want-slack
	}
	return got == math.Round(want)
}

// bounded reports whether more members can be too many.
func (q quorum) bounded() bool {
	return q.share != nil && (q.share.Op == "<" || q.share.Op == "<=" || q.share.Op == "==")
}

// within reach: whether it can still hold where at most `most` of total members will satisfy it.
func (q quorum) possible(most, total int) bool {
	if q.bounded() && q.share.Op != "==" {
		return true
	}
	if q.bounded() {
		return float64(most) >= math.Round(q.share.Fraction*float64(total))
	}
	return q.holds(most, total)
}

// exceeded reports whether n of total are too many already.
func (q quorum) exceeded(n, total int) bool {
	if !q.bounded() {
		return false
	}
	if q.share.Op == "==" {
		return float64(n) > math.Round(q.share.Fraction*float64(total))
	}
	return !q.holds(n, total)
}

// wanted says what is asked for.
func (q quorum) wanted() string {
	switch {
	case q.any:
		return "one wanted"
	case q.share != nil:
		return fmt.Sprintf("%s %s%% wanted", q.share.Op, formatValue(q.share.Fraction*100))
	}
	return "all wanted"
}
