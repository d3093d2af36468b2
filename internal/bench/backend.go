package main

import (
	"sync/atomic"
	"time"

	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/mqtt"
)

// backendKind returns the kind of the device that takes the readings of a fleet.
func backendKind() []byte {
	return []byte(`kind: backend
identity: {topics: "#"}
firmware:
  v1: {go: bench-backend}
`)
}

// readings counts what reaches the backend.
type readings struct{ count atomic.Int64 }

// firmware is that of the backend, a step function.
func (r *readings) firmware(hw *twin.Hardware) error {
	id := hw.Identity()
	client, err := mqtt.New(hw.Context(), mqtt.Config{
		Open: hw.OpenBroker, Address: hw.BrokerAddress(), ClientID: id.ClientID, Username: id.Username, Password: id.Password,
		KeepAlive: time.Hour, Rand: hw.Rand(), OnMessage: func(mqtt.Message) { r.count.Add(1) },
	})
	if err != nil {
		return err
	}
	for _, filter := range []string{"devices/+/reading", "devices/+/telemetry"} {
		if err := client.Subscribe(filter, 1, nil); err != nil {
			return err
		}
	}
	return hw.Steps(backend{client})
}

type backend struct{ *mqtt.Client }

func (b backend) Step(time.Time) (time.Time, error) { return b.Client.Step(), nil }
