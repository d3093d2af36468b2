package broker

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
)

// both runs a test in MQTT 3.1.1 and 5.
func both(t *testing.T, f func(t *testing.T, version byte)) {
	for _, version := range []byte{4, 5} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) { f(t, version) })
	}
}

// lasting asks for a session that outlives the connection.
func lasting(version byte) connectOption {
	if version == 5 {
		return expiry(3600)
	}
	return resume
}

func open() Config { return Config{Open: true, Devices: devices(3)} }

// TestStopKeepsSessions: subscriptions, what waits and what was not acknowledged, retained messages
// and clean sessions' end, over a stop and a start.
func TestStopKeepsSessions(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		events := run(t, open(), func(r *rig) {
			keeps := r.connected("dev0", version, "keeps", lasting(version))
			keeps.subscribe("t", 1)
			clean := r.connected("dev1", version, "clean")
			clean.subscribe("t", 1)
			keeps.take(0)
			clean.publish("t", "unacknowledged", 1, 1, true)
			require.Equal(t, "unacknowledged", keeps.messages())
			keeps.lose() // its own end of the connection does not count
			r.do(func() {
				require.NoError(t, r.b.Publish(Message{Topic: "t", Payload: []byte("lost on the wire"), QoS: 1}))
			})
			r.do(func() {
				r.b.Stop()
				require.False(t, r.b.Running())
				require.False(t, r.b.Connected("dev0"))
				require.ErrorIs(t, r.b.Publish(Message{Topic: "t"}), ErrStopped)
				r.b.Stop() // a second one does nothing
			})
			require.True(t, clean.ended())
			if version == 5 {
				byes := clean.take(packets.Disconnect)
				require.Len(t, byes, 1)
				require.Equal(t, packets.ErrServerShuttingDown.Code, byes[0].ReasonCode)
			}
			refused := r.dial("dev1", version)
			refused.connect("clean")
			require.True(t, refused.ended())
			r.do(func() {
				require.NoError(t, r.b.Start())
				require.ErrorContains(t, r.b.Start(), "running already")
				require.NoError(t, r.b.Publish(Message{Topic: "t", Payload: []byte("while away"), QoS: 1}))
			})
			back := r.dial("dev0", version)
			back.connect("keeps", lasting(version))
			got := back.take(packets.Publish)
			require.Len(t, got, 3)
			for i, want := range []string{"unacknowledged", "lost on the wire", "while away"} {
				require.Equal(t, want, string(got[i].Payload))
				require.Equal(t, i < 2, got[i].FixedHeader.Dup, "DUP is for what was sent before")
				back.answer(packets.Puback, got[i].PacketID)
			}
			back.publish("t", "still subscribed", 0, 0, false)
			require.Equal(t, "still subscribed", back.messages())
			anew := r.connected("dev1", version, "clean", lasting(version))
			anew.subscribe("other", 1)
			require.Empty(t, anew.messages())
			anew.subscribe("t", 1)
			require.Equal(t, "unacknowledged", anew.messages(), "the retained message is still there")
		})
		require.Contains(t, brief(events, trace.Broker, trace.Disconnect, trace.Drop),
			"broker stop\ndisconnect dev0 keeps broker\ndisconnect dev1 clean broker\n")
		require.Contains(t, brief(events, trace.Broker), "broker stop\nbroker start\n")
	})
}

func TestRestart(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		events := run(t, open(), func(r *rig) {
			a := r.connected("dev0", version, "a", lasting(version), will("gone", "a", 0),
				func(pk *packets.Packet) { pk.Connect.WillQos = 1 })
			a.subscribe("gone", 1)
			a.take(0)
			r.do(func() { require.NoError(t, r.b.Restart()) })
			require.True(t, a.ended())
			back := r.dial("dev0", version)
			back.connect("a", lasting(version))
			require.Equal(t, "a", back.messages())
		})
		require.Equal(t, "broker restart\ndisconnect dev0 a broker\nwill dev0 a gone a\npublish dev0 a gone a\ndeliver dev0 a gone a\n",
			brief(events, trace.Broker, trace.Disconnect, trace.Will, trace.Publish, trace.Deliver))
	})
}

