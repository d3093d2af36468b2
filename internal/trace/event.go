// Package trace holds the one ordered stream of events of a run: the event type, the collector
// that puts concurrent events into their canonical order, and the JSON Lines writer and reader.
//
// Everything that judges, reports or counts reads this stream; nothing else is a source of truth.
package trace

import (
	"time"
)

// Kind names what happened. The names are those of the scenario language.
type Kind string

// The kinds of event, with the fields that each one fills beside At, Device and Kind.
const (
	Boot        Kind = "boot"        // Cause (power, pin, watchdog, software, fault, brown_out), Text: firmware version
	Power       Kind = "power"       // Name: on, off or cut; Cause: battery, where it is empty
	Reset       Kind = "reset"       // Cause, as in boot: the boot that runs ends here
	Fault       Kind = "fault"       // Text: what the firmware did wrong
	Watchdog    Kind = "watchdog"    // the device's watchdog expired
	Console     Kind = "console"     // Text: one line, without its end
	Pin         Kind = "pin"         // Name: the pin, Value: 0 or 1, the level from now on
	Sensor      Kind = "sensor"      // Name: the sensor, Value: its value from now on
	Handshake   Kind = "handshake"   // of TLS; Cause: success or why it failed; Name: who refused, device or broker; Text: the version, or the error
	Connect     Kind = "connect"     // Client; Count: keepalive in seconds; Text: v3.1.1 or v5, and clean or resume
	Connack     Kind = "connack"     // Client; Cause: the reason ("success", "not authorized"…)
	Disconnect  Kind = "disconnect"  // Client; Cause: client, network, keepalive, takeover, kicked, broker, refused…
	Subscribe   Kind = "subscribe"   // Client, Topic: the filter, QoS; Cause where it was refused
	Publish     Kind = "publish"     // Client, Topic, Payload, QoS, Retain, Dup: accepted by the broker
	Deliver     Kind = "deliver"     // the broker sent a PUBLISH to Client: Topic, Payload, QoS, Retain, Dup
	Drop        Kind = "drop"        // a PUBLISH that the broker did not pass on: Client, Topic, Payload, Cause
	Will        Kind = "will"        // Client, Topic, Payload
	Retain      Kind = "retain"      // Topic, Payload: kept as the retained message of the topic; empty: removed
	Broker      Kind = "broker"      // Name: start, stop (a restart is both) or kick; throttle: a PUBLISH above message_rate waits; the name of an answer, Cause: withheld or delayed
	Network     Kind = "network"     // Name: the network, Text: what changed; Count: packets the impairment touched, where it ended
	FlashWrite  Kind = "flash_write" // Offset, Count: bytes written
	FlashErase  Kind = "flash_erase" // Offset, Count: bytes erased; Cause: worn, where the block at Offset could not be
	Disturbance Kind = "disturbance" // Name: which fault a step put on the device, as in brown_out; Text: what begins or ends; Count: what it touched, where it ended
	Battery     Kind = "battery"     // Value: percent left, Count: nanocoulombs taken since the start of the run
	Sleep       Kind = "sleep"       // the processor falls asleep; where the scenario asks for it
	Wake        Kind = "wake"        // the processor wakes up; where the scenario asks for it
	Traffic     Kind = "traffic"     // Count: bytes sent so far, Offset: bytes received so far; where the scenario reads it
	Memory      Kind = "memory"      // Count: bytes of RAM in use from now on; where the scenario reads it
	Step        Kind = "step"        // Name: the step, as in steps[3]; File, Line: where it stands; Text: begin or skip, and the step in one line
	Verdict     Kind = "verdict"     // Name: pass, fail…, Text: why
)

// Kinds lists every kind, in the order of the constants.
func Kinds() []Kind {
	return []Kind{Boot, Power, Reset, Fault, Watchdog, Console, Pin, Sensor, Handshake, Connect, Connack, Disconnect, Subscribe,
		Publish, Deliver, Drop, Will, Retain, Broker, Network, FlashWrite, FlashErase, Disturbance, Battery, Sleep, Wake, Traffic, Memory, Step, Verdict}
}

// Event is one thing that happened. Which fields are filled depends on Kind.
// Events are values; Payload must not be changed once the event was emitted.
type Event struct {
	At      time.Duration // since the start of the run
	Device  string        // the device it happened to or came from; empty: the bench (broker, network, steps)
	Kind    Kind
	Name    string
	Topic   string
	Payload []byte
	Decoded string // the payload as JSON in one line, where it is in another format that is known and decodes
	QoS     byte
	Retain  bool
	Dup     bool
	Client  string // MQTT client id
	Cause   string
	Text    string
	Value   float64 // pin level, sensor value, percent of a battery
	Offset  int64
	Count   int64
	File    string // step: where it stands
	Line    int
}
