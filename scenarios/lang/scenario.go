package lang

import (
	"time"

	"github.com/twinrig/twinrig/internal/diag"
)

// Scenario is a scenario file: devices, networks, steps, and what must always hold.
type Scenario struct {
	Pos      diag.Position `yaml:"-"`
	Keys     Keys          `yaml:"-"`
	Scenario string        `yaml:"scenario" jsonschema:"required,description=The scenario's name."`
	About    string        `yaml:"about"`
	Tags     []string      `yaml:"tags"`
	Requires []string      `yaml:"requires" jsonschema:"enum=power,enum=reset,enum=console,enum=pins,enum=sensors,enum=flash,enum=network"` // capabilities: power, reset, console, pins, sensors, flash, network

	Params        map[string]Scalar `yaml:"params" names:"param" vars:"no"` // replaced as $name or $(name) before units are parsed
	Clock         *Clock            `yaml:"clock"`
	Devices       Ordered[Device]   `yaml:"devices" jsonschema:"required,minItems=1" names:"device"`
	Networks      Ordered[Network]  `yaml:"networks" names:"device"`
	Broker        *Broker           `yaml:"broker"`
	DefaultWithin *Duration         `yaml:"default_within"`
	Steps         []Step            `yaml:"steps" jsonschema:"required,minItems=1"`
	Always        []Invariant       `yaml:"always"`
	Never         []Invariant       `yaml:"never"`
}

// StepsFile is what `include` names: steps to be put in its place.
type StepsFile struct {
	Pos   diag.Position `yaml:"-"`
	About string        `yaml:"about"`
	Steps []Step        `yaml:"steps" jsonschema:"required,minItems=1"`
}

// Ordered is a mapping that keeps the order of the file.
type Ordered[T any] []Named[T]

// Named is one entry of an Ordered mapping.
type Named[T any] struct {
	Pos   diag.Position // of the name
	Name  string
	Value T
}

// Get returns the value of name.
func (o Ordered[T]) Get(name string) (T, bool) {
	for _, n := range o {
		if n.Name == name {
			return n.Value, true
		}
	}
	var zero T
	return zero, false
}

// Names returns the names in the order of the file.
func (o Ordered[T]) Names() []string {
	names := make([]string, len(o))
	for i, n := range o {
		names[i] = n.Name
	}
	return names
}

// Clock sets the world's time and the device's clocks at boot.
type Clock struct {
	Start  *Time     `yaml:"start"`  // world time at the start of the run; default 2026-01-01T00:00:00Z
	Device *Time     `yaml:"device"` // the real-time clock at the first power-on; default: world time
	Uptime *Duration `yaml:"uptime"` // the millisecond counter at each boot; default 0
}

// Device is one device of the scenario.
type Device struct {
	Pos      diag.Position     `yaml:"-"`
	Keys     Keys              `yaml:"-"`
	Kind     string            `yaml:"kind" jsonschema:"required"` // path of the kind file, relative to this file
	Firmware string            `yaml:"firmware"`                   // a version of the kind's firmware; default: the last one listed
	Network  string            `yaml:"network"`                    // default: the only network; without any, a perfect one
	Identity string            `yaml:"identity"`                   // another device whose client id and credentials this one uses
	Params   map[string]Scalar `yaml:"params"`                     // override the kind's
}

// Network is a link between devices and broker. Keys beside uplink and downlink count for both.
type Network struct {
	Pos       diag.Position `yaml:"-"`
	Keys      Keys          `yaml:"-"`
	Direction `yaml:",inline"`
	Uplink    *Direction `yaml:"uplink"`   // device to broker
	Downlink  *Direction `yaml:"downlink"` // broker to device
}

// Direction is the profile of one direction; nil keys are not given.
type Direction struct {
	Latency *Duration `yaml:"latency"`
	Jitter  *Duration `yaml:"jitter"` // uniform, ± around latency
	Loss    *Percent  `yaml:"loss"`
	Rate    *BitRate  `yaml:"rate"`
	Limit   *int      `yaml:"limit" jsonschema:"minimum=1"` // packets queued at most; default 1000
}

