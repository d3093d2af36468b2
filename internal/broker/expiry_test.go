package broker

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
)

// housekeeping is what either broker does by itself, as times since the start.
type housekeeping struct {
	will, session, forever, retained, kept, queued time.Duration
}

// keepHouse brings about every expiry and sees when each comes.
func keepHouse(r *rig, server *mqtt.Server, waits func(id string) int) (h housekeeping) {
	start := time.Now()
	time.Sleep(300 * time.Millisecond) // off the full second
	w := r.connected("w", 5, "w")
	w.subscribe("gone", 0)
	a := r.connected("a", 5, "a", expiry(40), will("gone", "a", 25))
	b := r.connected("b", 4, "b", resume)
	b.subscribe("cmd", 1)
	b.take(0)
	b.disconnect()
	for i, topic := range []string{"kept", "brief"} {
		seconds := uint32(i * 55)
		pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Retain: true}, ProtocolVersion: 5,
			TopicName: topic, Payload: []byte("x"), Properties: packets.Properties{MessageExpiryInterval: seconds}}
		w.write(pk.PublishEncode)
	}
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, ProtocolVersion: 5, PacketID: 1,
		TopicName: "cmd", Payload: []byte("x"), Properties: packets.Properties{MessageExpiryInterval: 70}}
	w.write(pk.PublishEncode)
	w.take(0)
	require.Equal(r.t, 1, waits("b"))
	a.near.Close()
	for elapsed := time.Duration(0); elapsed < 200*time.Second; elapsed = time.Since(start) {
		time.Sleep(100 * time.Millisecond)
		mark := func(d *time.Duration, gone bool) {
			if gone && *d == 0 {
				*d = time.Since(start)
			}
		}
		w.mu.Lock()
		mark(&h.will, len(w.got) > 0)
		w.mu.Unlock()
		_, ok := server.Clients.Get("a")
		mark(&h.session, !ok)
		_, ok = server.Clients.Get("b")
		mark(&h.forever, !ok)
		_, ok = server.Topics.Retained.Get("brief")
		mark(&h.retained, !ok)
		_, ok = server.Topics.Retained.Get("kept")
		mark(&h.kept, !ok)
		mark(&h.queued, waits("b") == 0)
	}
	return h
}

// allow lets everybody do everything.
type allow struct{ mqtt.HookBase }

func (*allow) Provides(event byte) bool {
	return event == mqtt.OnConnectAuthenticate || event == mqtt.OnACLCheck
}
func (*allow) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }
func (*allow) OnACLCheck(*mqtt.Client, string, bool) bool              { return true }

// TestHousekeeping holds the timers against mochi's own loop.
func TestHousekeeping(t *testing.T) {
	var ours, theirs housekeeping
	run(t, Config{Open: true}, func(r *rig) {
		ours = keepHouse(r, r.b.server, func(id string) int {
			r.b.mu.Lock()
			s := r.b.sessions[id]
			r.b.mu.Unlock()
			s.mu.Lock()
			defer s.mu.Unlock()
			return len(s.queue)
		})
	})
	synctest.Test(t, func(t *testing.T) {
		server := mqtt.New(&mqtt.Options{Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, server.AddHook(new(allow), nil))
		require.NoError(t, server.Serve())
		r := newRig(t)
		r.serve = func(c net.Conn) { go server.EstablishConnection("wire", c) }
		r.play(func(r *rig) {
			theirs = keepHouse(r, server, func(id string) int {
				cl, _ := server.Clients.Get(id)
				return cl.State.Inflight.Len()
			})
		}, func() bool { return false })
		r.hangUp()
		require.NoError(t, server.Close())
	})
	require.Zero(t, theirs.forever)
	require.Zero(t, theirs.kept)
	t.Logf("ours %+v, theirs %+v", ours, theirs)
	for name, pair := range map[string][2]time.Duration{
		"delayed will": {ours.will, theirs.will}, "session": {ours.session, theirs.session},
		"persistent session": {ours.forever, theirs.forever}, "retained message": {ours.retained, theirs.retained},
		"retained forever": {ours.kept, theirs.kept}, "queued message": {ours.queued, theirs.queued},
	} {
		require.InDelta(t, pair[1].Seconds(), pair[0].Seconds(), 2, name)
	}
}

// TestExpiredEvents: what expires is in the trace, at its time.
func TestExpiredEvents(t *testing.T) {
	events := run(t, open(), func(r *rig) { keepHouse(r, r.b.server, func(string) int { return 1 }) })
	require.Equal(t, "retain w kept x\nretain w brief x\nwill a gone a\nretain brief expired\ndrop b cmd x expired\n",
		brief(events, trace.Will, trace.Drop, trace.Retain))
}

// TestDelayedWill: when it is not sent, and when it is sent early [MQTT-3.1.3-9].
func TestDelayedWill(t *testing.T) {
	for _, c := range []struct {
		name string
		want string
		do   func(r *rig)
	}{
		{"delay passes", "will gone a @ 30s\n", func(*rig) {}},
		{"session ends first", "will gone a @ 10s\n", nil},
		{"resumed", "", func(r *rig) { r.connected("dev0", 5, "a", expiry(100)).disconnect() }},
		{"no session", "will gone a @ 0s\n", nil},
		{"discarded", "will gone a @ 5s\n", func(r *rig) { r.connected("dev0", 5, "a") }},
		{"broker is down", "will gone a @ 1m0s\n", func(r *rig) {
			r.do(r.b.Stop)
			time.Sleep(55 * time.Second)
			r.do(func() { r.b.Start() })
		}},
		{"broker stops with the client connected", "will gone a @ 30s\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var gone time.Duration
			events := run(t, open(), func(r *rig) {
				start := time.Now()
				session := expiry(100)
				switch c.name {
				case "session ends first":
					session = expiry(10)
				case "no session":
					session = keepalive(0)
				}
				a := r.connected("dev0", 5, "a", session, will("gone", "a", 30))
				gone = time.Since(start)
				switch c.name {
				case "broker stops with the client connected":
					r.do(func() { require.NoError(t, r.b.Restart()) })
				default:
					a.near.Close()
					gone += latency
					time.Sleep(5 * time.Second)
				}
				if c.do != nil {
					c.do(r)
				}
				time.Sleep(200 * time.Second)
			})
			var got string
			for _, e := range events {
				if e.Kind == trace.Will {
					got += fmt.Sprintf("will %s %s @ %s\n", e.Topic, e.Payload, (e.At - gone).Round(time.Second))
				}
			}
			require.Equal(t, c.want, got)
		})
	}
}

