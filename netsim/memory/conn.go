package memory

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/netsim"
)

// sendBuffer is how many bytes one end takes before Write waits, as SO_SNDBUF on a small system.
const sendBuffer = 64 << 10

// pair is one connection: a stream each way, and its two ends.
type pair struct {
	sw     *Switch
	mu     *sync.Mutex // the port's: guards all below, the streams and their links
	device end
	broker end
}

// unlock releases mu, and then notifies whose end is used without waiting.
func (p *pair) unlock() {
	device, broker := p.device.told, p.broker.told
	p.device.told, p.broker.told = false, false
	p.mu.Unlock()
	if broker {
		p.broker.notify()
	}
	if device {
		p.device.notify()
	}
}

// end is one end of a connection; it is the net.Conn.
type end struct {
	pair   *pair
	local  addr
	remote addr
	source *vtime.Source  // of what reaches this end
	in     *netsim.Stream // carries bytes to this end
	out    *netsim.Stream // carries bytes from this end; the peer's in
	frame  func([]byte) int
	block  bool   // Write waits while the send buffer is full
	notify func() // called on the loop's goroutine when something came; nil: nobody asked
	told   bool   // notify is to be called once mu is released

	cond    *sync.Cond
	waiting int // who waits for room
	buf     []byte
	held    []byte // received, but not yet a whole packet
	ended   bool   // the peer's end came; err follows when held is handed over
	err     error  // of reads, once buf is empty
	closed  bool
	gone    bool // power was lost: neither sends nor acknowledges any more
	arrival *vtime.Timer
	at      time.Duration // when arrival is due
	next    *vtime.Timer  // hands over the next packet of held
	read    deadline
	write   deadline
}

func newPair(s *Switch, p *Port) *pair {
	c := &pair{sw: s, mu: &p.mu}
	up, down := netsim.NewStream(p.uplink, p.downlink), netsim.NewStream(p.downlink, p.uplink)
	c.device = end{pair: c, local: addr(p.device), remote: "broker", source: p.toDevice, in: down, out: up, block: true}
	c.broker = end{pair: c, local: "broker", remote: addr(p.device), source: p.toBroker, in: up, out: down, frame: s.cfg.Frame}
	for _, e := range []*end{&c.device, &c.broker} {
		e.cond = sync.NewCond(c.mu)
		e.read.end, e.write.end = e, e
	}
	return c
}

// measured tells both streams the round trip of the set-up.
func (p *pair) measured(rtt time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.device.out.Measured(rtt)
	p.broker.out.Measured(rtt)
}

func (e *end) peer() *end {
	if e == &e.pair.device {
		return &e.pair.broker
	}
	return &e.pair.device
}

// Read reads what arrived; it waits for the first byte.
func (e *end) Read(p []byte) (int, error) {
	e.pair.mu.Lock()
	defer e.pair.mu.Unlock()
	for len(e.buf) == 0 {
		switch {
		case e.closed:
			return 0, net.ErrClosed
		case e.err != nil:
			return 0, e.err
		case e.read.expired:
			return 0, os.ErrDeadlineExceeded
		}
		e.cond.Wait()
	}
	n := copy(p, e.buf)
	e.buf = e.buf[n:]
	if len(e.buf) == 0 {
		e.buf = nil
	}
	return n, nil
}

// Write hands p to the stream. At the device's end it waits while the send buffer is full.
func (e *end) Write(p []byte) (int, error) {
	e.pair.mu.Lock()
	defer e.pair.mu.Unlock()
	for {
		switch {
		case e.closed:
			return 0, net.ErrClosed
		case e.err != nil && !errors.Is(e.err, io.EOF):
			return 0, e.err
		case e.write.passed():
			return 0, os.ErrDeadlineExceeded
		}
		if !e.block || e.room() {
			break
		}
		e.write.need()
		e.wait()
	}
	now := e.pair.sw.now()
	e.out.Settle(now)
	e.out.Write(now, p)
	e.peer().schedule()
	return len(p), nil
}

