package vtime

import "time"

// entry is an action to come, with what it is ordered by.
type entry struct {
	at    time.Duration
	order uint64 // within an instant
	timer *Timer
}

const (
	sourceBits   = 24 // sixteen million sources
	sequenceBits = 36 // sixty-eight thousand million actions of each
)

// orderOf packs what orders the actions of an instant: class, source and sequence.
func orderOf(class Class, source int, sequence uint64) uint64 {
	return uint64(class)<<(sourceBits+sequenceBits) | uint64(source)<<sequenceBits | sequence
}

func (e entry) before(other entry) bool {
	return e.at < other.at || e.at == other.at && e.order < other.order
}

// agenda is a heap of what is to come, the first at its root. It holds a few entries for each of ten thousand devices,
// so the keys are in it, and it has four branches: both for the processor's caches.
type agenda []entry

const branches = 4

func (a *agenda) add(e entry) {
	*a = append(*a, e)
	a.up(len(*a)-1, e)
}

// pop takes the first out. The agenda must not be empty.
func (a *agenda) pop() *Timer {
	t := (*a)[0].timer
	a.remove(0)
	return t
}

// remove takes the entry at a place out.
func (a *agenda) remove(place int) {
	old := *a
	last := len(old) - 1
	old[place].timer.place = -1
	moved := old[last]
	old[last] = entry{}
	*a = old[:last]
	if place == last {
		return
	}
	if place > 0 && moved.before(old[(place-1)/branches]) {
		a.up(place, moved)
		return
	}
	a.down(place, moved)
}

// put sets an entry down.
func (a agenda) put(place int, e entry) {
	a[place] = e
	e.timer.place = place
}

// up sets e down at a place, or nearer to the root.
func (a agenda) up(place int, e entry) {
	for place > 0 {
		parent := (place - 1) / branches
		if !e.before(a[parent]) {
			break
		}
		a.put(place, a[parent])
		place = parent
	}
	a.put(place, e)
}

// down sets e down at a place, or further from the root.
func (a agenda) down(place int, e entry) {
	for {
		first := place*branches + 1
		if first >= len(a) {
			break
		}
		least := first
		for child := first + 1; child < min(first+branches, len(a)); child++ {
			if a[child].before(a[least]) {
				least = child
			}
		}
		if !a[least].before(e) {
			break
		}
		a.put(place, a[least])
		place = least
	}
	a.put(place, e)
}
