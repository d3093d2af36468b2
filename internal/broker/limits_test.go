package broker

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
)

func limited(l Limits) Config {
	cfg := open()
	cfg.Limits = l
	return cfg
}

// TestConnectLimits: the codes of both versions, what the events say, and that others are not concerned.
func TestConnectLimits(t *testing.T) {
	for name, test := range map[string]struct {
		limits Limits
		code   byte
		cause  string
		ids    [2]string
	}{
		"all":        {Limits{Connects: Rate{1, time.Minute}}, 0x9f, "connection rate exceeded", [2]string{"a", "b"}},
		"per client": {Limits{ConnectsPerClient: Rate{1, time.Minute}}, 0x97, "quota exceeded", [2]string{"a", "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, version byte) {
				events := run(t, limited(test.limits), func(r *rig) {
					r.connected("dev0", version, test.ids[0]).disconnect()
					second := r.dial("dev1", version)
					second.connect(test.ids[1])
					acks := second.take(packets.Connack)
					require.Len(t, acks, 1)
					require.Equal(t, map[byte]byte{4: 0x03, 5: test.code}[version], acks[0].ReasonCode)
					require.True(t, second.ended())
					time.Sleep(time.Minute)
					r.connected("dev1", version, test.ids[1])
				})
				require.Contains(t, brief(events, trace.Connack, trace.Disconnect),
					fmt.Sprintf("connack dev1 %[1]s %[2]s\ndisconnect dev1 %[1]s refused\n", test.ids[1], test.cause))
			})
		})
	}
	run(t, limited(Limits{ConnectsPerClient: Rate{1, time.Hour}}), func(r *rig) {
		for i := range 5 {
			r.connected(fmt.Sprint("dev", i), 4, fmt.Sprint("c", i))
		}
	})
}

// TestMessageRateWaits: nothing is lost, nothing comes early, other clients do not wait.
func TestMessageRateWaits(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		events := run(t, limited(Limits{MessageRate: Rate{2, time.Second}}), func(r *rig) {
			a, b := r.connected("dev0", version, "a"), r.connected("dev1", version, "b")
			b.subscribe("#", 0)
			b.take(0)
			a.together(func() {
				for i := range 6 {
					a.publish("t", fmt.Sprint(i), 1, uint16(i+1), false)
				}
				a.near.Write(nil)
			})
			b.publish("t", "b's", 0, 0, false)
			require.Equal(t, "0 1 b's", b.messages())
			require.Len(t, a.take(packets.Puback), 2)
			time.Sleep(2 * time.Second)
			require.Equal(t, "2 3 4 5", b.messages())
			require.Len(t, a.take(packets.Puback), 4)
		})
		var at []time.Duration
		for _, e := range events {
			if e.Kind == trace.Publish && e.Device == "dev0" {
				at = append(at, e.At)
			}
		}
		require.Len(t, at, 6)
		for i, d := range []time.Duration{0, 0, 1, 2, 3, 4} {
			require.Equal(t, at[0]+d*500*time.Millisecond, at[i])
		}
		require.Equal(t, strings.Repeat("broker throttle dev0 a t message rate too high\n", 4), brief(events, trace.Broker))
	})
}

// TestKickWhileWaiting: a connection that waits for its rate ends at once.
func TestKickWhileWaiting(t *testing.T) {
	run(t, limited(Limits{MessageRate: Rate{1, time.Hour}}), func(r *rig) {
		a := r.connected("dev0", 5, "a")
		a.publish("t", "1", 0, 0, false)
		a.publish("t", "2", 0, 0, false)
		a.take(0)
		r.do(func() { require.NoError(t, r.b.Kick("dev0")) })
		require.True(t, a.ended())
		require.False(t, r.b.Connected("dev0"))
	})
}

func TestMessageRateDisconnects(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		events := run(t, limited(Limits{MessageRate: Rate{1, time.Second}, Disconnect: true}), func(r *rig) {
			a := r.connected("dev0", version, "a", will("w", "gone", 0))
			a.publish("t", "1", 0, 0, false)
			a.publish("t", "2", 0, 0, false)
			byes := a.take(packets.Disconnect)
			require.True(t, a.ended())
			if version == 5 {
				require.Len(t, byes, 1)
				require.Equal(t, byte(0x96), byes[0].ReasonCode)
			}
		})
		require.Equal(t, "publish dev0 a t 1\ndrop dev0 a t 2 message rate too high\ndisconnect dev0 a message rate too high\nwill dev0 a w gone\npublish dev0 a w gone\n",
			brief(events, trace.Publish, trace.Drop, trace.Disconnect, trace.Will))
	})
}

// TestPacketSize: exact to the byte, announced and answered as version 5 has it.
func TestPacketSize(t *testing.T) {
	both(t, func(t *testing.T, version byte) {
		cfg := open()
		cfg.PacketSize = 200
		events := run(t, cfg, func(r *rig) {
			a := r.dial("dev0", version)
			a.connect("a")
			ack := a.take(packets.Connack)[0]
			if version == 5 {
				require.Equal(t, uint32(200), ack.Properties.MaximumPacketSize)
			}
			overhead := 1 + 2 + 2 + 1 // fixed header with a length of two bytes, topic
			if version == 5 {
				overhead++
			}
			a.together(func() {
				a.publish("t", strings.Repeat("x", 200-overhead), 0, 0, false)
				a.publish("t", strings.Repeat("y", 201-overhead), 0, 0, false)
			})
			byes := a.take(packets.Disconnect)
			require.True(t, a.ended())
			if version == 5 {
				require.Len(t, byes, 1)
				require.Equal(t, byte(0x95), byes[0].ReasonCode)
			}
			huge := r.dial("dev1", version)
			huge.connect("b", will("w", strings.Repeat("z", 300), 0))
			require.True(t, huge.ended())
		})
		require.Contains(t, brief(events, trace.Publish, trace.Disconnect), "xx\ndisconnect dev0 a packet too large\n")
		require.Contains(t, brief(events, trace.Disconnect), "disconnect dev1 packet too large\n")
	})
}

// TestSizerFindsTheFirst cuts streams of packets at random and looks for the one that is too large.
func TestSizerFindsTheFirst(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		var stream []byte
		want := -1 // where the packet that is too large begins
		for range 5 {
			remaining := random.IntN(3) * random.IntN(400)
			begin := len(stream)
			stream = append(stream, 0x30)
			rest := remaining
			for {
				digit := byte(rest % 128)
				if rest /= 128; rest > 0 {
					stream = append(stream, digit|0x80)
					continue
				}
				stream = append(stream, digit)
				break
			}
			stream = append(stream, make([]byte, remaining)...)
			if want < 0 && len(stream)-begin > 300 {
				want = begin
			}
		}
		var s sizer
		found := -1
		for at := 0; at < len(stream) && found < 0; {
			n := min(1+random.IntN(200), len(stream)-at)
			if read, tooLarge := s.scan(stream[at:at+n], 300); tooLarge {
				found = at + read
			} else {
				require.Equal(t, n, read)
			}
			at += n
		}
		if want < 0 {
			require.Negative(t, found)
			continue
		}
		require.True(t, found >= want && found <= want+3, "found at %d, not %d", found, want)
	}
}
