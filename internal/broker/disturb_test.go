package broker

import (
	"fmt"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
)

func TestRefuse(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		events := run(t, open(), func(r *rig) {
			d := r.b.Refuse([]string{"dev0"}, 0x89, "server busy")
			a := r.dial("dev0", version)
			a.connect("a")
			require.Equal(t, map[byte]byte{4: 3, 5: 0x89}[version], a.take(packets.Connack)[0].ReasonCode)
			require.True(t, a.ended())
			r.connected("dev1", version, "b")
			require.EqualValues(t, 1, d.Touched())
			d.Lift()
			r.connected("dev0", version, "a")
			require.EqualValues(t, 1, d.Touched())
		})
		require.Contains(t, brief(events, trace.Connack, trace.Disconnect), "connack dev0 a server busy\ndisconnect dev0 a refused\n")
	})
}

// TestRefusalsIn311: its five return codes.
func TestRefusalsIn311(t *testing.T) {
	for code, want := range map[byte]byte{0x80: 3, 0x84: 1, 0x85: 2, 0x86: 4, 0x87: 5, 0x88: 3, 0x8a: 5, 0x97: 3, 0x9f: 3} {
		run(t, open(), func(r *rig) {
			r.b.Refuse(nil, code, "on purpose")
			a := r.dial("dev0", 4)
			a.connect("a")
			require.Equal(t, want, a.take(packets.Connack)[0].ReasonCode, "%#x", code)
		})
	}
}

// TestWithhold: the answer never comes, the connection stays, other devices get theirs.
func TestWithhold(t *testing.T) {
	for name, ask := range map[string]func(*client){
		"puback":   func(c *client) { c.publish("t", "x", 1, 7, false) },
		"pubrec":   func(c *client) { c.publish("t", "x", 2, 7, false) },
		"pubcomp":  func(c *client) { c.publish("t", "x", 2, 7, false); c.answer(packets.Pubrel, 7) },
		"suback":   func(c *client) { c.subscribe("t", 0) },
		"pingresp": func(c *client) { c.near.Write([]byte{0xc0, 0}) },
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, version byte) {
				events := run(t, open(), func(r *rig) {
					a, b := r.connected("dev0", version, "a"), r.connected("dev1", version, "b")
					d := r.b.Withhold(name, []string{"dev0"})
					ask(a)
					ask(b)
					require.Empty(t, a.take(answers()[name]))
					require.Len(t, b.take(answers()[name]), 1)
					d.Lift()
					require.Empty(t, a.take(answers()[name]))
					a.near.Write([]byte{0xc0, 0})
					require.Len(t, a.take(packets.Pingresp), 1)
					require.EqualValues(t, 1, d.Touched())
				})
				require.Equal(t, "broker "+name+" dev0 a withheld\n", brief(events, trace.Broker))
			})
		})
	}
}

// TestWithholdConnack: silence until the client gives up, also beyond the time that a CONNECT may take.
func TestWithholdConnack(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		events := run(t, open(), func(r *rig) {
			d := r.b.Withhold("connack", []string{"dev0"})
			a := r.dial("dev0", version)
			a.connect("a")
			a.publish("t", "too soon", 0, 0, false)
			time.Sleep(10 * time.Minute)
			require.Empty(t, a.take(packets.Connack))
			require.False(t, a.ended())
			require.False(t, r.b.Connected("dev0"))
			a.near.Close()
			time.Sleep(time.Second)
			d.Lift()
			r.connected("dev0", version, "a")
			hung := r.dial("dev1", version)
			r.b.Withhold("connack", nil)
			hung.connect("b")
			time.Sleep(time.Second)
			r.do(r.b.Stop)
			require.True(t, hung.ended())
		})
		require.Contains(t, brief(events, trace.Connect, trace.Connack, trace.Broker, trace.Publish, trace.Disconnect),
			"connect dev0 a\nbroker connack dev0 a withheld\ndisconnect dev0 a network\n")
	})
}

// TestDelay: later, in order, also what came after the delay ended.
func TestDelay(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		events := run(t, open(), func(r *rig) {
			a := r.connected("dev0", version, "a")
			d := r.b.Delay("puback", nil, 5*time.Second)
			a.publish("t", "1", 1, 1, false)
			a.publish("t", "2", 1, 2, false)
			require.Empty(t, a.take(packets.Puback))
			d.Lift()
			a.publish("t", "3", 1, 3, false)
			require.Empty(t, a.take(packets.Puback))
			shorter := r.b.Delay("puback", nil, time.Second)
			a.publish("t", "4", 1, 4, false)
			time.Sleep(4 * time.Second)
			require.Empty(t, a.take(packets.Puback))
			time.Sleep(time.Second)
			var ids []uint16
			for _, pk := range a.take(packets.Puback) {
				ids = append(ids, pk.PacketID)
			}
			require.Equal(t, []uint16{1, 2, 3, 4}, ids)
			require.EqualValues(t, 2, d.Touched())
			require.EqualValues(t, 1, shorter.Touched())
			shorter.Lift()
			a.publish("t", "5", 1, 5, false)
			require.Len(t, a.take(packets.Puback), 1)
			r.b.Delay("pingresp", nil, time.Hour)
			a.near.Write([]byte{0xc0, 0})
			a.take(0)
			a.near.Close() // what waits for a connection that ended goes nowhere
			time.Sleep(2 * time.Hour)
		})
		require.Contains(t, brief(events, trace.Broker), "broker puback dev0 a delayed\nbroker puback dev0 a delayed\nbroker puback dev0 a delayed\nbroker pingresp")
	})
}

func TestDelayConnack(t *testing.T) {
	run(t, open(), func(r *rig) {
		r.b.Delay("connack", []string{"dev0"}, 5*time.Minute)
		a := r.dial("dev0", 5)
		a.connect("a")
		time.Sleep(5*time.Minute - time.Second)
		require.Empty(t, a.take(packets.Connack))
		time.Sleep(time.Second)
		require.Len(t, a.take(packets.Connack), 1)
		a.publish("t", "x", 1, 1, false)
		require.Len(t, a.take(packets.Puback), 1)
	})
}

// TestNewestDisturbanceCounts: of two for the same answer.
func TestNewestDisturbanceCounts(t *testing.T) {
	run(t, open(), func(r *rig) {
		a := r.connected("dev0", 4, "a")
		all := r.b.Withhold("puback", nil)
		one := r.b.Delay("puback", []string{"dev0"}, time.Second)
		a.publish("t", "1", 1, 1, false)
		time.Sleep(time.Second)
		require.Len(t, a.take(packets.Puback), 1)
		require.Zero(t, all.Touched())
		one.Lift()
		a.publish("t", "2", 1, 2, false)
		time.Sleep(time.Second)
		require.Empty(t, a.take(packets.Puback))
		require.EqualValues(t, 1, all.Touched())
	})
}

func TestKickForReason(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		events := run(t, open(), func(r *rig) {
			a := r.connected("dev0", version, "a")
			r.do(func() { require.NoError(t, r.b.KickFor("dev0", 0x9c, "use another server")) })
			byes := a.take(packets.Disconnect)
			require.True(t, a.ended())
			if version == 5 {
				require.Equal(t, byte(0x9c), byes[0].ReasonCode)
			}
		})
		last := events[len(events)-1]
		require.Equal(t, "disconnect kicked use another server", fmt.Sprint(last.Kind, " ", last.Cause, " ", last.Text))
	})
}
