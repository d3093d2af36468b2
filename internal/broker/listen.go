package broker

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// listener is a TCP address that the broker listens on while it runs.
type listener struct {
	addr string
	open func() error // starts a goroutine that ends with shut
	shut func()
}

// Listen takes connections on a TCP address, such as 127.0.0.1:0, while the broker runs, and returns
// the address with the port chosen. Use it on the wall clock only: a bubble cannot wait for sockets.
func (b *Broker) Listen(addr string) (net.Addr, error) { return b.listen(addr, b.accept) }

// listen opens an address, and again whenever the broker starts; serve takes its connections until the
// listener is closed.
func (b *Broker) listen(addr string, serve func(net.Listener)) (net.Addr, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.running {
		return nil, fmt.Errorf("%w: listen on %s", ErrStopped, addr)
	}
	var ln net.Listener
	l := &listener{addr: addr}
	l.open = func() (err error) {
		if ln, err = openPort(l.addr); err != nil {
			return err
		}
		b.wg.Go(func() { serve(ln) })
		return nil
	}
	l.shut = func() {
		if ln != nil {
			ln.Close() //nolint:errcheck // it may be closed already
		}
	}
	if err := l.open(); err != nil {
		return nil, err
	}
	l.addr = ln.Addr().String()
	b.listeners = append(b.listeners, l)
	return ln.Addr(), nil
}

func openPort(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(addr) // it was good enough to listen on
		return nil, fmt.Errorf("broker: listen on %s: port %s is in use by another program: %w", addr, port, err)
	}
	if err != nil {
		return nil, fmt.Errorf("broker: listen on %s: %w", addr, err)
	}
	return ln, nil
}

// accept takes connections until ln is closed.
func (b *Broker) accept(ln net.Listener) { b.acceptWith(ln, b.Attach) }

func (b *Broker) acceptWith(ln net.Listener, attach func(net.Conn)) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		attach(conn)
	}
}
