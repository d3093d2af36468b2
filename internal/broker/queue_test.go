package broker

import (
	"fmt"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
)

// TestReceiveMaximum: a window of two stays a window of two [MQTT-3.3.4-9].
func TestReceiveMaximum(t *testing.T) {
	run(t, open(), func(r *rig) {
		a := r.connected("dev0", 5, "a", func(pk *packets.Packet) { pk.Properties.ReceiveMaximum = 2 })
		a.subscribe("t", 1)
		a.take(0)
		r.do(func() {
			for i := range 9 {
				require.NoError(t, r.b.Publish(Message{Topic: "t", Payload: fmt.Append(nil, i), QoS: 1}))
			}
		})
		for _, want := range [][]string{{"0", "1"}, {"2", "3"}, {"4", "5"}, {"6", "7"}, {"8"}, {}} {
			got := a.take(packets.Publish)
			require.Len(t, got, len(want))
			for i := range got {
				require.Equal(t, want[i], string(got[i].Payload))
				a.answer(packets.Puback, got[i].PacketID)
			}
		}
	})
}

// TestRetainedAnswers: QoS, handling, identifiers and a window that is smaller than the answer.
func TestRetainedAnswers(t *testing.T) {
	run(t, open(), func(r *rig) {
		p := r.connected("dev1", 5, "p")
		for i := range 5 {
			p.publish(fmt.Sprint("t/", 4-i), fmt.Sprint(4-i), 1, uint16(i+1), true)
		}
		p.publish("t", "parent", 0, 0, true)
		p.publish("t/2", "", 0, 0, true)
		a := r.connected("dev0", 5, "a", func(pk *packets.Packet) { pk.Properties.ReceiveMaximum = 2 })
		a.subscribeAs(packets.Subscription{Filter: "t/#", Qos: 1, Identifier: 7})
		got := a.take(packets.Publish)
		require.Len(t, got, 3)
		require.Equal(t, []int{7}, got[0].Properties.SubscriptionIdentifier)
		require.True(t, got[0].FixedHeader.Retain)
		a.answer(packets.Puback, got[1].PacketID)
		a.answer(packets.Puback, got[2].PacketID)
		require.Equal(t, "3 4", a.messages())
		a.subscribeAs(packets.Subscription{Filter: "t/#", Qos: 0, RetainHandling: 1})
		require.Empty(t, a.messages())
		a.subscribeAs(packets.Subscription{Filter: "t/+", Qos: 0, RetainHandling: 2})
		require.Empty(t, a.messages())
		a.subscribeAs(packets.Subscription{Filter: "t/#", Qos: 0})
		require.Equal(t, "parent 0 1 3 4", a.messages())
	})
}

// TestDrops: what is not passed on is an event.
func TestDrops(t *testing.T) {
	cfg := open()
	cfg.Pending = 3
	events := run(t, cfg, func(r *rig) {
		a := r.connected("dev0", 5, "a", expiry(100), func(pk *packets.Packet) { pk.Properties.MaximumPacketSize = 40 })
		a.subscribe("t", 1)
		a.take(0)
		publish := func(payload string, qos byte) {
			r.do(func() { require.NoError(t, r.b.Publish(Message{Topic: "t", Payload: []byte(payload), QoS: qos})) })
		}
		publish("this is more than forty bytes can hold, by far", 0)
		publish("this is more than forty bytes can hold, again!", 1)
		publish("fits", 0)
		require.Equal(t, "fits", a.messages())
		a.choke(true)
		publish("q0", 0)
		publish("q1", 1)
		publish("this is more than forty bytes can hold, again!", 1)
		publish("full", 1)
		publish("full", 0)
		a.choke(false)
		require.Equal(t, "q0 q1", a.messages())
		a.choke(true)
		publish("lost", 0)
		publish("kept", 1)
		a.near.Close()
		time.Sleep(time.Second)
		publish("away", 0)
		time.Sleep(200 * time.Second)
	})
	require.Equal(t, `drop dev0 a t this is more than forty bytes can hold, by far packet too large
drop dev0 a t this is more than forty bytes can hold, again! packet too large
drop dev0 a t full queue full
drop dev0 a t full queue full
drop dev0 a t this is more than forty bytes can hold, again! packet too large
drop dev0 a t lost disconnected
drop dev0 a t away not connected
drop dev0 a t q1 session expired
drop dev0 a t kept session expired
`, brief(events, trace.Drop))
}

// TestBurst: what arrives in one instant does not fill the queue of a client that is as fast.
func TestBurst(t *testing.T) {
	for _, blind := range []bool{false, true} {
		cfg := open()
		cfg.Pending = 3
		events := run(t, cfg, func(r *rig) {
			r.blind = blind
			a := r.connected("dev0", 4, "a")
			a.subscribe("t", 0)
			p := r.connected("dev1", 4, "p")
			for i := range 100 {
				p.publish("t", fmt.Sprint(i), 0, 0, false)
			}
			require.Len(t, a.take(packets.Publish), 100)
		})
		require.Empty(t, brief(events, trace.Drop))
	}
}

// TestOwnWill: a client whose connection is dead is not sent its own will.
func TestOwnWill(t *testing.T) {
	for range 20 {
		events := run(t, open(), func(r *rig) {
			a := r.connected("dev0", 4, "a", keepalive(10), will("gone", "x", 0))
			a.subscribe("gone", 0)
			a.take(0)
			a.lose()
			time.Sleep(time.Minute)
		})
		require.Equal(t, "disconnect dev0 a keepalive\nwill dev0 a gone x\npublish dev0 a gone x\ndrop dev0 a gone x not connected\n",
			brief(events, trace.Disconnect, trace.Will, trace.Publish, trace.Deliver, trace.Drop))
	}
}

// TestUserProperties go out sorted by key.
func TestUserProperties(t *testing.T) {
	run(t, open(), func(r *rig) {
		a := r.connected("dev0", 5, "a")
		a.subscribe("t", 0)
		a.take(0)
		r.do(func() {
			require.NoError(t, r.b.Publish(Message{Topic: "t", Properties: map[string]string{"b": "2", "c": "3", "a": "1"}}))
			require.ErrorContains(t, r.b.Publish(Message{Topic: "t", QoS: 3}), "QoS 3")
			require.ErrorContains(t, r.b.Publish(Message{Topic: "t/+"}), `"t/+"`)
			require.ErrorContains(t, r.b.Publish(Message{Topic: "t", As: "nobody"}), "there is no device nobody")
		})
		got := a.take(packets.Publish)
		require.Len(t, got, 1)
		require.Equal(t, []packets.UserProperty{{Key: "a", Val: "1"}, {Key: "b", Val: "2"}, {Key: "c", Val: "3"}}, got[0].Properties.User)
	})
}
