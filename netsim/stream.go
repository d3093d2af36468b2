package netsim

import (
	"syscall"
	"time"
)

// Stream carries bytes one way over two links, in order and exactly once, as TCP does: segments
// over data, cumulative acknowledgements over ack, slow start and congestion avoidance, and
// retransmission of everything unacknowledged after a time-out.
//
// It is a first cut of TCP: no fast retransmit, no selective acknowledgement, no receive window
// and no delayed acknowledgement. The time of a segment comes back with its acknowledgement, so
// that a round trip is measured after retransmissions too (RFC 7323, 4).
//
// Whenever Next is due, call Step. Both ends live in the one Stream, so Step is also what sends
// acknowledgements and retransmits.
type Stream struct {
	data, ack *Link
	packets   queue[packet] // under way, both ways
	recv      receiver

	// The stream's positions are its bytes, and one more for its end, once that is known.
	buf    []byte // from una on
	una    int64  // first position that is not acknowledged
	next   int64  // first position to send next
	end    int64  // number of bytes written
	closed bool

	rtt       roundTrip
	armed     bool          // the retransmission time-out runs
	timeout   time.Duration // when it ends
	progress  time.Duration // when una last moved, or the first of what is unacknowledged was sent
	window    int64         // congestion window, bytes (RFC 5681)
	threshold int64         // slow start ends here, bytes
	limited   bool          // the window held something back
	err       error
}

// packet is under way: a segment, or an acknowledgement of all before to.
type packet struct {
	ack      bool
	from, to int64
	stamp    time.Duration // when the segment was sent, or the one acknowledged was
}

// NewStream returns a stream of a connection that is set up. Streams of both directions share the
// same two links, each the other way round.
func NewStream(data, ack *Link) *Stream {
	return &Stream{data: data, ack: ack, rtt: newRoundTrip(), window: initialWindow, threshold: 1 << 40}
}

// Measured gives the stream the round trip of the connection's set-up. Without it the first
// time-out is 1 s.
func (s *Stream) Measured(rtt time.Duration) { s.rtt.sample(rtt) }

// Write sends p, which it copies. After CloseWrite or an error it does nothing.
func (s *Stream) Write(now time.Duration, p []byte) {
	if s.closed || s.err != nil {
		return
	}
	s.buf = append(s.buf, p...)
	s.end += int64(len(p))
	s.send(now)
}

// CloseWrite ends the stream after what was written.
func (s *Stream) CloseWrite(now time.Duration) {
	if s.closed || s.err != nil {
		return
	}
	s.closed = true
	s.send(now)
}

// Buffered returns how many bytes were written and not acknowledged yet: what a send buffer holds.
func (s *Stream) Buffered() int { return len(s.buf) }

// Next returns the next instant at which Step must be called; false if there is none until the next
// Write or CloseWrite. The instant may be that of the last Write itself, over a perfect link.
func (s *Stream) Next() (time.Duration, bool) {
	at, ok := s.packets.first()
	switch {
	case !s.armed:
		return at, ok
	case !ok:
		return s.timeout, true
	}
	return min(at, s.timeout), true
}

// Coasting reports whether nothing has to be done until the next Write or CloseWrite, though acknowledgements are
// under way: they will take all that was sent off the sender's hands in time. Then Settle, at any time later, comes to
// the same as Step at Next: a caller with many streams need not look after each acknowledgement.
func (s *Stream) Coasting() bool {
	if !s.armed || s.next < s.limit() || s.err != nil {
		return false
	}
	covered := false
	for _, p := range s.packets.items[s.packets.head:] {
		switch {
		case !p.value.ack:
			return false // a segment is still to arrive, and to be acknowledged, even one that comes again
		case covered:
		case p.at >= s.timeout:
			return false
		case p.value.to >= s.next:
			covered = true
		case p.value.to > s.una:
			return false // it moves the time-out, perhaps to before the acknowledgement that takes the rest
		}
	}
	return covered
}

// Settle takes in the acknowledgements that came before now, each as of the instant at which it came. The caller does so
// before a Write, and before it looks at Buffered, where it did not Step because the stream was Coasting.
func (s *Stream) Settle(now time.Duration) {
	for s.err == nil && s.packets.len() > 0 {
		first := s.packets.items[s.packets.head]
		if !first.value.ack || first.at >= now {
			return
		}
		s.packets.pop(now)
		s.acknowledged(first.at, first.value)
	}
}