// Broker configures the embedded broker.
type Broker struct {
	Auth string `yaml:"auth" jsonschema:"enum=per-device,enum=open"` // default per-device
}

// Step is one step: exactly one verb.
type Step struct {
	Pos  diag.Position `yaml:"-"`
	Keys Keys          `yaml:"-"`
	Path string        `yaml:"-"` // as in steps[3].repeat.steps[0]
	Text string        `yaml:"-"` // the step as written, in one line
	Name string        `yaml:"name"`
	When *Expr         `yaml:"when"` // evaluated once at the step's start; false: skipped

	Power   Ordered[PowerAction]   `yaml:"power" jsonschema:"minItems=1"`   // device: action
	Reset   OneOrMany              `yaml:"reset"`                           // devices
	Drive   Ordered[PinDrive]      `yaml:"drive" jsonschema:"minItems=1"`   // device.PIN: level or pulse
	Press   Ordered[PinPress]      `yaml:"press" jsonschema:"minItems=1"`   // device.PIN: how long
	Sense   Ordered[SenseValue]    `yaml:"sense" jsonschema:"minItems=1"`   // device.sensor: value
	Send    *Send                  `yaml:"send"`                            // to a console
	Publish *Publish               `yaml:"publish"`                         // to the broker
	Network Ordered[NetworkChange] `yaml:"network" jsonschema:"minItems=1"` // network: state or change
	Broker  *BrokerAction          `yaml:"broker"`
	Wait    *Duration              `yaml:"wait"`
	Repeat  *Repeat                `yaml:"repeat"`
	Include string                 `yaml:"include"` // replaced by the included steps when the file is loaded
	Expect  *Expect                `yaml:"expect"`
}

// Verb returns the step's verb, or "" where there is none.
func (s *Step) Verb() string {
	switch {
	case s.Power != nil:
		return "power"
	case s.Reset != nil:
		return "reset"
	case s.Drive != nil:
		return "drive"
	case s.Press != nil:
		return "press"
	case s.Sense != nil:
		return "sense"
	case s.Send != nil:
		return "send"
	case s.Publish != nil:
		return "publish"
	case s.Network != nil:
		return "network"
	case s.Broker != nil:
		return "broker"
	case s.Wait != nil:
		return "wait"
	case s.Repeat != nil:
		return "repeat"
	case s.Include != "":
		return "include"
	case s.Expect != nil:
		return "expect"
	}
	return ""
}

// PowerAction is on, off, cycle, cut, or {cut: {flash_write: 17, byte: 3}}, or {cycle: 2s} with the time off.
type PowerAction struct {
	Pos    diag.Position
	Action string         // on, off, cycle, cut
	Cut    *FlashCut      // with cut: inside a flash write to come; nil: at once
	Off    *time.Duration // with cycle: how long it is off; nil: one second
}

// FlashCut says where a power cut falls: inside the FlashWrite-th next flash write, after Byte bytes of it.
type FlashCut struct {
	Pos        diag.Position `yaml:"-"`
	FlashWrite int           `yaml:"flash_write" jsonschema:"required,minimum=1"`
	Byte       int           `yaml:"byte" jsonschema:"minimum=0"`
}

// PinDrive is high, low, release, or {level: low, for: 200ms, count: 3, every: 1s}: pulses.
type PinDrive struct {
	Pos   diag.Position
	Level string // high, low, release
	For   *time.Duration
	Count int            // 0 counts as 1
	Every *time.Duration // from the start of one pulse to the start of the next; default twice For
}

// PinPress is a duration, or {for: 200ms, count: 3, every: 1s}: to the pin's active level and back.
type PinPress struct {
	Pos   diag.Position
	For   time.Duration
	Count int
	Every *time.Duration
}

// SenseValue is the value of a sensor, in the unit that the kind declares.
type SenseValue struct {
	Pos   diag.Position
	Value float64
}

// Send writes a line (with its line end) or bytes to a console.
type Send struct {
	Pos     diag.Position `yaml:"-"`
	Keys    Keys          `yaml:"-"`
	Console string        `yaml:"console" jsonschema:"required"` // device
	Line    *string       `yaml:"line"`
	Bytes   *string       `yaml:"bytes"`
}

