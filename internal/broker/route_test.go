package broker

import (
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
)

// What is known of a topic's subscribers is forgotten with each change of subscriptions.
func TestRouteFollowsSubscriptions(t *testing.T) {
	run(t, open(), func(r *rig) {
		p, a, b := r.connected("dev0", 5, "p"), r.connected("dev1", 5, "a"), r.connected("dev2", 5, "b", resume)
		say := func(payload string) { p.publish("t/1", payload, 1, 1, false) }
		say("nobody")
		a.subscribe("t/+", 0)
		b.subscribe("t/1", 1)
		time.Sleep(10 * latency)
		say("both")
		require.Equal(t, "both", a.messages())
		require.Equal(t, "both", b.messages())
		p.publish("t/2", "other", 0, 0, false)
		require.Equal(t, "other", a.messages())
		require.Empty(t, b.messages())

		pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Unsubscribe, Qos: 1}, ProtocolVersion: 5, PacketID: 2,
			Filters: packets.Subscriptions{{Filter: "t/1"}}}
		b.write(pk.UnsubscribeEncode)
		time.Sleep(10 * latency)
		say("one")
		require.Equal(t, "one", a.messages())
		require.Empty(t, b.messages())
		a.disconnect()
		time.Sleep(10 * latency)
		say("none")
		again := r.connected("dev1", 5, "a")
		say("a new session")
		require.Empty(t, again.messages())
	})
}

// What a subscription asks for holds for every message of a topic, the second one included, of which the route is known.
func TestRouteKeepsWhatSubscriptionsAskFor(t *testing.T) {
	run(t, open(), func(r *rig) {
		p, a, b := r.connected("dev0", 5, "p"), r.connected("dev1", 5, "a"), r.connected("dev2", 5, "b")
		p.subscribeAs(packets.Subscription{Filter: "t", NoLocal: true})
		b.subscribe("#", 2)
		a.subscribeAs(packets.Subscription{Filter: "t", Qos: 1, Identifier: 7, RetainAsPublished: true})
		a.subscribeAs(packets.Subscription{Filter: "+", Qos: 0, Identifier: 3})
		a.all()
		for range 2 {
			p.publish("t", "x", 2, 9, true)
			got := a.take(packets.Publish)
			require.Len(t, got, 1)
			require.Equal(t, []int{3, 7}, got[0].Properties.SubscriptionIdentifier)
			require.Equal(t, byte(1), got[0].FixedHeader.Qos)
			require.True(t, got[0].FixedHeader.Retain)
			require.Empty(t, p.messages())
			live := b.take(packets.Publish)
			require.Len(t, live, 1)
			require.False(t, live[0].FixedHeader.Retain)
			p.answer(packets.Pubrel, 9)
		}
		require.Len(t, r.b.retainedFor("t"), 1)
	})
}

// A message of QoS 1 waits for a client that is away; one of QoS 0 is dropped.
func TestRouteToAnAbsentClient(t *testing.T) {
	events := run(t, open(), func(r *rig) {
		p, a := r.connected("dev0", 4, "p"), r.connected("dev1", 4, "a", resume)
		a.subscribe("t", 1)
		a.disconnect()
		time.Sleep(10 * latency)
		p.publish("t", "lost", 0, 0, false)
		p.publish("t", "kept", 1, 1, false)
		time.Sleep(10 * latency)
		again := r.dial("dev1", 4)
		again.connect("a", resume)
		require.Equal(t, "kept", again.messages())
	})
	require.Equal(t, "drop dev1 a t lost not connected\n", brief(events, trace.Drop))
}

// Each message to a shared subscription goes to one member, whoever had the last one.
func TestRouteToASharedSubscription(t *testing.T) {
	run(t, open(), func(r *rig) {
		p, a, b := r.connected("dev0", 4, "p"), r.connected("dev1", 4, "a"), r.connected("dev2", 4, "b")
		a.subscribe("$share/g/t", 0)
		b.subscribe("$share/g/t", 0)
		time.Sleep(10 * latency)
		p.publish("t", "1", 0, 0, false)
		p.publish("t", "2", 0, 0, false)
		require.Equal(t, "1", a.messages())
		require.Equal(t, "2", b.messages())
	})
}

// A session may come to a user who may read less than the one who subscribed.
func TestRouteAsksForRights(t *testing.T) {
	cfg := Config{Devices: []Identity{
		{Device: "dev0", ClientID: "p", Username: "p", Password: "p", Topics: []string{"#"}},
		{Device: "dev1", ClientID: "a", Username: "all", Password: "a", Topics: []string{"#"}},
		{Device: "dev1", ClientID: "a", Username: "some", Password: "a", Topics: []string{"own"}},
	}}
	events := run(t, cfg, func(r *rig) {
		p, a := r.connected("dev0", 4, "p", user("p", "p")), r.connected("dev1", 4, "a", resume, user("all", "a"))
		a.subscribe("#", 0)
		a.disconnect()
		a = r.connected("dev1", 4, "a", resume, user("some", "a"))
		p.publish("other", "x", 0, 0, false)
		p.publish("own", "y", 0, 0, false)
		require.Equal(t, "y", a.messages())
	})
	require.Equal(t, "drop dev1 a other x not authorized\n", brief(events, trace.Drop))
}
