package broker

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/twinrig/twinrig/internal/trace"
)

// writeWaiter is offered by connections whose Write does not block: WaitWritable does, until there is
// room or the connection ends. A Write that blocks would hold mochi's lock of the client.
type writeWaiter interface{ WaitWritable() }

// writeChecker is offered by connections that can tell at once whether there is room.
type writeChecker interface{ Writable() bool }

// link is a connection as mochi sees it.
type link struct {
	net.Conn
	served
	b      *Broker
	wait   writeWaiter  // nil: writes may block
	room   writeChecker // nil: unknown
	number uint64       // in the order of attachment
	done   chan struct{}
	gone   chan struct{} // closed when this side closes the connection
	shut   sync.Once     // closes gone
	kicked atomic.Bool

	// Guarded by the broker's mutex; the goroutine that serves the connection may read without.
	device      string
	client      *mqtt.Client
	established bool
	session     *session // set before mochi knows the client, never changed
	late        []delayed

	// Only the goroutine that serves the connection touches the rest.
	id          string // client id; empty before CONNECT
	identity    *Identity
	assigned    bool // the broker chose the id
	will        mqtt.Will
	keepalive   time.Duration
	readErr     error
	refusal     string       // why the CONNACK refused
	refused     packets.Code // by a limit or on purpose; the zero value: not
	messages    bucket
	paced       bool // it had to wait: packets may have gathered, and each takes a turn
	sizer       sizer
	tooLarge    bool // the next packet is
	twice       bool // sent a second CONNECT
	closing     bool // the disconnect event is out
	ended       bool // the session has let go
	inbound     []packets.Packet
	publish     publication // under way from this client
	settled     bool        // publish was accepted or dropped
	route       route       // of the last PUBLISH
	routed      bool        // that is the broker's to route, and not mochi's
	subscribing []subscribing
	pubrel      *packets.Packet // to be written when mochi is through with the PUBREC
}

// Read remembers why reading ended, and ends it before a packet that is too large.
func (l *link) Read(p []byte) (int, error) {
	if l.tooLarge {
		return 0, l.oversized()
	}
	n, err := l.read(p)
	l.tap(Received, p[:n])
	if err != nil {
		l.readErr = err
	}
	if n, l.tooLarge = l.sizer.scan(p[:n], int64(l.b.cfg.PacketSize)); l.tooLarge && n == 0 {
		return 0, l.oversized()
	}
	return n, err
}

// Write writes one packet, now or later or never, as the disturbances have it.
func (l *link) Write(p []byte) (int, error) {
	if len(p) > 0 && !l.meddle(p) {
		return len(p), nil
	}
	return l.write(p)
}

// Close also ends what waits on this side.
func (l *link) Close() error {
	l.shut.Do(func() { close(l.gone) })
	return l.Conn.Close()
}

// SetDeadline is called by mochi before each packet. The time is computed anew: one and a half times
// the keepalive [MQTT-3.1.2-24], where mochi rounds down and, from 43,691 s on, overflows 16 bits.
// A write needs none: the read that times out closes the connection under it.
func (l *link) SetDeadline(t time.Time) error {
	if l.keepalive == 0 {
		return l.SetReadDeadline(time.Time{})
	}
	return l.SetReadDeadline(time.Now().Add(l.keepalive + l.keepalive/2))
}

// linkOf returns the connection that a client has, or had last; nil for an inline client.
func linkOf(cl *mqtt.Client) *link {
	l, _ := cl.Net.Conn.(*link)
	return l
}

// stop disconnects the client with a reason and waits until nothing of the connection is left.
// It is called from a goroutine that does not serve the connection.
func (l *link) stop(reason packets.Code, deferWill bool) {
	l.b.mu.Lock()
	cl, established := l.client, l.established
	l.b.mu.Unlock()
	if l.wait == nil {
		// A peer that reads nothing must not hold the broker up.
		l.SetWriteDeadline(time.Now().Add(time.Second)) //nolint:errcheck // a closed connection needs none
	}
	switch {
	case cl == nil:
		l.Close() //nolint:errcheck // it may be closed already
	case established:
		if deferWill && l.will.WillDelayInterval == 0 {
			atomic.StoreUint32(&cl.Properties.Will.Flag, 0)
		}
		l.b.server.DisconnectClient(cl, reason) //nolint:errcheck // returns the reason
	default:
		cl.Stop(reason)
	}
	if l.pull != nil && l.claim() {
		l.Run() // which sees the end
	}
	<-l.done
}

// end is called when mochi is through with the connection, with what it says about it.
func (l *link) end(err error) {
	b := l.b
	l.Close() //nolint:errcheck // it may be closed already
	l.tap(Closed, nil)
	if l.session != nil && !l.ended {
		// The CONNACK could not be written: mochi has entered the client and forgets it there.
		b.letGo(l, err, l.client.Properties.Clean)
		if l.client.Properties.Clean {
			b.server.UnsubscribeClient(l.client)
			b.server.Clients.Delete(l.id)
		}
	}
	var code packets.Code
	if l.client != nil || errors.As(err, &code) {
		l.emitDisconnect(err)
	}
	b.mu.Lock()
	delete(b.links, l)
	if l.session != nil && l.session.link == l {
		l.session.link = nil
	}
	l.established = false
	b.mu.Unlock()
	close(l.done)
}

func (l *link) emitDisconnect(err error) {
	if l.closing {
		return
	}
	l.closing = true
	cause, text := l.cause(err)
	l.b.emit(trace.Event{Device: l.device, Kind: trace.Disconnect, Client: l.id, Cause: cause, Text: text})
}

// cause says in the words of the trace why a connection ended.
func (l *link) cause(err error) (cause, text string) {
	if l.refusal != "" {
		return "refused", l.refusal
	}
	var stopped error
	if l.client != nil {
		stopped = l.client.StopCause()
	}
	for _, err := range []error{stopped, err} {
		var code packets.Code
		if l.kicked.Load() && errors.As(err, &code) && code != packets.ErrAdministrativeAction {
			return "kicked", code.Reason
		}
		if !errors.As(err, &code) {
			continue
		}
		switch code {
		case packets.CodeDisconnect, packets.CodeDisconnectWillMessage:
			return "client", ""
		case packets.ErrSessionTakenOver:
			return "takeover", ""
		case packets.ErrAdministrativeAction:
			return "kicked", ""
		case packets.ErrServerShuttingDown:
			return "broker", ""
		case packets.ErrNotAuthorized, packets.ErrMessageRateTooHigh, packets.ErrPacketTooLarge:
			return code.Reason, ""
		}
		return "protocol error", code.Reason
	}
	switch {
	case errors.Is(l.readErr, os.ErrDeadlineExceeded):
		return "keepalive", ""
	case l.readErr != nil || err == nil || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, mqtt.ErrConnectionClosed):
		return "network", ""
	}
	return "protocol error", err.Error()
}
