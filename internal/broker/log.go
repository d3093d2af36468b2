package broker

import (
	"context"
	"errors"
	"log/slog"

	"github.com/mochi-mqtt/server/v2/packets"
)

// mochiLog hears from mochi's log of messages that it lets fall without calling a hook. Everything
// else it logs shows in an event already.
type mochiLog struct{ b *Broker }

func (h *mochiLog) Enabled(context.Context, slog.Level) bool { return true }
func (h *mochiLog) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h *mochiLog) WithGroup(string) slog.Handler            { return h }

func (h *mochiLog) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "failed publishing packet" {
		return nil
	}
	var err error
	var client string
	var routed *packets.Packet // by a publisher
	var written *packets.Packet
	r.Attrs(func(a slog.Attr) bool {
		switch v := a.Value.Any().(type) {
		case error:
			err = v
		case string:
			client = v
		case packets.Packet:
			routed = &v
		case *packets.Packet:
			written = v
		}
		return true
	})
	h.b.mu.Lock()
	s := h.b.sessions[client]
	h.b.mu.Unlock()
	switch {
	case s == nil:
	case routed != nil:
		s.unrouted(routed, err)
	case written != nil && errors.Is(err, packets.ErrPacketTooLarge):
		s.unwritten(written)
	}
	return nil
}

// unrouted records a message that mochi did not pass on to this client.
func (s *session) unrouted(pk *packets.Packet, err error) {
	switch {
	case errors.Is(err, packets.ErrPendingClientWritesExceeded): // OnPublishDropped has it
	case !errors.Is(err, packets.CodeDisconnect):
		s.lost(pk, err.Error())
	case pk.FixedHeader.Qos == 0 || !s.has(pk):
		s.lost(pk, "not connected")
	}
}

func (s *session) lost(pk *packets.Packet, cause string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b.lose(s.dropped(pk, cause))
}

// unwritten drops a message that passed the gate and is larger than the client takes.
func (s *session) unwritten(pk *packets.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.queue {
		if m.state == sent && m.handle == pk.PacketID && pk.PacketID != 0 {
			s.tooLarge(m)
			return
		}
	}
	s.drop(pk, packets.ErrPacketTooLarge.Reason)
}
