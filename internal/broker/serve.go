package broker

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// puller is offered by connections that can be served without a goroutine, so that ten thousands of them, each
// idle most of the time, cost no stack: Take returns what came and does not wait, and notify is called on the
// event loop's goroutine whenever there may be more.
type puller interface {
	Take() ([]byte, error)
	Notify(notify func())
}

// served is the state of a connection that is served without a goroutine.
type served struct {
	pull     puller // nil: a goroutine serves it
	mochi    *mqtt.Client
	accepted bool   // mochi took the CONNECT
	unread   []byte // taken, and not yet read by mochi
	left     int    // bytes of unread that belong to the packet under way
	pulled   error  // what Take said last
	writer   sync.Once

	turn  sync.Mutex // guards the rest; never held while waiting
	busy  bool       // a goroutine serves it now
	again bool       // something came meanwhile
	over  bool
}

// serve begins to serve the connection. It does what mochi's EstablishConnection does, which needs a goroutine
// that waits for each packet.
func (l *link) serve(p puller) {
	l.pull, l.mochi = p, l.b.server.NewClient(l, listenerID, "", false)
	p.Notify(func() {
		if l.claim() {
			l.b.cfg.Source.Lend(l)
		}
	})
}

// claim reports whether the caller is to serve what came: whoever serves already looks again.
func (l *link) claim() bool {
	l.turn.Lock()
	defer l.turn.Unlock()
	switch {
	case l.over:
		return false
	case l.busy:
		l.again = true
		return false
	}
	l.busy = true
	return true
}

// Run serves what came.
func (l *link) Run() {
	for {
		for l.pending() {
			if over, err := l.next(); over {
				l.finish(err)
				return
			}
		}
		l.turn.Lock()
		if !l.again {
			l.busy = false
			l.turn.Unlock()
			return
		}
		l.again = false
		l.turn.Unlock()
	}
}

// pending reports whether there is something to read, the end of the connection included.
func (l *link) pending() bool {
	if len(l.unread) == 0 && l.pulled == nil {
		l.unread, l.pulled = l.pull.Take()
	}
	return len(l.unread) > 0 || l.pulled != nil || l.tooLarge
}

// read is the connection's Read. It hands over one packet at a time, so that mochi's buffer never holds the next
// one. Within a packet that is not whole it waits.
func (l *link) read(p []byte) (int, error) {
	if l.pull == nil {
		return l.Conn.Read(p)
	}
	if !l.pending() {
		return l.Conn.Read(p)
	}
	if len(l.unread) == 0 {
		return 0, l.pulled
	}
	if l.left == 0 {
		if n, err := PacketLength(l.unread); err == nil && n > 0 {
			l.left = n
		} else {
			l.left = len(l.unread)
		}
	}
	n := copy(p[:min(len(p), l.left)], l.unread)
	l.unread, l.left = l.unread[n:], l.left-n
	return n, nil
}

// next serves the next packet. It reports whether the connection is over, and why if there is a reason.
func (l *link) next() (over bool, err error) {
	cl := l.mochi
	if !l.accepted {
		if err := l.accept(); err != nil {
			return true, err
		}
		l.accepted = true
	} else if err := l.receive(); err != nil {
		return true, err
	}
	if cl.Closed() {
		return true, nil
	}
	return false, l.SetDeadline(time.Time{})
}

// receive is mochi's Client.Read and Server.receivePacket, for one packet.
func (l *link) receive() error {
	cl, server := l.mochi, l.b.server
	header := new(packets.FixedHeader)
	if err := cl.ReadFixedHeader(header); err != nil {
		return err
	}
	pk, err := cl.ReadPacket(header)
	if err != nil {
		return err
	}
	err = server.InjectPacket(cl, pk)
	if code, ok := err.(packets.Code); ok && cl.Properties.ProtocolVersion == 5 && code.Code >= packets.ErrUnspecifiedError.Code { //nolint:errorlint // as mochi has it: a code that is wrapped was told already
		server.DisconnectClient(cl, code) //nolint:errcheck // returns the reason
	}
	return err
}

