package netsim

import (
	"syscall"
	"time"
)

// Handshake sets a connection up: a SYN over one link, the answer over the other, so one round trip.
// What is lost is asked for again after 1, 2, 4 … seconds (RFC 6298, 2.1 and 5.5).
//
// Call Start once, then Step whenever Next is due, until Step returns true or an error.
type Handshake struct {
	syn, reply *Link
	packets    queue[bool] // true: the reply
	started    time.Duration
	timeout    time.Duration // when the next SYN goes out
	retries    int
	rtt        time.Duration
	ended      bool
}

// NewHandshake returns the set-up of a connection; syn is the link from the end that connects.
func NewHandshake(syn, reply *Link) *Handshake { return &Handshake{syn: syn, reply: reply} }

// Start sends the first SYN.
func (h *Handshake) Start(now time.Duration) {
	h.started = now
	h.send(now)
}

func (h *Handshake) send(now time.Duration) {
	if fate := h.syn.Send(now, headerSize); !fate.Lost {
		h.packets.push(fate.At, false)
	}
	h.timeout = now + initialRTO<<h.retries
}

// Next returns the next instant at which Step must be called, and false once the set-up has ended.
func (h *Handshake) Next() (time.Duration, bool) {
	if h.ended {
		return 0, false
	}
	if at, ok := h.packets.first(); ok {
		return min(at, h.timeout), true
	}
	return h.timeout, true
}

// Step does everything due at or before now. It returns true when the connection is set up, and
// syscall.ETIMEDOUT, once, when that was given up: 127 s after Start.
func (h *Handshake) Step(now time.Duration) (done bool, err error) {
	if h.ended {
		return false, nil
	}
	for {
		answer, ok := h.packets.pop(now)
		if !ok {
			break
		}
		if answer {
			h.rtt, h.ended = now-h.started, true
			return true, nil
		}
		if fate := h.reply.Send(now, headerSize); !fate.Lost {
			h.packets.push(fate.At, true)
		}
	}
	if now < h.timeout {
		return false, nil
	}
	if h.retries == synRetries {
		h.ended = true
		return false, syscall.ETIMEDOUT
	}
	h.retries++
	h.send(now)
	return h.Step(now) // over a perfect link the answer is here already
}

// RoundTrip returns the round trip that was measured, for Stream.Measured; false where there is none, because
// the set-up has not ended well, or because a SYN was sent twice and the answer may be to either
// (Karn's algorithm; RFC 6298, 3).
func (h *Handshake) RoundTrip() (time.Duration, bool) {
	return h.rtt, h.ended && h.retries == 0
}