// Step does everything due at or before now, and does it at now where it comes late. It returns
// the bytes that arrived, valid until the next call of any method; whether the stream has ended with them, once;
// and syscall.ETIMEDOUT, once, when the sender gave up: nothing was acknowledged for 924.6 s or
// somewhat longer (Linux's tcp_retries2). The receiver of a real connection learns nothing of that.
func (s *Stream) Step(now time.Duration) (delivered []byte, eof bool, err error) {
	if s.err != nil {
		return nil, false, nil
	}
	buf, una, before := s.buf, s.una, s.recv.next
	for {
		for p, ok := s.packets.pop(now); ok; p, ok = s.packets.pop(now) {
			if p.ack {
				s.acknowledged(now, p)
			} else {
				s.arrived(now, p)
			}
		}
		if !s.armed || s.timeout > now {
			break
		}
		if now-s.progress >= giveUpAfter {
			s.fail(syscall.ETIMEDOUT)
			err = s.err
			break
		}
		s.retransmit(now)
	}
	after := min(s.recv.next, s.end)
	if after > before {
		delivered = buf[before-una : after-una : after-una]
	}
	return delivered, s.recv.next > s.end && before <= s.end, err
}

// limit is the position after the last that there is to send.
func (s *Stream) limit() int64 {
	if s.closed {
		return s.end + 1
	}
	return s.end
}

// send sends what is to be sent and the window allows.
func (s *Stream) send(now time.Duration) {
	s.limited = false
	for s.next < s.limit() {
		size := min(segmentSize, s.end-s.next)
		flight := s.next - s.una
		if flight > 0 && flight+size > s.window {
			s.limited = true
			break
		}
		to := s.next + size
		if to == s.end {
			to = s.limit() // the end goes along with the last bytes
		}
		if flight == 0 && !s.armed {
			s.progress = now
		}
		if fate := s.data.Send(now, headerSize+int(size)); !fate.Lost {
			s.packets.push(fate.At, packet{from: s.next, to: to, stamp: now})
		}
		s.next = to
		if !s.armed {
			s.armed, s.timeout = true, now+s.rtt.rto
		}
	}
}

// arrived is the receiver's side: a segment came.
func (s *Stream) arrived(now time.Duration, p packet) {
	s.recv.take(p)
	if fate := s.ack.Send(now, headerSize); !fate.Lost {
		s.packets.push(fate.At, packet{ack: true, to: s.recv.next, stamp: s.recv.stamp})
	}
}

// acknowledged is the sender's side: an acknowledgement came.
func (s *Stream) acknowledged(now time.Duration, p packet) {
	if p.to <= s.una {
		return
	}
	n := min(p.to, s.end) - min(s.una, s.end)
	s.buf = s.buf[n:]
	if len(s.buf) == 0 {
		s.buf = nil
	}
	s.grow(p.to - s.una)
	s.una = p.to
	s.next = max(s.next, s.una)
	s.progress = now
	s.rtt.sample(now - p.stamp)
	s.armed = s.una < s.next // anew in send where something was held back
	s.timeout = now + s.rtt.rto
	s.send(now)
}

// grow widens the congestion window (RFC 5681, 3.1), if it was in the way at all (RFC 7661).
func (s *Stream) grow(acked int64) {
	switch {
	case !s.limited:
	case s.window < s.threshold:
		s.window += min(acked, segmentSize)
	default:
		s.window += max(1, segmentSize*segmentSize/s.window)
	}
}

// retransmit starts again at the first position that is not acknowledged (RFC 6298, 5.4 to 5.6;
// RFC 5681, 3.1).
func (s *Stream) retransmit(now time.Duration) {
	s.threshold = max((s.next-s.una)/2, 2*segmentSize)
	s.window = segmentSize
	s.next = s.una
	s.rtt.backOff()
	s.timeout = now + s.rtt.rto
	s.send(now)
}

func (s *Stream) fail(err error) {
	s.err, s.armed, s.buf = err, false, nil
	s.packets.clear()
}
