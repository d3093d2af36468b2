package expect

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twinrig/twinrig/scenarios/plan"
)

// overFleet is something that is evaluated for each member of a fleet by itself. It is immutable.
type overFleet struct {
	name   string // of the fleet
	fleet  int    // its index in the plan
	first  int    // the index of its first member among the devices
	count  int    // of its members
	rests  bool   // members that are off, or of which a value was not seen yet, are left out: in invariants
	value  func(h *History, member int, now time.Duration) (any, error)
	outer  []int // devices beside the members whose changes count for all of them
	inner  []int // fleets whose changes do
	uptime bool  // it changes by time alone
}

// newOverFleet returns an overFleet that has no value yet.
func newOverFleet(p *plan.Plan, index int, rests bool) *overFleet {
	f := &p.Fleets[index]
	return &overFleet{name: f.Name, fleet: index, first: f.First, count: len(f.Members), rests: rests}
}

// memberClass is how a member stands.
type memberClass byte

const (
	memberNew    memberClass = iota // never evaluated
	memberNo                        // the condition is false
	memberYes                       // it is true, or the value is a number
	memberUnseen                    // a value that it reads was not seen yet
	memberRests                     // left out
)

// tracked is an overFleet in a run: the members as they were last evaluated. Only members of which something
// changed are evaluated anew.
type tracked struct {
	rule    *overFleet
	class   []memberClass
	numbers []float64 // of members that are memberYes, where the value is a number
	counts  [memberRests + 1]int
	dirty   []int32 // members that changed since, each once
	isDirty []bool
	changes uint64           // of what counts for all members, at the last look
	now     time.Duration    // of the last look
	ranks   *sorted[float64] // the numbers; nil: nobody asked
	sums    *sums            // nil: nobody asked
	flips   []flip           // the changes of a class, in order, that a reader has not read yet, and some more
	dropped int              // how many there were before flips
	readers []*Active        // those that read every flip
	err     error            // of the first member that could not be evaluated
}

// flip is a member's change of class.
type flip struct {
	member int32
	class  memberClass
}

// fleetState is what the history keeps of a fleet.
type fleetState struct {
	changes uint64 // sum of its members' changes
	tracked []*tracked
}

// memberChanged tells all that track the device's fleet.
func (h *History) memberChanged(d *deviceState) {
	f := &h.fleets[d.fleet]
	f.changes++
	for _, t := range f.tracked {
		if !t.isDirty[d.member] {
			t.isDirty[d.member] = true
			t.dirty = append(t.dirty, int32(d.member))
		}
	}
}

// track brings what is known of the members up to date.
func (h *History) track(rule *overFleet, now time.Duration) *tracked {
	changes := h.changes(rule.outer) + h.fleetChanges(rule.inner)
	t, known := h.tracks[rule]
	if !known {
		t = &tracked{rule: rule, class: make([]memberClass, rule.count), numbers: make([]float64, rule.count), isDirty: make([]bool, rule.count)}
		t.counts[memberNew] = rule.count
		h.tracks[rule] = t
		h.fleets[rule.fleet].tracked = append(h.fleets[rule.fleet].tracked, t)
	}
	all := !known || changes != t.changes || rule.uptime && now != t.now
	t.changes, t.now = changes, now
	if all {
		for m := range rule.count {
			t.look(h, m, now)
		}
	}
	for _, m := range t.dirty {
		if t.isDirty[m] = false; !all {
			t.look(h, int(m), now)
		}
	}
	t.dirty = t.dirty[:0]
	if len(t.flips) > 2*len(t.class)+chunk {
		t.dropFlips()
	}
	return t
}

// dropFlips drops the flips that all readers have read.
func (t *tracked) dropFlips() {
	t.readers = slices.DeleteFunc(t.readers, func(a *Active) bool { return a.verdict != Pending })
	read := t.dropped + len(t.flips)
	for _, a := range t.readers {
		read = min(read, a.fleet.flips)
	}
	t.flips = slices.Delete(t.flips, 0, read-t.dropped)
	t.dropped = read
}

// look evaluates one member.
func (t *tracked) look(h *History, m int, now time.Duration) {
	class, number := memberNo, 0.0
	if t.rule.rests && !h.devices[t.rule.first+m].powered {
		class = memberRests
	} else {
		value, err := t.rule.value(h, m, now)
		var unseen errNotSeen
		switch v := value.(type) {
		case bool:
			if v {
				class = memberYes
			}
		case int:
			class, number = memberYes, float64(v)
		case float64:
			class, number = memberYes, v
		}
		switch {
		case errors.As(err, &unseen) && t.rule.rests:
			class = memberRests
		case errors.As(err, &unseen):
			class = memberUnseen
		case err != nil:
			class = memberNo
			if t.err == nil {
				t.err = err
			}
		}
	}
	if class == t.class[m] && number == t.numbers[m] {
		return
	}
	t.renumber(m, class, number)
	if class != t.class[m] {
		t.counts[t.class[m]]--
		t.counts[class]++
		t.class[m] = class
		t.flips = append(t.flips, flip{int32(m), class})
	}
}

// renumber gives a member another number, or takes it away.
func (t *tracked) renumber(m int, class memberClass, number float64) {
	if t.ranks != nil {
		if t.class[m] == memberYes {
			t.ranks.remove(t.numbers[m])
		}
		if class == memberYes {
			t.ranks.add(number)
		}
	}
	t.numbers[m] = number // 0 where it has none
	if t.sums != nil {
		t.sums.set(m, number)
	}
}

// ranked returns the numbers in order.
func (t *tracked) ranked() *sorted[float64] {
	if t.ranks == nil {
		t.ranks = &sorted[float64]{}
		for m, c := range t.class {
			if c == memberYes {
				t.ranks.add(t.numbers[m])
			}
		}
	}
	return t.ranks
}

// sum returns the sum of the numbers.
func (t *tracked) sum() float64 {
	if t.sums == nil {
		t.sums = newSums(len(t.numbers))
		for m, number := range t.numbers {
			t.sums.set(m, number)
		}
	}
	return t.sums.total()
}

// awake is how many members count.
func (t *tracked) awake() int { return t.rule.count - t.counts[memberRests] }

// members names the first members that are of one of the classes.
func (t *tracked) members(h *History, classes ...memberClass) string {
	n := 0
	for _, c := range classes {
		n += t.counts[c]
	}
	return firstOf(n, func(yield func(string) bool) {
		for m, c := range t.class {
			for _, want := range classes {
				if c == want && !yield(h.devices[t.rule.first+m].name) {
					return
				}
			}
		}
	})
}

// firstOf joins the first few of n names: "a, b, c and 497 more".
func firstOf(n int, names func(yield func(string) bool)) string {
	var list []string
	for name := range names {
		if len(list) == most {
			break
		}
		list = append(list, name)
	}
	text := strings.Join(list, ", ")
	if n > len(list) {
		text += fmt.Sprintf(" and %d more", n-len(list))
	}
	return text
}

// fleetChanges sums the changes of fleets.
func (h *History) fleetChanges(fleets []int) uint64 {
	var sum uint64
	for _, f := range fleets {
		sum += h.fleets[f].changes
	}
	return sum
}

// changesIn differs whenever something changed that a node reads.
func (h *History) changesIn(n *node) uint64 { return h.changes(n.singles) + h.fleetChanges(n.fleets) }