// accept is the beginning of mochi's Server.attachClient, up to where it reads packets.
func (l *link) accept() error {
	cl, server, h := l.mochi, l.b.server, l.b.hook
	header := new(packets.FixedHeader)
	if err := cl.ReadFixedHeader(header); err != nil {
		return fmt.Errorf("read connection: %w", err)
	}
	if header.Type != packets.Connect {
		return fmt.Errorf("read connection: %w", packets.ErrProtocolViolationRequireFirstConnect) // [MQTT-3.1.0-1]
	}
	pk, err := cl.ReadPacket(header)
	if err != nil {
		return fmt.Errorf("read connection: %w", err)
	}
	cl.ParseConnect(listenerID, pk)
	code := validateConnect(cl, &pk)
	if code != packets.CodeSuccess {
		if err := server.SendConnack(cl, code, false, nil); err != nil {
			return fmt.Errorf("invalid connection send ack: %w", err)
		}
		return code // [MQTT-3.2.2-7] [MQTT-3.1.4-6]
	}
	if err := h.OnConnect(cl, pk); err != nil {
		return err
	}
	if !h.OnConnectAuthenticate(cl, pk) { // [MQTT-3.1.4-2]
		if err := server.SendConnack(cl, packets.ErrBadUsernameOrPassword, false, nil); err != nil {
			return fmt.Errorf("invalid connection send ack: %w", err)
		}
		return packets.ErrBadUsernameOrPassword
	}
	h.OnSessionEstablish(cl, pk)
	present := l.inherit(pk.Connect.Clean)
	server.Clients.Add(cl) // [MQTT-4.1.0-1]
	if err := server.SendConnack(cl, code, present, nil); err != nil {
		return fmt.Errorf("ack connection packet: %w", err)
	}
	h.OnSessionEstablished(cl, pk)
	return nil
}

// validateConnect is mochi's Server.validateConnect, for a server that has all versions, QoS and retained messages.
func validateConnect(cl *mqtt.Client, pk *packets.Packet) packets.Code {
	code := pk.ConnectValidate() // [MQTT-3.1.4-1] [MQTT-3.1.4-2]
	if code == packets.CodeSuccess && cl.Properties.ProtocolVersion < 5 && !pk.Connect.Clean && pk.Connect.ClientIdentifier == "" {
		return packets.ErrUnspecifiedError
	}
	return code
}

// inherit is mochi's Server.inheritClientSession: it takes the subscriptions over from an earlier connection of the
// client id, which has ended, and reports whether there was a session. OnSessionEstablish took its messages.
func (l *link) inherit(clean bool) (present bool) {
	cl, server := l.mochi, l.b.server
	existing, ok := server.Clients.Get(cl.ID)
	if !ok {
		return false
	}
	if clean || existing.Properties.Clean && existing.Properties.ProtocolVersion < 5 { // [MQTT-3.1.2-4] [MQTT-3.1.4-4]
		server.UnsubscribeClient(existing)
		existing.ClearInflights()
		return false // [MQTT-3.2.2-3]
	}
	for filter, sub := range existing.State.Subscriptions.GetAll() {
		l.subscribes()
		existing.State.Subscriptions.Delete(filter)
		server.Topics.Subscribe(cl.ID, sub) // [MQTT-3.8.4-3]
		cl.State.Subscriptions.Add(filter, sub)
	}
	existing.ClearInflights()
	return true // [MQTT-3.2.2-3]
}

// subscribes starts what writes messages to the client, which mochi does on a goroutine: most clients of a fleet
// subscribe to nothing.
func (l *link) subscribes() {
	if l.pull != nil {
		l.writer.Do(func() { l.b.wg.Go(l.mochi.WriteLoop) })
	}
}

// finish is the end of mochi's Server.attachClient.
func (l *link) finish(err error) {
	l.turn.Lock()
	l.over = true
	l.turn.Unlock()
	cl, server := l.mochi, l.b.server
	if l.accepted {
		if err != nil {
			l.sendWill()
			cl.Stop(err)
		} else {
			cl.Properties.Will = mqtt.Will{} // [MQTT-3.14.4-3] [MQTT-3.1.2-10]
		}
		expire := cl.Properties.ProtocolVersion == 5 && cl.Properties.Props.SessionExpiryInterval == 0 ||
			cl.Properties.ProtocolVersion < 5 && cl.Properties.Clean
		l.b.letGo(l, err, expire)
		if expire {
			cl.ClearInflights()
			server.UnsubscribeClient(cl)
			server.Clients.Delete(cl.ID) // [MQTT-4.1.0-2]
		}
	}
	cl.Stop(nil)
	l.end(err)
	l.b.wg.Done()
}

// sendWill is mochi's Server.sendLWT.
func (l *link) sendWill() {
	will := &l.mochi.Properties.Will
	if atomic.LoadUint32(&will.Flag) == 0 {
		return
	}
	l.endBeforeWill(l.mochi)
	if will.WillDelayInterval > 0 {
		l.b.delay(l, time.Duration(will.WillDelayInterval)*time.Second)
		return
	}
	l.b.sendWill(delayedWill{client: l.id, device: l.device, will: *will})
	atomic.StoreUint32(&will.Flag, 0) // [MQTT-3.1.2-10]
}
