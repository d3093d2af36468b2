package broker

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/twinrig/twinrig/internal/vtime"
)

// end is one end of a wire without a model: what is written arrives after the latency, one packet at
// a time at the broker's end.
type end struct {
	name, remote string
	source       *vtime.Source
	peer         *end
	frame        bool
	mu           sync.Mutex
	cond         *sync.Cond
	in, held     []byte
	eof, closed  bool
	lost         bool // what is written vanishes
	full         bool // not writable
	expired      bool
	deadline     time.Time
	timer        *vtime.Timer
	notify       func() // of a puller; nil: the end is none
}

// pulling is an end that can be served without a goroutine.
type pulling struct{ *end }

func (p pulling) Notify(notify func()) { p.notify = notify }

func (p pulling) Take() ([]byte, error) {
	e := p.end
	e.mu.Lock()
	defer e.mu.Unlock()
	in := e.in
	switch {
	case e.closed:
		return nil, net.ErrClosed
	case len(in) > 0:
		e.in = nil
		return in, nil
	case e.eof && len(e.held) == 0:
		return nil, io.EOF
	case e.expired:
		return nil, os.ErrDeadlineExceeded
	}
	return nil, nil
}

// came tells who reads that something came.
func (e *end) came() {
	e.cond.Broadcast()
	if e.notify != nil {
		e.notify()
	}
}

func wire(loop *vtime.Loop, remote string) (near, far *end) {
	near = &end{name: remote, remote: "broker", source: loop.Source()}
	far = &end{name: "broker", remote: remote, source: loop.Source(), frame: true}
	near.peer, far.peer = far, near
	near.cond, far.cond = sync.NewCond(&near.mu), sync.NewCond(&far.mu)
	return near, far
}

func (e *end) Read(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.in) == 0 {
		switch {
		case e.closed:
			return 0, net.ErrClosed
		case e.eof && len(e.held) == 0:
			return 0, io.EOF
		case e.expired:
			return 0, os.ErrDeadlineExceeded
		}
		e.cond.Wait()
	}
	n := copy(p, e.in)
	e.in = e.in[n:]
	return n, nil
}

func (e *end) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return 0, net.ErrClosed
	}
	if !e.lost {
		data := bytes.Clone(p)
		e.peer.source.After(latency, vtime.Bytes, func() { e.peer.receive(data, false) })
	}
	return len(p), nil
}

func (e *end) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed && !e.lost {
		e.peer.source.After(latency, vtime.Bytes, func() { e.peer.receive(nil, true) })
	}
	e.closed = true
	e.timer.Stop()
	e.cond.Broadcast()
	return nil
}

func (e *end) receive(data []byte, eof bool) {
	defer e.came()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held = append(e.held, data...)
	e.eof = e.eof || eof
	n := len(e.held)
	if e.frame {
		if length, err := PacketLength(e.held); err == nil && length > 0 {
			n = length
		} else if err == nil && !e.eof {
			n = 0
		}
	}
	e.in = append(e.in, e.held[:n]...)
	e.held = e.held[n:]
	if n > 0 && len(e.held) > 0 {
		e.source.After(0, vtime.Bytes, func() { e.receive(nil, false) })
	}
}

// lose makes the wire lose everything in both directions.
func (c *client) lose() {
	for _, e := range []*end{c.near, c.far} {
		e.mu.Lock()
		e.lost = true
		e.mu.Unlock()
	}
}

// choke makes the broker's end unwritable, or writable again.
func (c *client) choke(full bool) {
	c.far.mu.Lock()
	c.far.full = full
	c.far.cond.Broadcast()
	c.far.mu.Unlock()
}

func (e *end) WaitWritable() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.full && !e.closed {
		e.cond.Wait()
	}
}

// waiter hides Writable.
type waiter struct {
	net.Conn
	writeWaiter
}

func (e *end) Writable() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.full || e.closed
}

func (e *end) SetReadDeadline(t time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.timer.Stop()
	e.deadline, e.expired = t, false
	if !t.IsZero() && !e.closed {
		e.timer = e.source.After(time.Until(t), vtime.Deadline, func() {
			e.mu.Lock()
			e.expired = true
			e.mu.Unlock()
			e.came()
		})
	}
	return nil
}

func (e *end) SetDeadline(t time.Time) error    { return e.SetReadDeadline(t) }
func (e *end) SetWriteDeadline(time.Time) error { return nil }
func (e *end) LocalAddr() net.Addr              { return address(e.name) }
func (e *end) RemoteAddr() net.Addr             { return address(e.remote) }

type address string

func (a address) Network() string { return "wire" }
func (a address) String() string  { return string(a) }
