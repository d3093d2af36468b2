package broker

import (
	"fmt"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
)

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		allowed, filter string
		want            bool
	}{
		{"a/b", "a/b", true},
		{"a/b", "a/b/c", false},
		{"a/b/c", "a/b", false},
		{"a/#", "a/b/c", true},
		{"a/#", "a", true},
		{"a/#", "a/#", true},
		{"a/#", "a/+/c", true},
		{"a/#", "#", false},
		{"a/#", "+/b", false},
		{"a/#", "ab/c", false},
		{"a/b/#", "a", false},
		{"a/+", "a/b", true},
		{"a/+", "a/+", true},
		{"a/+", "a/#", false},
		{"a/+", "a", false},
		{"a/+", "a/b/c", false},
		{"a/+", "a/", true},
		{"a/b", "a/+", false},
		{"+/b", "a/b", true},
		{"+/b", "$a/b", false},
		{"#", "a", true},
		{"#", "#", true},
		{"#", "$a", false},
		{"", "", true},
		{"", "a", false},
	} {
		require.Equal(t, c.want, covers(c.allowed, c.filter), "%q covers %q", c.allowed, c.filter)
	}
}

func TestIdentityMay(t *testing.T) {
	id := Identity{Topics: []string{"devices/a/#", "all", "$SYS/#"}}
	for topic, want := range map[string]bool{
		"devices/a/x": true, "all": true, "devices/b/x": false, "#": false, "devices/+/x": false,
		"$share/g/devices/a/x": true, "$SHARE/g/devices/b/x": false, "$share/g/#": false, "$share/g": false, "$share/g/": false,
		"$SYS/broker": false, "$sys/broker": false, "$SYS/#": false, "$share/g/$SYS/#": false, "": false,
	} {
		require.Equal(t, want, id.May(topic), topic)
	}
}

func twoDevices() []Identity {
	return []Identity{
		{Device: "a", ClientID: "id-a", Username: "ua", Password: "pa", Topics: []string{"devices/a/#"}},
		{Device: "b", ClientID: "id-b", Username: "ub", Password: "pb", Topics: []string{"devices/b/#"}},
	}
}

// TestIsolation proves that a device can neither read nor write another's topics.
func TestIsolation(t *testing.T) {
	for _, version := range []byte{4, 5} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			events := run(t, Config{Devices: twoDevices()}, func(r *rig) {
				a := r.connected("a", version, "id-a", user("ua", "pa"))
				a.publish("devices/a/kept", "secret", 1, 7, true)
				a.subscribe("devices/a/#", 1)
				b := r.connected("b", version, "id-b", user("ub", "pb"))
				b.take(0)
				for _, filter := range []string{"devices/a/kept", "devices/a/#", "devices/+/kept", "#", "+/a/kept", "devices/#",
					"$share/g/devices/a/kept", "$share/g/#", "$SYS/#", "$share/g/$SYS/broker/clients"} {
					b.subscribe(filter, 1)
					suback := b.take(packets.Suback)
					require.Len(t, suback, 1, filter)
					require.GreaterOrEqual(t, suback[0].ReasonCodes[0], byte(0x80), filter)
				}
				a.publish("devices/a/kept", "more", 0, 0, false)
				require.Empty(t, b.messages())
				require.Equal(t, "secret more", a.messages())

				b.publish("devices/a/x", "forged", 0, 0, false)
				b.publish("$SYS/x", "forged", 0, 0, true)
				b.publish("devices/b/x", "own", 0, 0, false)
				b.publish("devices/a/x", "forged", 1, 9, true)
				if version == 5 {
					acks := b.take(packets.Puback)
					require.Len(t, acks, 1)
					require.Equal(t, packets.ErrNotAuthorized.Code, acks[0].ReasonCode)
				} else {
					require.True(t, b.ended())
				}
				require.Empty(t, a.messages())
				r.do(func() {
					require.NoError(t, r.b.Publish(Message{Topic: "devices/a/x", Payload: []byte("forged"), As: "b"}))
					require.NoError(t, r.b.Publish(Message{Topic: "devices/a/x", Payload: []byte("fine"), As: "a"}))
					require.NoError(t, r.b.Publish(Message{Topic: "devices/a/x", Payload: []byte("fine, too")}))
				})
				require.Equal(t, "fine fine, too", a.messages())
			})
			closed := map[byte]string{4: "disconnect b id-b not authorized\n"}[version]
			want := `publish a id-a devices/a/kept secret
publish a id-a devices/a/kept more
drop b id-b devices/a/x forged not authorized
drop b id-b $SYS/x forged topic name invalid
publish b id-b devices/b/x own
drop b id-b devices/a/x forged not authorized
` + closed + `publish backend devices/a/x fine, too
publish a id-a devices/a/x fine
drop b id-b devices/a/x forged not authorized
`
			require.Equal(t, want, brief(events, trace.Publish, trace.Drop, trace.Disconnect))
			require.Contains(t, brief(events, trace.Subscribe), "subscribe b id-b # not authorized\n")
			require.Contains(t, brief(events, trace.Subscribe), "subscribe a id-a devices/a/#\n")
		})
	}
}

