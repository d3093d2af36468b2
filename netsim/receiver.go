package netsim

import (
	"slices"
	"time"
)

// receiver is the far end of a Stream: it knows which positions came.
type receiver struct {
	next  int64         // all before it came
	stamp time.Duration // when the segment was sent that next last moved for (RFC 7323, 4.3)
	ahead []span        // came too early: apart from one another, in order, all after next
}

type span struct{ from, to int64 }

func (r *receiver) take(p packet) {
	if p.from > r.next {
		r.keep(span{p.from, p.to})
		return
	}
	if p.to <= r.next {
		return // a repetition
	}
	r.next, r.stamp = p.to, p.stamp
	for len(r.ahead) > 0 && r.ahead[0].from <= r.next {
		r.next = max(r.next, r.ahead[0].to)
		r.ahead = r.ahead[1:]
	}
	if len(r.ahead) == 0 {
		r.ahead = nil
	}
}

// keep adds s to the spans ahead, as one with those it touches.
func (r *receiver) keep(s span) {
	i := 0
	for i < len(r.ahead) && r.ahead[i].to < s.from {
		i++
	}
	j := i
	for j < len(r.ahead) && r.ahead[j].from <= s.to {
		s.from, s.to = min(s.from, r.ahead[j].from), max(s.to, r.ahead[j].to)
		j++
	}
	r.ahead = slices.Replace(r.ahead, i, j, s)
}