// WaitWritable waits until the send buffer has room or the connection ends. The broker calls it
// before it takes the lock under which it writes.
func (e *end) WaitWritable() {
	e.pair.mu.Lock()
	defer e.pair.mu.Unlock()
	for !e.closed && e.err == nil && !e.room() {
		e.wait()
	}
}

// Writable reports whether WaitWritable would return at once.
func (e *end) Writable() bool {
	e.pair.mu.Lock()
	defer e.pair.mu.Unlock()
	return e.closed || e.err != nil || e.room()
}

func (e *end) room() bool {
	e.out.Settle(e.pair.sw.now())
	return e.out.Buffered() < sendBuffer
}

// wait waits for room, or for the end. The caller holds mu.
func (e *end) wait() {
	e.waiting++
	e.peer().schedule()
	e.cond.Wait()
	e.waiting--
}

// roomy wakes who waits for room, once acknowledgements made some: in a turn of its own, because
// the peer may just have got bytes, and two sides must not act in one turn. The caller holds mu.
func (e *end) roomy() {
	if e.waiting > 0 && e.room() {
		e.source.After(0, vtime.Bytes, func() {
			e.pair.mu.Lock()
			defer e.pair.mu.Unlock()
			e.cond.Broadcast()
		})
	}
}

// Close closes the connection: what was written still goes out, then the peer sees the end.
func (e *end) Close() error {
	e.pair.mu.Lock()
	defer e.pair.mu.Unlock()
	if e.closed {
		return net.ErrClosed
	}
	e.shut()
	e.out.Settle(e.pair.sw.now())
	e.out.CloseWrite(e.pair.sw.now())
	e.peer().schedule()
	e.pair.retire()
	return nil
}

// Vanish ends the connection as a power cut does: the peer hears nothing.
func (e *end) Vanish() {
	e.pair.mu.Lock()
	defer e.pair.mu.Unlock()
	e.gone = true
	e.shut()
	e.arrival.Stop()
	e.peer().arrival.Stop()
	e.pair.retire()
}

func (p *pair) abort(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range []*end{&p.device, &p.broker} {
		e.err = err
		e.gone = true
		e.shut()
		e.arrival.Stop()
		e.next.Stop()
	}
	p.retire()
}

// shut closes this end for its owner. The caller holds mu.
func (e *end) shut() {
	e.closed = true
	e.read.timer.Stop()
	e.write.timer.Stop()
	e.cond.Broadcast()
}

// retire forgets a connection that both sides have left. The caller holds mu.
func (p *pair) retire() {
	if p.device.closed && p.broker.closed {
		p.sw.forget(p)
	}
}

// schedule asks for the next step of the stream to this end. The caller holds mu.
func (e *end) schedule() {
	at, ok := e.in.Next()
	if !ok || e.pair.device.gone {
		return
	}
	if e.peer().waiting == 0 && e.in.Coasting() {
		return // what acknowledgements do waits until the peer writes
	}
	if e.arrival.Pending() {
		if e.at <= at {
			return
		}
		e.arrival.Stop()
	}
	e.at = at
	e.arrival = e.source.After(at-e.pair.sw.now(), vtime.Bytes, e.arrive)
}

// arrive steps the stream to this end; the loop calls it.
func (e *end) arrive() {
	e.pair.mu.Lock()
	defer e.pair.unlock()
	data, eof, err := e.in.Step(e.pair.sw.now())
	if err != nil {
		e.peer().fail(err) // the sender gave up; the receiver hears nothing
	}
	if (len(data) > 0 || eof) && !e.closed {
		e.receive(data, eof)
	}
	e.peer().roomy()
	e.schedule()
}

func (e *end) fail(err error) {
	e.err = err
	e.wake()
}

