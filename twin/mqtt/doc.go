// Package mqtt is a small MQTT client for firmware, versions 3.1.1 and 5: QoS 0, 1 and 2 both ways,
// will, retained messages, persistent sessions, keepalive, and reconnection with jittered backoff.
//
// It is not a client for servers: one connection, bounded memory, and no goroutine that acts by
// itself. The firmware's own goroutine drives the client, so nothing happens behind its back: every
// callback runs inside a call that the firmware made, at an instant that the firmware chose. Firmware
// that does nothing else lets the client take its turns while it waits:
//
//	client, err := mqtt.New(hw.Context(), mqtt.Config{
//		Dial:     hw.DialContext,
//		Address:  "broker:1883",
//		ClientID: hw.Identity().ClientID,
//		Rand:     hw.Rand(),
//	})
//	if err != nil {
//		return err
//	}
//	for n := 1; ; n++ {
//		reading := mqtt.Message{Topic: "devices/thermo/n", Payload: fmt.Append(nil, n), QoS: 1}
//		if err := client.Publish(reading, nil); err != nil {
//			log.Print(err)
//		}
//		if err := client.Wait(10 * time.Second); err != nil {
//			return err // power lost, or reset
//		}
//	}
//
// Firmware that also waits for pins or a console has its own select; see [Client.Step].
//
// # Connection
//
//	state     | what ends it                               | next
//	offline   | the backoff is over                        | dialing
//	dialing   | connected                                  | handshake
//	dialing   | error; ConnectTimeout since the dial began | offline
//	handshake | CONNACK, accepted                          | online
//	handshake | CONNACK, refused; connection lost;         | offline
//	          | ConnectTimeout since the dial began        |
//	online    | connection lost; DISCONNECT; a protocol    | offline
//	          | error; no acknowledgement for AckTimeout;  |
//	          | no PINGRESP for PingTimeout                |
//	any       | Close, Disconnect, or the context ends     | closed
package mqtt