func TestKick(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		events := run(t, open(), func(r *rig) {
			w := r.connected("dev1", version, "w")
			w.subscribe("#", 0)
			a := r.connected("dev0", version, "a", will("gone", "bye", 0))
			r.do(func() {
				require.NoError(t, r.b.Kick("dev0"))
				require.EqualError(t, r.b.Kick("dev0"), "broker: kick dev0: it is not connected")
			})
			if version == 5 {
				byes := a.take(packets.Disconnect)
				require.Len(t, byes, 1)
				require.Equal(t, packets.ErrAdministrativeAction.Code, byes[0].ReasonCode)
			}
			require.True(t, a.ended())
			require.Equal(t, "bye", w.messages())
		})
		require.Equal(t, "broker kick dev0\ndisconnect dev0 a kicked\nwill dev0 a gone bye\n",
			brief(events, trace.Broker, trace.Disconnect, trace.Will))
	})
}

func TestTakeover(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		events := run(t, open(), func(r *rig) {
			first := r.connected("dev0", version, "a", lasting(version))
			first.subscribe("t", 1)
			first.take(0)
			second := r.dial("dev1", version)
			second.connect("a", lasting(version))
			acks := second.take(packets.Connack)
			require.Len(t, acks, 1)
			require.True(t, acks[0].SessionPresent)
			require.True(t, first.ended())
			second.publish("t", "mine now", 1, 1, false)
			require.Equal(t, "mine now", second.messages())
			require.True(t, r.b.Connected("dev1"))
			require.False(t, r.b.Connected("dev0"))

			third := r.dial("dev1", version)
			third.connect("a") // a clean start ends the session
			acks = third.take(packets.Connack)
			require.Len(t, acks, 1)
			require.False(t, acks[0].SessionPresent)
			third.publish("t", "nobody's", 1, 1, false)
			require.Empty(t, third.messages())
		})
		require.Equal(t, `connect dev0 a
connack dev0 a success
disconnect dev0 a takeover
connect dev1 a
connack dev1 a success
connect dev1 a
disconnect dev1 a takeover
drop dev1 a t mine now session discarded
connack dev1 a success
`, brief(events, trace.Connect, trace.Connack, trace.Disconnect, trace.Drop))
	})
}

// TestCauses has the reasons for which connections end.
func TestCauses(t *testing.T) {
	for name, c := range map[string]struct {
		want string
		do   func(c *client)
	}{
		"disconnect":    {"disconnect dev0 a client\n", func(c *client) { c.disconnect() }},
		"closed":        {"disconnect dev0 a network\n", func(c *client) { c.near.Close() }},
		"silence":       {"disconnect dev0 a keepalive\n", func(c *client) { time.Sleep(15 * time.Second) }},
		"not yet":       {"", func(c *client) { time.Sleep(15*time.Second - 11*latency) }},
		"second":        {"disconnect dev0 a protocol error\n", func(c *client) { c.connect("a") }},
		"garbage":       {"disconnect dev0 a protocol error\n", func(c *client) { c.near.Write([]byte{0xf7, 0xff, 0xff, 0xff, 0xff, 0xff}) }},
		"short publish": {"disconnect dev0 a protocol error\n", func(c *client) { c.near.Write([]byte{0x30, 1, 0}) }},
		"too large":     {"disconnect dev0 a packet too large\n", func(c *client) { c.near.Write([]byte{0x30, 0x80, 0x80, 0x80, 1, 0}) }},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, version byte) {
				events := run(t, open(), func(r *rig) {
					a := r.connected("dev0", version, "a", keepalive(10))
					if a.take(0); name == "too large" {
						a.far.frame = false
					}
					if name == "silence" || name == "not yet" {
						a.answer(packets.Puback, 77) // keepalive counts from here
					}
					c.do(a)
					time.Sleep(5 * latency)
				})
				require.Equal(t, c.want, brief(events, trace.Disconnect))
			})
		})
	}
}

