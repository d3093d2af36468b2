package memory

import (
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/netsim"
)

// Socket is a device's connection whose calls do not wait, but for Write. So that a device needs no goroutine to
// dial and to read, it is told on the event loop's goroutine when something came of the connection.
type Socket struct {
	port      *Port
	address   addr
	tell      func()
	handshake *netsim.Handshake // nil once it is over
	timer     *vtime.Timer      // of the handshake
	conn      atomic.Pointer[pair]
	err       error // why there is no connection
}

// Open begins to connect, as DialContext does. notify is called whenever something came of it.
func (p *Port) Open(network, address string, notify func()) *Socket {
	s := &Socket{port: p, address: addr(address), tell: notify, handshake: netsim.NewHandshake(p.uplink, p.downlink)}
	p.mu.Lock()
	defer p.mu.Unlock()
	s.handshake.Start(p.net.sw.now())
	s.wait()
	return s
}

// wait asks for the next step of the set-up. The caller holds the port's mu.
func (s *Socket) wait() {
	if at, ok := s.handshake.Next(); ok {
		s.timer = s.port.toDevice.After(at-s.port.net.sw.now(), vtime.Bytes, s.step)
	}
}

// step is an action of the loop.
func (s *Socket) step() {
	sw := s.port.net.sw
	s.port.mu.Lock()
	h := s.handshake
	if h == nil {
		s.port.mu.Unlock()
		return
	}
	connected, err := h.Step(sw.now())
	switch {
	case err != nil:
		s.end(err)
	case !connected:
		s.wait()
		s.port.mu.Unlock()
		return
	case !sw.cfg.Listening():
		sw.refused++
		s.end(syscall.ECONNREFUSED)
	default:
		s.handshake = nil
	}
	s.port.mu.Unlock()
	if s.err == nil {
		conn := sw.connected(s.port, h)
		conn.device.Notify(s.tell)
		s.conn.Store(conn)
		sw.cfg.Accept(&conn.broker)
	}
	s.tell()
}

// end ends the set-up without a connection. The caller holds the port's mu.
func (s *Socket) end(err error) {
	s.handshake = nil
	s.timer.Stop()
	s.err = &net.OpError{Op: "dial", Net: "tcp", Addr: s.address, Err: err}
}

// Connected reports whether the connection is set up; the error says why it could not be, or was lost.
func (s *Socket) Connected() (bool, error) {
	if c := s.conn.Load(); c != nil {
		return c.device.alive()
	}
	s.port.mu.Lock()
	defer s.port.mu.Unlock()
	return false, s.err
}

// Take returns what came since the last call; it is the caller's. The error, once there is no more, says why.
func (s *Socket) Take() ([]byte, error) {
	if c := s.conn.Load(); c != nil {
		return c.device.Take()
	}
	s.port.mu.Lock()
	defer s.port.mu.Unlock()
	return nil, s.err
}

// Write hands p to the connection, and waits while its send buffer is full.
func (s *Socket) Write(p []byte) (int, error) {
	if c := s.conn.Load(); c != nil {
		return c.device.Write(p)
	}
	return 0, syscall.ENOTCONN
}

// SetWriteDeadline ends writes that wait for room at t; the zero time means never.
func (s *Socket) SetWriteDeadline(t time.Time) error {
	if c := s.conn.Load(); c != nil {
		return c.device.SetWriteDeadline(t)
	}
	return syscall.ENOTCONN
}

// Close closes the connection, or gives up setting it up.
func (s *Socket) Close() error {
	if c := s.conn.Load(); c != nil {
		return c.device.Close()
	}
	s.giveUp()
	return nil
}

// Vanish ends the connection as a power cut does: the peer hears nothing.
func (s *Socket) Vanish() {
	if c := s.conn.Load(); c != nil {
		c.device.Vanish()
		return
	}
	s.giveUp()
}

func (s *Socket) giveUp() {
	s.port.mu.Lock()
	defer s.port.mu.Unlock()
	if s.handshake != nil {
		s.end(net.ErrClosed)
	}
}

// alive reports whether nothing has ended the connection yet.
func (e *end) alive() (bool, error) {
	e.pair.mu.Lock()
	defer e.pair.mu.Unlock()
	switch {
	case e.closed:
		return false, net.ErrClosed
	case len(e.buf) > 0:
		return true, nil
	}
	return e.err == nil, e.err
}

// Notify has notify called, on the event loop's goroutine, whenever something comes for Take.
func (e *end) Notify(notify func()) {
	e.pair.mu.Lock()
	defer e.pair.mu.Unlock()
	e.notify = notify
}

// Take is a Read that does not wait: it returns all that came, which is the caller's, or why nothing will come.
func (e *end) Take() ([]byte, error) {
	e.pair.mu.Lock()
	defer e.pair.mu.Unlock()
	data := e.buf
	switch {
	case e.closed:
		return nil, net.ErrClosed
	case len(data) > 0:
		e.buf = nil
		return data, nil
	case e.err == nil && e.read.expired:
		return nil, os.ErrDeadlineExceeded
	}
	return nil, e.err
}
