package mqtttest

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Wire is a connection in memory. Unlike net.Pipe it has buffers, without limit, as TCP has them: Write
// never waits.
type Wire struct {
	mu   sync.Mutex
	cond *sync.Cond
	ends [2]end
}

type end struct {
	w        *Wire
	i        int
	buf      []byte // arrived
	closed   bool
	mute     bool      // what it writes is lost
	deadline time.Time // of Read
}

// NewWire returns a wire and its two ends. Each has a method Vanish, which does what Cut and Close do
// together, as when a device loses power.
func NewWire() (w *Wire, a, b net.Conn) {
	w = &Wire{}
	w.cond = sync.NewCond(&w.mu)
	w.ends[0], w.ends[1] = end{w: w, i: 0}, end{w: w, i: 1}
	return w, &w.ends[0], &w.ends[1]
}

// Cut loses everything that is written from now on, the end of the connection included. Neither end
// is told.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends[0].mute, w.ends[1].mute = true, true
}

// CutFromB loses what b writes from now on, and its end.
func (w *Wire) CutFromB() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends[1].mute = true
}

func (e *end) Read(p []byte) (int, error) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	for len(e.buf) == 0 {
		switch {
		case e.closed:
			return 0, net.ErrClosed
		case !e.deadline.IsZero() && !time.Now().Before(e.deadline):
			return 0, os.ErrDeadlineExceeded
		case e.w.ends[1-e.i].closed && !e.w.ends[1-e.i].mute:
			return 0, io.EOF
		}
		e.w.cond.Wait()
	}
	n := copy(p, e.buf)
	e.buf = e.buf[n:]
	return n, nil
}

func (e *end) Write(p []byte) (int, error) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	peer := &e.w.ends[1-e.i]
	switch {
	case e.closed:
		return 0, net.ErrClosed
	case e.mute:
		return len(p), nil
	case peer.closed:
		return 0, io.ErrClosedPipe
	}
	peer.buf = append(peer.buf, p...)
	e.w.cond.Broadcast()
	return len(p), nil
}

func (e *end) Close() error {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.closed = true
	e.w.cond.Broadcast()
	return nil
}

func (e *end) Vanish() {
	e.w.Cut()
	e.Close() //nolint:errcheck // never fails
}

func (e *end) SetReadDeadline(t time.Time) error {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.deadline = t
	if !t.IsZero() {
		time.AfterFunc(time.Until(t), func() {
			e.w.mu.Lock()
			defer e.w.mu.Unlock()
			e.w.cond.Broadcast()
		})
	}
	return nil
}

func (e *end) SetWriteDeadline(time.Time) error { return nil }
func (e *end) SetDeadline(t time.Time) error    { return e.SetReadDeadline(t) }
func (e *end) LocalAddr() net.Addr              { return address{} }
func (e *end) RemoteAddr() net.Addr             { return address{} }

type address struct{}

func (address) Network() string { return "wire" }
func (address) String() string  { return "wire" }
