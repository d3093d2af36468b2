package twin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// Socket is a connection for step functions: but for Write its calls do not wait. It is an alias, so that who
// makes or takes one, such as package mqtt, need not know this package.
type Socket = interface {
	// Connected reports whether the connection is set up; the error says why it could not be, or was lost.
	Connected() (bool, error)
	// Take returns the bytes that came since the last call, none or more; they are the caller's. The
	// error, once there are no more bytes, says why there will be none: io.EOF, for example.
	Take() ([]byte, error)
	// Write, SetWriteDeadline and Close are net.Conn's. Write waits while the send buffer is full.
	Write(p []byte) (int, error)
	SetWriteDeadline(t time.Time) error
	Close() error
}

// Open begins to connect to address, such as broker:1883, over the device's network, and returns at once. Whenever
// something comes of it there is another step, see Steps; elsewhere Socket is to be asked time and again. When
// the boot ends the calls of a Socket return net.ErrClosed.
func (hw *Hardware) Open(network, address string) (Socket, error) {
	return hw.open(network, address, hw.DialContext, hw.t.cfg.Open)
}

// OpenBroker begins to connect to the broker as Open does, with TLS where the broker speaks it, which takes a
// goroutine for as long as the connection lasts. It is what firmware hands to an MQTT client, with BrokerAddress.
func (hw *Hardware) OpenBroker(network, address string) (Socket, error) {
	if hw.t.cfg.TLS != nil {
		return hw.open(network, address, hw.DialBroker, nil)
	}
	return hw.Open(network, address)
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func (hw *Hardware) open(network, address string, dial dialFunc, open func(string, string, func()) Socket) (Socket, error) {
	if err := hw.enter(); err != nil {
		return nil, err
	}
	defer hw.t.unlock()
	if hw.t.cfg.Dial == nil && open == nil {
		return nil, fmt.Errorf("twin: %s has no network to dial %s over", hw.t.cfg.Name, address)
	}
	if open == nil {
		p := &pumped{hw: hw, taken: make(chan struct{}, 1)}
		p.ctx, p.cancel = context.WithCancel(hw.ctx)
		hw.spawn(func() error { p.pump(dial, network, address); return nil })
		return p, nil
	}
	hw.t.useRadio(0)
	s := &socket{hw: hw, under: open(network, address, hw.notified)}
	hw.sockets = append(hw.sockets, s)
	return s, nil
}

// notified is an action of the loop: something came of a connection.
func (hw *Hardware) notified() {
	hw.t.mu.Lock()
	st := hw.stepping
	hw.t.unlock()
	if st != nil {
		st.begin()
	}
}

// socket is a Socket of one boot. The network behind it makes no goroutine.
type socket struct {
	hw        *Hardware
	under     Socket
	connected bool
}

// enter makes the end of the boot into net.ErrClosed.
func (s *socket) enter() error {
	if s.hw.do(func() error { return nil }) != nil {
		return net.ErrClosed
	}
	return nil
}

func (s *socket) Connected() (bool, error) {
	if err := s.enter(); err != nil {
		return false, err
	}
	ok, err := s.under.Connected()
	if ok && !s.connected {
		s.connected = true
		s.hw.do(func() error { s.hw.t.useRadio(0); return nil }) //nolint:errcheck // the boot has just been there
	}
	return ok, err
}

func (s *socket) Take() ([]byte, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	data, err := s.under.Take()
	s.hw.count(0, len(data))
	return data, err
}

func (s *socket) Write(p []byte) (int, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	n, err := s.under.Write(p)
	if err != nil && s.hw.over() {
		err = net.ErrClosed
	}
	s.hw.count(n, 0)
	return n, err
}

func (s *socket) SetWriteDeadline(t time.Time) error {
	if err := s.enter(); err != nil {
		return err
	}
	return s.under.SetWriteDeadline(t)
}

func (s *socket) Close() error {
	if s.hw.enter() != nil {
		return net.ErrClosed
	}
	s.hw.sockets = slices.DeleteFunc(s.hw.sockets, func(other *socket) bool { return other == s })
	s.hw.t.unlock()
	return s.under.Close()
}

// pumped makes a Socket of a connection that waits: one goroutine dials, and then only reads. What it read is to be
// taken before it reads on.
type pumped struct {
	hw     *Hardware
	ctx    context.Context
	cancel context.CancelFunc
	taken  chan struct{}

	mu   sync.Mutex // never held while waiting
	conn net.Conn   // nil: not set up
	data []byte
	err  error
}

func (p *pumped) pump(dial dialFunc, network, address string) {
	conn, err := dial(p.ctx, network, address)
	if err == nil && p.ctx.Err() != nil {
		conn.Close() //nolint:errcheck // closed meanwhile
		return
	}
	if !p.hand(conn, nil, err) {
		return
	}
	for {
		buffer := make([]byte, 512)
		n, err := conn.Read(buffer)
		if !p.hand(conn, buffer[:n], err) {
			return
		}
		select {
		case <-p.taken:
		case <-p.ctx.Done():
			return
		}
	}
}

// hand leaves what came for the firmware, and makes for a step. It reports whether more may come.
func (p *pumped) hand(conn net.Conn, data []byte, err error) bool {
	p.mu.Lock()
	p.conn, p.data, p.err = conn, data, err
	p.mu.Unlock()
	t := p.hw.t
	t.mu.Lock()
	if t.boot == p.hw {
		t.cameIn()
	}
	t.unlock()
	return err == nil
}

func (p *pumped) Connected() (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil && len(p.data) > 0 {
		return true, nil
	}
	return p.conn != nil && p.err == nil, p.err
}

func (p *pumped) Take() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if data := p.data; len(data) > 0 {
		p.data = nil
		if p.err == nil {
			p.taken <- struct{}{} // the pump waits for it
		}
		return data, nil
	}
	return nil, p.err
}

// wire returns the connection, for Write; it is an error where it is not set up.
func (p *pumped) wire() (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil {
		return nil, errors.Join(errNotConnected, p.err)
	}
	return p.conn, nil
}

var errNotConnected = errors.New("twin: the connection is not set up yet")

func (p *pumped) Write(b []byte) (int, error) {
	conn, err := p.wire()
	if err != nil {
		return 0, err
	}
	return conn.Write(b)
}

func (p *pumped) SetWriteDeadline(t time.Time) error {
	conn, err := p.wire()
	if err != nil {
		return err
	}
	return conn.SetWriteDeadline(t)
}

func (p *pumped) Close() error {
	p.cancel()
	if conn, err := p.wire(); err == nil {
		return conn.Close()
	}
	return nil
}