// TestRetainedReplaced: a message that replaces another does not expire with it.
func TestRetainedReplaced(t *testing.T) {
	run(t, open(), func(r *rig) {
		p := r.connected("dev0", 5, "p")
		for _, seconds := range []uint32{10, 30} {
			pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Retain: true}, ProtocolVersion: 5,
				TopicName: "t", Payload: fmt.Append(nil, seconds), Properties: packets.Properties{MessageExpiryInterval: seconds}}
			p.write(pk.PublishEncode)
		}
		time.Sleep(20 * time.Second)
		a := r.connected("dev1", 5, "a")
		a.subscribe("t", 0)
		got := a.take(packets.Publish)
		require.Len(t, got, 1)
		require.Equal(t, "30", string(got[0].Payload))
		require.InDelta(t, 10, got[0].Properties.MessageExpiryInterval, 1, "what is left of it [MQTT-3.3.2-6]")
		time.Sleep(20 * time.Second)
		a.subscribe("t", 0)
		require.Empty(t, a.take(packets.Publish))
	})
}

// TestMessageExpiry: each message at its own time, whatever it waits for.
func TestMessageExpiry(t *testing.T) {
	events := run(t, open(), func(r *rig) {
		a := r.connected("dev0", 5, "a", expiry(1000))
		a.subscribe("t", 1)
		p := r.connected("dev1", 5, "p")
		publish := func(payload string, qos byte, seconds uint32) {
			pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: qos}, ProtocolVersion: 5, TopicName: "t",
				PacketID: uint16(qos), Payload: []byte(payload), Properties: packets.Properties{MessageExpiryInterval: seconds}}
			p.write(pk.PublishEncode)
			time.Sleep(time.Second)
		}
		a.choke(true)
		publish("lasts", 1, 0)
		publish("gone first, at QoS 0", 0, 5)
		publish("gone third", 1, 30)
		publish("gone second", 1, 10)
		publish("lasts longer", 1, 3000)
		time.Sleep(time.Minute)
		a.choke(false)
		require.Equal(t, "lasts lasts longer", a.messages())
	})
	require.Equal(t, `drop dev0 a t gone first, at QoS 0 expired
drop dev0 a t gone second expired
drop dev0 a t gone third expired
`, brief(events, trace.Drop))
	for i, want := range []int{6, 12, 31} { // sent at 1.2, 3.2 and 2.2 s
		at := slices.IndexFunc(events, func(e trace.Event) bool { return e.Kind == trace.Drop })
		require.InDelta(t, float64(want), events[at].At.Seconds(), 2, i)
		events = events[at+1:]
	}
}

// TestExpiredSession leaves nothing behind.
func TestExpiredSession(t *testing.T) {
	run(t, open(), func(r *rig) {
		a := r.connected("dev0", 5, "a", expiry(30))
		a.subscribe("t", 1)
		a.disconnect()
		time.Sleep(25 * time.Second)
		a = r.dial("dev0", 5)
		a.connect("a", expiry(30))
		require.True(t, a.take(packets.Connack)[0].SessionPresent)
		a.disconnect()
		time.Sleep(25 * time.Second)
		a = r.dial("dev0", 5)
		a.connect("a", expiry(30))
		require.True(t, a.take(packets.Connack)[0].SessionPresent)
		time.Sleep(100 * time.Second)
		a.disconnect()
		time.Sleep(35 * time.Second)
		a = r.dial("dev0", 5)
		a.connect("a", expiry(30))
		require.False(t, a.take(packets.Connack)[0].SessionPresent)
		a.publish("t", "x", 0, 0, false)
		require.Empty(t, a.messages())
	})
}
