package netsim

import "time"

// timed is something due at an instant.
type timed[T any] struct {
	at    time.Duration
	value T
}

// queue holds what is due, the earliest first, and of one instant in the order of pushing.
// Almost everything is pushed in the order of its time, so a sorted slice beats a heap.
type queue[T any] struct {
	items []timed[T]
	head  int // items before it were popped
}

func (q *queue[T]) len() int { return len(q.items) - q.head }

func (q *queue[T]) push(at time.Duration, value T) {
	// Room is made by moving down what is left, once half of it was popped: constant on average.
	if len(q.items) == cap(q.items) && q.head > len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, timed[T]{})
	i := len(q.items) - 1
	for ; i > q.head && q.items[i-1].at > at; i-- {
		q.items[i] = q.items[i-1]
	}
	q.items[i] = timed[T]{at: at, value: value}
}

// first returns when the earliest is due.
func (q *queue[T]) first() (time.Duration, bool) {
	if q.len() == 0 {
		return 0, false
	}
	return q.items[q.head].at, true
}

// last returns when the latest is due; the queue must not be empty.
func (q *queue[T]) last() time.Duration { return q.items[len(q.items)-1].at }

// pop takes the earliest out, if it is due at or before now.
func (q *queue[T]) pop(now time.Duration) (value T, ok bool) {
	if q.len() == 0 || q.items[q.head].at > now {
		return value, false
	}
	value = q.items[q.head].value
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return value, true
}

func (q *queue[T]) clear() { q.items, q.head = nil, 0 }
