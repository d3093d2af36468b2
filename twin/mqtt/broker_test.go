package mqtt_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/twin/mqtt"
	"github.com/twinrig/twinrig/twin/mqtt/mqtttest"
)

func newBroker(t *testing.T) *mqtttest.Broker {
	b, err := mqtttest.NewBroker()
	require.NoError(t, err)
	return b
}

func newClient(t *testing.T, b *mqtttest.Broker, id string, version mqtt.Version, change func(*mqtt.Config)) *mqtt.Client {
	cfg := mqtt.Config{
		Dial: b.Dial, Address: "broker:1883", ClientID: id, Version: version, Rand: rand.New(rand.NewPCG(3, 4)),
	}
	if change != nil {
		change(&cfg)
	}
	c, err := mqtt.New(context.Background(), cfg)
	require.NoError(t, err)
	return c
}

func versions(t *testing.T, test func(t *testing.T, version mqtt.Version)) {
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, version) })
		})
	}
}

func TestMessagesBothWaysThroughTheBroker(t *testing.T) {
	versions(t, func(t *testing.T, version mqtt.Version) {
		b := newBroker(t)
		defer b.Close()
		var got []string
		c := newClient(t, b, "dev", version, func(cfg *mqtt.Config) {
			cfg.OnMessage = func(m mqtt.Message) { got = append(got, fmt.Sprint(m.Topic, " ", string(m.Payload), " ", m.QoS)) }
		})
		defer c.Close()
		require.NoError(t, c.Subscribe("echo/#", 2, nil))
		require.NoError(t, c.Wait(time.Second))
		var done []byte
		for qos := range byte(3) {
			require.NoError(t, c.Publish(mqtt.Message{Topic: fmt.Sprint("echo/", qos), Payload: []byte("x"), QoS: qos}, func(err error) {
				require.NoError(t, err)
				done = append(done, qos)
			}))
		}
		require.NoError(t, c.Wait(time.Second))
		require.ElementsMatch(t, []byte{0, 1, 2}, done)
		require.Equal(t, []string{"echo/0 x 0", "echo/1 x 1", "echo/2 x 2"}, got)
		require.Zero(t, c.Unacknowledged())
	})
}

// firsts returns the payloads without those that are repeated with DUP.
func firsts(messages []mqtttest.Message) []string {
	var all []string
	for _, m := range messages {
		if !m.Dup || !slices.Contains(all, m.Payload) {
			all = append(all, m.Payload)
		}
	}
	return all
}

func TestNothingIsLostOverOutages(t *testing.T) {
	versions(t, func(t *testing.T, version mqtt.Version) {
		b := newBroker(t)
		defer b.Close()
		lost := 0
		c := newClient(t, b, "dev", version, func(cfg *mqtt.Config) {
			cfg.Queue = 1000
			cfg.OnDisconnect = func(error) { lost++ }
		})
		defer c.Close()
		var want []string
		for i := range 120 {
			want = append(want, fmt.Sprint(i))
			require.NoError(t, c.Publish(mqtt.Message{Topic: "one", Payload: fmt.Append(nil, i), QoS: 1}, nil))
			require.NoError(t, c.Publish(mqtt.Message{Topic: "two", Payload: fmt.Append(nil, i), QoS: 2}, nil))
			switch i % 30 {
			case 10: // at the instant of the publication: what is sent is lost, or its acknowledgement
				b.Outage(true)
			case 20:
				b.Outage(false)
			case 25: // the messages arrive, and only their acknowledgements are lost
				b.LoseAnswers()
			}
			require.NoError(t, c.Wait(7*time.Second))
		}
		require.NoError(t, c.Wait(5*time.Minute))
		require.Greater(t, lost, 4)
		require.Zero(t, c.Unacknowledged())
		require.Equal(t, want, firsts(b.Messages("one")), "in order, and again only with DUP")
		require.Equal(t, want, b.Payloads("two"), "exactly once")
	})
}

func TestCommandsWaitInTheSession(t *testing.T) {
	versions(t, func(t *testing.T, version mqtt.Version) {
		b := newBroker(t)
		defer b.Close()
		var got, present []string
		start := func() *mqtt.Client {
			c := newClient(t, b, "dev", version, func(cfg *mqtt.Config) {
				cfg.OnMessage = func(m mqtt.Message) { got = append(got, string(m.Payload)) }
				cfg.OnConnect = func(sessionPresent bool) { present = append(present, fmt.Sprint(sessionPresent)) }
			})
			require.NoError(t, c.Subscribe("command", 1, nil))
			require.NoError(t, c.Wait(time.Second))
			return c
		}
		start().Close()
		backend := newClient(t, b, "backend", version, nil)
		require.NoError(t, backend.Publish(mqtt.Message{Topic: "command", Payload: []byte("go"), QoS: 1}, nil))
		require.NoError(t, backend.Wait(time.Second))
		backend.Disconnect()
		require.Empty(t, got)
		start().Close() // as after a power cut: another client, the same session
		require.Equal(t, []string{"go"}, got)
		require.Equal(t, []string{"false", "true"}, present)
	})
}

func TestWillAndRetained(t *testing.T) {
	versions(t, func(t *testing.T, version mqtt.Version) {
		b := newBroker(t)
		defer b.Close()
		c := newClient(t, b, "dev", version, func(cfg *mqtt.Config) {
			cfg.Will = &mqtt.Message{Topic: "status", Payload: []byte("offline"), QoS: 1, Retain: true}
		})
		require.NoError(t, c.Publish(mqtt.Message{Topic: "status", Payload: []byte("online"), QoS: 1, Retain: true}, nil))
		require.NoError(t, c.Wait(time.Second))

		var got []string
		watcher := newClient(t, b, "watcher", version, func(cfg *mqtt.Config) {
			cfg.OnMessage = func(m mqtt.Message) { got = append(got, fmt.Sprint(string(m.Payload), " ", m.Retain)) }
		})
		defer watcher.Close()
		require.NoError(t, watcher.Subscribe("status", 1, nil))
		require.NoError(t, watcher.Wait(time.Second))
		c.Close() // without a DISCONNECT
		require.NoError(t, watcher.Wait(time.Second))
		require.Equal(t, []string{"online true", "offline false"}, got)
	})
}

func TestStepDrivenClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t)
		defer b.Close()
		var got []string
		c := newClient(t, b, "dev", mqtt.V311, func(cfg *mqtt.Config) {
			cfg.OnMessage = func(m mqtt.Message) { got = append(got, string(m.Payload)) }
		})
		require.NoError(t, c.Subscribe("t", 1, nil))
		tick, end := time.NewTicker(10*time.Second), time.After(35*time.Second)
		defer tick.Stop()
		timer := time.NewTimer(0)
		n := 0
		for running := true; running; {
			timer.Reset(time.Until(c.Step()))
			select {
			case in := <-c.Incoming():
				c.Handle(in)
			case <-tick.C:
				n++
				require.NoError(t, c.Publish(mqtt.Message{Topic: "t", Payload: fmt.Append(nil, n), QoS: 1}, nil))
			case <-timer.C:
			case <-end:
				running = false
			}
		}
		c.Close()
		require.Equal(t, []string{"1", "2", "3"}, got)
		require.Greater(t, time.Until(c.Step()), 24*time.Hour)
	})
}