// Publish publishes to the broker: exactly one of JSON and Payload.
type Publish struct {
	Pos        diag.Position     `yaml:"-"`
	Keys       Keys              `yaml:"-"`
	Topic      string            `yaml:"topic" jsonschema:"required"`
	JSON       *JSON             `yaml:"json"`
	Payload    *string           `yaml:"payload"`
	QoS        int               `yaml:"qos" jsonschema:"minimum=0,maximum=2"`
	Retain     bool              `yaml:"retain"`
	Properties map[string]string `yaml:"properties"` // MQTT 5 user properties
	As         string            `yaml:"as"`         // backend (default), or a device, whose rights then count
}

// NetworkChange is up, down, or keys to change: {latency: 2s, for: 30s}, {state: down, for: 90s}.
// With For the step does not wait; what was before comes back after that time.
type NetworkChange struct {
	Pos     diag.Position `yaml:"-"`
	State   string        `yaml:"state" jsonschema:"enum=up,enum=down"` // "" leaves it
	Network `yaml:",inline"`
	For     *Duration `yaml:"for"`
}

// BrokerAction is stop, start, restart or {kick: device}.
type BrokerAction struct {
	Pos    diag.Position
	Action string
	Device string // with kick
}

// Repeat runs its steps Times times.
type Repeat struct {
	Times int    `yaml:"times" jsonschema:"required,minimum=1"`
	Steps []Step `yaml:"steps" jsonschema:"required,minItems=1"`
}

// Expect is an expectation: exactly one of MQTT, Pin, Console, Metric, Event, Expr, All, Any; keys
// that narrow it down; and a temporal part. Members of All and Any have no temporal part of their own.
type Expect struct {
	Pos  diag.Position `yaml:"-"`
	Keys Keys          `yaml:"-"`

	MQTT    string   `yaml:"mqtt"`    // topic, or filter with + and #
	Pin     string   `yaml:"pin"`     // device.PIN
	Console string   `yaml:"console"` // device
	Metric  string   `yaml:"metric"`  // device.metric
	Event   string   `yaml:"event"`   // an event kind
	Expr    *Expr    `yaml:"expr"`
	All     []Expect `yaml:"all" jsonschema:"minItems=1"`
	Any     []Expect `yaml:"any" jsonschema:"minItems=1"`

	Is        *Scalar `yaml:"is"`         // pin: high, low; metric: a literal or a comparison
	Matches   *Regexp `yaml:"matches"`    // console: the line; mqtt: the payload; event: its text
	JSON      *JSON   `yaml:"json"`       // mqtt: subset match, values literal or a comparison "> 5"
	JSONExact *JSON   `yaml:"json_exact"` // mqtt: the whole
	Payload   *string `yaml:"payload"`    // mqtt: the whole payload, as text
	Retained  *bool   `yaml:"retained"`   // mqtt: the publisher's flag
	QoS       *int    `yaml:"qos"`        // mqtt
	Device    string  `yaml:"device"`     // event
	Cause     string  `yaml:"cause"`      // event: boot, reset, disconnect, drop…

	Within  *Duration   `yaml:"within"`
	For     *Duration   `yaml:"for"`
	During  *Duration   `yaml:"during"`
	Not     bool        `yaml:"not"`
	Count   *Comparison `yaml:"count"`
	Gapless *Gapless    `yaml:"gapless"`
	Ordered string      `yaml:"ordered"`
	Unique  string      `yaml:"unique"`
	Since   string      `yaml:"since"` // a step's name, or here
}

// Gapless names a JSON field none of whose values may be missing: between the first and the last
// match, or (gapless: {seq: 1..120}) in the range From to To.
type Gapless struct {
	Pos      diag.Position
	Field    string
	From, To *int64
}

// Invariant holds, or never comes true, from power-on to the end of the run.
type Invariant struct {
	Expect `yaml:",inline"`
	Grace  *Duration `yaml:"grace"` // the condition may be false (never: true) that long
}
