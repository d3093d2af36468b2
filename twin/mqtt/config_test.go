package mqtt_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/twin/mqtt"
)

func TestConfigIsChecked(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(*mqtt.Config)
		wantErr string
	}{
		{"good", func(*mqtt.Config) {}, ""},
		{"no dial", func(c *mqtt.Config) { c.Dial = nil }, "Dial is missing"},
		{"no random numbers", func(c *mqtt.Config) { c.Rand = nil }, "Rand is missing"},
		{"no address", func(c *mqtt.Config) { c.Address = "" }, "Address is missing"},
		{"no client id", func(c *mqtt.Config) { c.ClientID = "" }, "ClientID has 0 bytes"},
		{"version", func(c *mqtt.Config) { c.Version = 3 }, "Version 3 is neither"},
		{"keepalive too long", func(c *mqtt.Config) { c.KeepAlive = 65536 * time.Second }, "KeepAlive 18h12m16s"},
		{"keepalive not whole", func(c *mqtt.Config) { c.KeepAlive = 1500 * time.Millisecond }, "KeepAlive 1.5s"},
		{"session expiry", func(c *mqtt.Config) { c.SessionExpiry = time.Millisecond }, "SessionExpiry 1ms"},
		{"negative", func(c *mqtt.Config) { c.AckTimeout = -time.Second }, "-1s is not a time-out"},
		{"backoff", func(c *mqtt.Config) { c.BackoffMin, c.BackoffMax = 2*time.Second, time.Second }, "BackoffMax 1s is below"},
		{"window", func(c *mqtt.Config) { c.Window = -1 }, "Window -1"},
		{"queue", func(c *mqtt.Config) { c.Window, c.Queue = 8, 7 }, "Queue 7"},
		{"max packet", func(c *mqtt.Config) { c.MaxPacket = 1 }, "MaxPacket 1"},
		{"will", func(c *mqtt.Config) { c.Will = &mqtt.Message{Topic: "a/#"} }, "Will: mqtt: topic \"a/#\" has a wildcard"},
		{"every fault", func(c *mqtt.Config) { c.Address, c.ClientID = "", "" }, "Address is missing\nmqtt: config: ClientID"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := newFake(t, mqtt.V311).config()
			tt.change(&cfg)
			_, err := mqtt.New(context.Background(), cfg)
			if tt.wantErr == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.wantErr)
		})
	}
}

func TestMessagesAndFiltersAreChecked(t *testing.T) {
	c, err := mqtt.New(context.Background(), newFake(t, mqtt.V311).config())
	require.NoError(t, err)
	for _, m := range []mqtt.Message{
		{}, {Topic: "a/+"}, {Topic: "a\x00"}, {Topic: strings.Repeat("a", 65536)}, {Topic: "a", QoS: 3},
	} {
		require.Error(t, c.Publish(m, nil), "%.20q", m.Topic)
	}
	for _, filter := range []string{"", "a+", "#/a", "a/#b", "a\x00", strings.Repeat("a", 65536)} {
		require.Error(t, c.Subscribe(filter, 1, nil), "%.20q", filter)
		require.Error(t, c.Unsubscribe(filter, nil), "%.20q", filter)
	}
	require.Error(t, c.Subscribe("a", 3, nil))
	for _, filter := range []string{"#", "+", "a/+/b", "a/#", "/", "$share/g/a"} {
		require.NoError(t, c.Subscribe(filter, 2, nil), filter)
	}
}
