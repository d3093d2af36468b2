package mqtt_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/twinrig/twinrig/twin/mqtt"
)

// Firmware that reports while it waits, and obeys commands.
func ExampleClient() {
	refuse := func(context.Context, string, string) (net.Conn, error) { return nil, fmt.Errorf("no network") }
	var client *mqtt.Client
	client, err := mqtt.New(context.Background(), mqtt.Config{
		Dial:     refuse, // a twin has hw.DialContext
		Address:  "broker:1883",
		ClientID: "thermo",
		Rand:     rand.New(rand.NewPCG(1, 2)), // a twin has hw.Rand()
		Will:     &mqtt.Message{Topic: "devices/thermo/status", Payload: []byte("offline"), Retain: true},
		OnDisconnect: func(err error) {
			fmt.Println(err)
		},
		OnMessage: func(m mqtt.Message) {
			ack := mqtt.Message{Topic: "devices/thermo/ack", Payload: m.Payload, QoS: 1}
			if err := client.Publish(ack, nil); err != nil {
				fmt.Println(err)
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	if err := client.Subscribe("devices/thermo/command", 1, nil); err != nil {
		fmt.Println(err)
	}
	if err := client.Wait(100 * time.Millisecond); err != nil {
		fmt.Println(err)
	}
	fmt.Println("connected:", client.Connected())
	// Output:
	// mqtt: no network
	// connected: false
}
