package broker

import (
	"errors"
	"fmt"
	"io"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

// errRefused ends a connection whose CONNECT was refused on purpose.
var errRefused = errors.New("broker: refused")

// admit decides by the limits, and by what Refuse asks for, whether a CONNECT may go on. The limits come
// first: a client that hammers a broker which refuses it hits them all the same.
func (b *Broker) admit(l *link) (reason packets.Code, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	own := b.connects[l.id]
	if own == nil {
		own = new(bucket)
		if b.cfg.Limits.ConnectsPerClient != (Rate{}) {
			b.connects[l.id] = own
		}
	}
	if _, ok := own.take(b.cfg.Limits.ConnectsPerClient, now); !ok {
		return packets.ErrQuotaExceeded, false
	}
	if _, ok := b.allConnects.take(b.cfg.Limits.Connects, now); !ok {
		return packets.ErrConnectionRateExceeded, false
	}
	if d := b.disturbance(packets.Connect, l.device); d != nil {
		d.touched.Add(1)
		return d.reason, false
	}
	return packets.CodeSuccess, true
}

// refuse answers a CONNECT with a reason. For 3.1.1 it becomes the return code that is nearest to it.
func (b *Broker) refuse(cl *mqtt.Client, l *link, reason packets.Code) error {
	l.refused = reason
	return errors.Join(errRefused, reason, b.server.SendConnack(cl, reason, false, nil))
}

// returnCode is the return code of 3.1.1 for a reason (3.2.2.3): most are "server unavailable" there.
func returnCode(reason byte) byte {
	switch reason {
	case packets.ErrUnsupportedProtocolVersion.Code:
		return packets.Err3UnsupportedProtocolVersion.Code
	case packets.ErrClientIdentifierNotValid.Code:
		return packets.Err3ClientIdentifierNotValid.Code
	case packets.ErrBadUsernameOrPassword.Code:
		return packets.ErrMalformedUsernameOrPassword.Code
	case packets.ErrNotAuthorized.Code, packets.ErrBanned.Code:
		return packets.Err3NotAuthorized.Code
	}
	return packets.Err3ServerUnavailable.Code
}

// pace holds a PUBLISH to the message rate: it waits, or, where the limits say so, disconnects the client
// and returns the reason. It is called by the goroutine that serves the connection, which holds nothing.
func (l *link) pace(pk *packets.Packet) error {
	limits := l.b.cfg.Limits
	wait, ok := l.messages.take(limits.MessageRate, time.Now())
	if ok {
		return nil
	}
	cause := packets.ErrMessageRateTooHigh
	if limits.Disconnect {
		e := messageEvent(l.device, l.id, trace.Drop, pk)
		e.Cause = cause.Reason
		l.b.emit(e)
		l.b.server.DisconnectClient(l.client, cause) //nolint:errcheck // returns the reason
		return l.failed(cause)
	}
	e := trace.Event{Device: l.device, Kind: trace.Broker, Name: "throttle", Client: l.id, Topic: pk.TopicName,
		Cause: cause.Reason, Text: fmt.Sprintf("the PUBLISH waits %s", wait)}
	l.b.emit(e)
	l.paced = true
	l.pause(wait)
	l.messages.take(limits.MessageRate, time.Now())
	return nil
}

// pause waits for a turn of the loop after d, or for the end of the connection.
func (l *link) pause(d time.Duration) {
	turn := make(chan struct{})
	t := l.b.cfg.Source.After(d, vtime.Service, func() { close(turn) })
	select {
	case <-turn:
	case <-l.gone:
		t.Stop()
	}
}

// failed makes reading end for a reason that the broker has.
func (l *link) failed(reason packets.Code) error {
	l.readErr = reason
	return reason
}

// hush keeps a connection without an answer until its client gives up.
func (l *link) hush() error {
	l.Conn.SetReadDeadline(time.Time{}) //nolint:errcheck // a closed connection shows when it is read
	_, err := io.Copy(io.Discard, l)
	if err == nil {
		err = io.EOF
	}
	return err
}
