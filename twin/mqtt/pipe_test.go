package mqtt_test

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// wire is a connection in memory with buffers, as TCP has them.
type wire struct {
	mu   sync.Mutex
	cond *sync.Cond
	dead bool // nothing crosses any more, and nobody is told
	ends [2]wireEnd
}

type wireEnd struct {
	w        *wire
	i        int
	buf      []byte // arrived
	closed   bool
	deadline time.Time
}

func newWire() (w *wire, client, broker net.Conn) {
	w = &wire{}
	w.cond = sync.NewCond(&w.mu)
	w.ends[0], w.ends[1] = wireEnd{w: w, i: 0}, wireEnd{w: w, i: 1}
	return w, &w.ends[0], &w.ends[1]
}

// die loses everything from now on, as a cut cable does.
func (w *wire) die() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = true
}

func (e *wireEnd) Read(p []byte) (int, error) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	for len(e.buf) == 0 {
		switch {
		case e.closed:
			return 0, net.ErrClosed
		case !e.deadline.IsZero() && !time.Now().Before(e.deadline):
			return 0, os.ErrDeadlineExceeded
		case e.w.ends[1-e.i].closed && !e.w.dead:
			return 0, io.EOF
		}
		e.w.cond.Wait()
	}
	n := copy(p, e.buf)
	e.buf = e.buf[n:]
	return n, nil
}

func (e *wireEnd) Write(p []byte) (int, error) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	switch {
	case e.closed:
		return 0, net.ErrClosed
	case e.w.dead:
		return len(p), nil
	case e.w.ends[1-e.i].closed:
		return 0, io.ErrClosedPipe
	}
	e.w.ends[1-e.i].buf = append(e.w.ends[1-e.i].buf, p...)
	e.w.cond.Broadcast()
	return len(p), nil
}

func (e *wireEnd) Close() error {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.closed = true
	e.w.cond.Broadcast()
	return nil
}

func (e *wireEnd) SetReadDeadline(t time.Time) error {
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

func (e *wireEnd) SetWriteDeadline(time.Time) error { return nil }
func (e *wireEnd) SetDeadline(t time.Time) error    { return e.SetReadDeadline(t) }
func (e *wireEnd) LocalAddr() net.Addr              { return &net.UnixAddr{Name: "wire"} }
func (e *wireEnd) RemoteAddr() net.Addr             { return &net.UnixAddr{Name: "wire"} }