// wake wakes who waits at this end, because something came. The caller holds mu, and releases it by unlock.
func (e *end) wake() {
	e.cond.Broadcast()
	e.told = e.notify != nil
}

// receive takes bytes in; a framed end gets one packet for each turn of the loop. The caller holds mu.
func (e *end) receive(data []byte, eof bool) {
	e.ended = e.ended || eof
	if e.frame == nil {
		e.buf = append(e.buf, data...)
	} else {
		e.held = append(e.held, data...)
	}
	if !e.next.Pending() {
		e.hand()
	}
}

// hand gives the owner the next whole packet, and asks for another turn for the one after it. What is
// left when the stream ends goes over as it is. The caller holds mu.
func (e *end) hand() {
	if e.frame != nil {
		n := e.frame(e.held)
		if n == 0 && e.ended {
			n = len(e.held)
		}
		e.buf = append(e.buf, e.held[:n]...)
		e.held = e.held[n:]
	}
	switch {
	case len(e.held) > 0 && (e.ended || e.frame(e.held) > 0):
		e.next = e.source.After(0, vtime.Bytes, e.handNext)
	case e.ended:
		e.err = io.EOF
	}
	if len(e.held) == 0 {
		e.held = nil
	}
	e.wake()
}

func (e *end) handNext() {
	e.pair.mu.Lock()
	defer e.pair.unlock()
	if !e.closed {
		e.hand()
	}
}

// LocalAddr returns the name of this end: the device, or "broker".
func (e *end) LocalAddr() net.Addr { return e.local }

// RemoteAddr returns the name of the other end.
func (e *end) RemoteAddr() net.Addr { return e.remote }

// SetDeadline sets both deadlines.
func (e *end) SetDeadline(t time.Time) error {
	if err := e.SetReadDeadline(t); err != nil {
		return err
	}
	return e.SetWriteDeadline(t)
}

// SetReadDeadline ends reads at t with os.ErrDeadlineExceeded; the zero time means never.
func (e *end) SetReadDeadline(t time.Time) error { return e.read.set(t) }

// SetWriteDeadline ends writes that wait for room at t; the zero time means never. Few writes wait: until one
// does, there is no timer.
func (e *end) SetWriteDeadline(t time.Time) error {
	e.pair.mu.Lock()
	defer e.pair.mu.Unlock()
	if e.closed {
		return net.ErrClosed
	}
	e.write.at, e.write.expired = t, false
	if e.waiting > 0 {
		e.write.need()
	}
	return nil
}

// deadline is fired by the loop. The broker moves its deadlines with every packet, so a timer that is
// due earlier than the deadline stays where it is, and asks again when it fires.
type deadline struct {
	end     *end
	at      time.Time
	timer   *vtime.Timer
	due     time.Time
	expired bool
}

func (d *deadline) set(t time.Time) error {
	d.end.pair.mu.Lock()
	defer d.end.pair.mu.Unlock()
	if d.end.closed {
		return net.ErrClosed
	}
	d.at, d.expired = t, false
	d.need()
	return nil
}

// need makes sure of a timer by the time of the deadline. The caller holds mu.
func (d *deadline) need() {
	switch {
	case d.at.IsZero():
		d.timer.Stop()
	case !d.timer.Pending() || d.at.Before(d.due):
		d.timer.Stop()
		d.arm()
	}
}

// passed reports whether the deadline has passed, also where no timer was needed. The caller holds mu.
func (d *deadline) passed() bool {
	return d.expired || !d.at.IsZero() && !time.Now().Before(d.at)
}

func (d *deadline) arm() {
	d.due = d.at
	d.timer = d.end.source.After(time.Until(d.at), vtime.Deadline, d.fire)
}

func (d *deadline) fire() {
	d.end.pair.mu.Lock()
	defer d.end.pair.unlock()
	switch {
	case d.at.IsZero() || d.end.closed:
	case time.Now().Before(d.at):
		d.arm()
	default:
		d.expired = true
		d.end.wake()
	}
}