// TestAuthentication has every way to be turned away.
func TestAuthentication(t *testing.T) {
	for _, c := range []struct {
		name    string
		id      string
		options []connectOption
		codes   [2]byte // version 3.1.1, version 5
		events  [2]string
	}{
		{"right", "id-a", []connectOption{user("ua", "pa")}, [2]byte{0, 0},
			[2]string{"connack a id-a success\n", "connack a id-a success\n"}},
		{"no credentials", "id-a", nil, [2]byte{5, 0x86},
			[2]string{"connack a id-a not authorized\ndisconnect a id-a refused\n", "connack a id-a bad username or password\ndisconnect a id-a refused\n"}},
		{"wrong password", "id-a", []connectOption{user("ua", "pb")}, [2]byte{5, 0x86},
			[2]string{"connack a id-a not authorized\ndisconnect a id-a refused\n", "connack a id-a bad username or password\ndisconnect a id-a refused\n"}},
		{"another's client id", "id-b", []connectOption{user("ua", "pa")}, [2]byte{5, 0x86},
			[2]string{"connack a id-b not authorized\ndisconnect a id-b refused\n", "connack a id-b bad username or password\ndisconnect a id-b refused\n"}},
		{"unknown client id", "id-c", []connectOption{user("ua", "pa")}, [2]byte{5, 0x86},
			[2]string{"connack a id-c not authorized\ndisconnect a id-c refused\n", "connack a id-c bad username or password\ndisconnect a id-c refused\n"}},
		{"will on another's topic", "id-a", []connectOption{user("ua", "pa"), will("devices/b/status", "gone", 0)}, [2]byte{5, 0x87},
			[2]string{"connack a id-a not authorized\ndisconnect a id-a refused\n", "connack a id-a not authorized\ndisconnect a id-a refused\n"}},
		{"own will", "id-a", []connectOption{user("ua", "pa"), will("devices/a/status", "gone", 0)}, [2]byte{0, 0},
			[2]string{"connack a id-a success\n", "connack a id-a success\n"}},
	} {
		for i, version := range []byte{4, 5} {
			t.Run(fmt.Sprint(c.name, ", version ", version), func(t *testing.T) {
				events := run(t, Config{Devices: twoDevices()}, func(r *rig) {
					d := r.dial("a", version)
					d.connect(c.id, c.options...)
					acks := d.take(packets.Connack)
					require.Len(t, acks, 1)
					require.Equal(t, c.codes[i], acks[0].ReasonCode)
					require.Equal(t, c.codes[i] != 0, d.ended())
					require.Equal(t, c.codes[i] == 0, r.b.Connected("a"))
				})
				require.Equal(t, c.events[i], brief(events, trace.Connack, trace.Disconnect))
			})
		}
	}
}

func TestEmptyClientID(t *testing.T) {
	for _, c := range []struct {
		version byte
		option  connectOption
		code    byte
		event   string
	}{
		{4, keepalive(9), 0, "connack assigned-1 success\n"},
		{4, resume, 2, "connack client identifier not valid\ndisconnect refused\n"},
		{5, keepalive(9), 0, "connack assigned-1 success\n"},
		{5, resume, 0, "connack assigned-1 success\n"},
	} {
		events := run(t, Config{Open: true}, func(r *rig) {
			d := r.dial("a", c.version)
			d.connect("", c.option)
			acks := d.take(packets.Connack)
			require.Len(t, acks, 1)
			require.Equal(t, c.code, acks[0].ReasonCode)
			if c.version == 5 {
				require.Equal(t, "assigned-1", acks[0].Properties.AssignedClientID)
			}
		})
		require.Equal(t, c.event, brief(events, trace.Connack, trace.Disconnect))
	}
}