// TestLongKeepalive: mochi's deadline for these would be a few seconds.
func TestLongKeepalive(t *testing.T) {
	for _, seconds := range []uint16{43690, 43691, 65535, 0} {
		events := run(t, open(), func(r *rig) {
			r.connected("dev0", 4, "a", keepalive(seconds))
			time.Sleep(48 * time.Hour)
		})
		var at time.Duration
		for _, e := range events {
			if e.Kind == trace.Disconnect {
				at = e.At.Truncate(time.Second)
			}
		}
		require.Equal(t, time.Duration(seconds)*time.Second*3/2/time.Second*time.Second, at)
	}
}

// TestIdentifiers: what a client sends and what it is sent may have the same packet identifiers.
func TestIdentifiers(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		events := run(t, open(), func(r *rig) {
			a := r.connected("dev0", version, "a", lasting(version))
			a.subscribe("cmd/#", 2)
			a.take(0)
			r.do(func() { require.NoError(t, r.b.Publish(Message{Topic: "cmd/1", Payload: []byte("x"), QoS: 1})) })
			got := a.take(packets.Publish)
			require.Len(t, got, 1)
			id := got[0].PacketID
			require.Equal(t, uint16(1), id)
			a.subscribe("with the same", 0)
			require.Equal(t, []byte{0}, a.take(packets.Suback)[0].ReasonCodes)

			a.publish("telemetry", "y", 1, id, false)
			require.Len(t, a.take(packets.Puback), 1)
			a.publish("telemetry", "z", 2, id+1, false)
			require.Len(t, a.take(packets.Pubrec), 1)
			r.do(func() { require.NoError(t, r.b.Publish(Message{Topic: "cmd/1", Payload: []byte("w"), QoS: 2})) })
			exactlyOnce := a.take(packets.Publish)
			require.Len(t, exactlyOnce, 1)
			require.Equal(t, id+1, exactlyOnce[0].PacketID)
			a.answer(packets.Pubrec, exactlyOnce[0].PacketID)
			require.Len(t, a.take(packets.Pubrel), 1)
			a.answer(packets.Puback, id) // of the broker's message; the client's own is still under way
			a.publish("telemetry", "z", 2, id+1, false)
			acks := a.take(packets.Pubrec)
			require.Len(t, acks, 1)
			require.Zero(t, acks[0].ReasonCode)
			a.near.Close()
			time.Sleep(time.Second)

			b := r.dial("dev0", version)
			b.connect("a", lasting(version))
			b.subscribe("more", 1)
			all := b.all()
			require.Equal(t, []byte{1}, all[packets.Suback][0].ReasonCodes)
			require.Empty(t, all[packets.Publish], "every PUBLISH was answered")
			require.Len(t, all[packets.Pubrel], 1)
			require.Equal(t, exactlyOnce[0].PacketID, all[packets.Pubrel][0].PacketID)
			b.publish("telemetry", "z", 2, id+1, false) // the PUBREC was lost, perhaps
			require.Len(t, b.take(packets.Pubrec), 1)
			b.answer(packets.Pubrel, id+1)
			require.Len(t, b.take(packets.Pubcomp), 1)
			b.answer(packets.Pubcomp, exactlyOnce[0].PacketID)
			b.near.Close()
			time.Sleep(time.Second)
			c := r.dial("dev0", version)
			c.connect("a", lasting(version))
			require.Empty(t, c.take(packets.Pubrel))
		})
		require.Equal(t, "publish dev0 a telemetry y\npublish dev0 a telemetry z\ndrop dev0 a telemetry z repeated\ndrop dev0 a telemetry z repeated\n",
			brief(slices.DeleteFunc(events, func(e trace.Event) bool { return e.Device == "" }), trace.Publish, trace.Drop))
	})
}

// TestExactlyOnce counts a QoS 2 message that was sent twice.
func TestExactlyOnce(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		events := run(t, open(), func(r *rig) {
			a := r.connected("dev0", version, "a")
			a.publish("t", "x", 2, 5, false)
			a.publish("t", "x", 2, 5, false)
			a.take(0)
			a.answer(packets.Pubrel, 5)
			a.take(0)
			a.publish("t", "x", 2, 5, false)
			a.take(0)
		})
		require.Equal(t, "publish dev0 a t x\ndrop dev0 a t x repeated\npublish dev0 a t x\n",
			brief(events, trace.Publish, trace.Drop))
	})
}
