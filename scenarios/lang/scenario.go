package lang

import (
	"time"

	"github.com/twinrig/twinrig/internal/diag"
)

// Scenario is a scenario file: devices, networks, steps, and what must always hold.
type Scenario struct {
	Pos      diag.Position   `yaml:"-"`
	Keys     Keys            `yaml:"-"`
	Cell     []Setting       `yaml:"-"`                                                                                                       // of the matrix: what the file was read for
	Uses     map[string]bool `yaml:"-"`                                                                                                       // the names that stand somewhere as $name
	Scenario string          `yaml:"scenario" jsonschema:"required"`                                                                          // the scenario's name
	About    string          `yaml:"about"`                                                                                                   // what it shows, in a sentence or two
	Tags     []string        `yaml:"tags"`                                                                                                    // for --tags
	Requires []string        `yaml:"requires" jsonschema:"enum=power,enum=reset,enum=console,enum=pins,enum=sensors,enum=flash,enum=network"` // what at least one device must offer, or the run is skipped

	Params        map[string]Scalar `yaml:"params" names:"param" vars:"no"`                          // replaced as $name or $(name) before units are parsed
	Matrix        Matrix            `yaml:"matrix" vars:"no"`                                        // a run for each combination of values
	Seeds         int               `yaml:"seeds" jsonschema:"minimum=1,maximum=100000"`             // how many seeds to run, from --seed upwards; default 1
	Clock         *Clock            `yaml:"clock"`                                                   // the world's time and the devices' clocks
	Devices       Ordered[Device]   `yaml:"devices" jsonschema:"required,minItems=1" names:"device"` // name: device
	Environment   Ordered[Place]    `yaml:"environment" names:"device"`                              // name: place, whose quantities drive the sensors of devices
	Networks      Ordered[Network]  `yaml:"networks" names:"device"`                                 // name: link between devices and broker
	Broker        *Broker           `yaml:"broker"`                                                  // the embedded broker, or one elsewhere
	DefaultWithin *Duration         `yaml:"default_within"`                                          // within, for expectations that have neither within nor during
	Steps         []Step            `yaml:"steps" jsonschema:"required,minItems=1"`                  // what happens, one after the other; each step has one verb
	Always        []Invariant       `yaml:"always"`                                                  // states that hold from power-on to the end of the run
	Never         []Invariant       `yaml:"never"`                                                   // what never happens, from power-on to the end of the run
	Sometimes     []Invariant       `yaml:"sometimes"`                                               // what must be true at least once in the campaign; a single run only reports it
}

// StepsFile is what `include` names: steps to be put in its place.
type StepsFile struct {
	Pos   diag.Position   `yaml:"-"`
	Uses  map[string]bool `yaml:"-"`                                      // the names that stand somewhere as $name
	About string          `yaml:"about"`                                  // what the steps do
	Steps []Step          `yaml:"steps" jsonschema:"required,minItems=1"` // the steps
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

// Device is one device of the scenario, or with count a fleet of them.
type Device struct {
	Pos      diag.Position     `yaml:"-"`
	Keys     Keys              `yaml:"-"`
	Kind     string            `yaml:"kind" jsonschema:"required"` // path of the kind file, relative to this file
	Firmware string            `yaml:"firmware"`                   // a version of the kind's firmware; default: the last one listed
	Network  string            `yaml:"network"`                    // default: the only network; without any, a perfect one
	Identity string            `yaml:"identity"`                   // another device whose client id and credentials this one uses
	Params   map[string]Scalar `yaml:"params"`                     // override the kind's
	TLS      *DeviceTLS        `yaml:"tls"`                        // what it trusts and shows where the broker speaks TLS
	Battery  *Percent          `yaml:"battery"`                    // what is in its battery at the start, above 0%; default 100%
	Clock    *DeviceClock      `yaml:"clock"`                      // its clocks, in the place of the scenario's

	Count  *int           `yaml:"count" jsonschema:"minimum=1,maximum=100000"` // makes it a fleet of that many devices: NAME-0001, NAME-0002…
	Spread *Duration      `yaml:"spread"`                                      // fleet: a step that powers it on does so evenly over that time; default: all at once
	Labels Ordered[Label] `yaml:"labels" names:"part"`                         // label: its value, for expressions; for a fleet also {value: share}
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
	Latency *Duration `yaml:"latency"`                      // one way
	Jitter  *Duration `yaml:"jitter"`                       // uniform, ± around latency
	Loss    *Percent  `yaml:"loss"`                         // each packet for itself
	Rate    *BitRate  `yaml:"rate"`                         // per second; default: unlimited
	Limit   *int      `yaml:"limit" jsonschema:"minimum=1"` // packets queued at most; default 1000
}

// Step is one step: exactly one verb.
type Step struct {
	Pos   diag.Position `yaml:"-"`
	Keys  Keys          `yaml:"-"`
	Path  string        `yaml:"-"`    // as in steps[3].repeat.steps[0]
	Text  string        `yaml:"-"`    // the step as written, in one line
	Bound Bound         `yaml:"-"`    // include: what the names that each gives stand for
	Name  string        `yaml:"name"` // for since and for reports; each only once
	When  *Expr         `yaml:"when"` // evaluated once at the step's start; false: skipped

	Timeout *Duration `yaml:"timeout"`                                 // a step that takes longer fails
	Retry   int       `yaml:"retry" jsonschema:"minimum=1,maximum=10"` // how often a stimulus is tried again, a second later, where the bench fails

	Power    Ordered[PowerAction]   `yaml:"power" jsonschema:"minItems=1"`    // device: action
	Reset    OneOrMany              `yaml:"reset" ref:"device"`               // devices
	Drive    Ordered[PinDrive]      `yaml:"drive" jsonschema:"minItems=1"`    // device.PIN: level or pulse
	Press    Ordered[PinPress]      `yaml:"press" jsonschema:"minItems=1"`    // device.PIN: how long
	Sense    Ordered[SenseValue]    `yaml:"sense" jsonschema:"minItems=1"`    // device.sensor, or place.quantity: what it measures from now on
	Send     *Send                  `yaml:"send"`                             // to a console
	Publish  *Publish               `yaml:"publish"`                          // to the broker
	Network  Ordered[NetworkChange] `yaml:"network" jsonschema:"minItems=1"`  // network: state or change
	Broker   *BrokerAction          `yaml:"broker"`                           // stop, start, restart; or kick, refuse, withhold, delay, rotate
	Fault    Ordered[Fault]         `yaml:"fault" jsonschema:"minItems=1"`    // device: what goes wrong with it
	Wait     *Duration              `yaml:"wait"`                             // virtual time in sim, wall time in live
	Repeat   *Repeat                `yaml:"repeat"`                           // steps, several times
	Parallel [][]Step               `yaml:"parallel" jsonschema:"minItems=1"` // branches: lists of steps that are done side by side
	Each     *Each                  `yaml:"each"`                             // steps, for one device after the other
	Sweep    *Sweep                 `yaml:"sweep"`                            // a run for every flash write of its steps, with the power cut there
	Include  string                 `yaml:"include"`                          // replaced by the included steps when the file is loaded
	Expect   *Expect                `yaml:"expect"`                           // what must hold, now or in a window

	Measure *MeasureStep  `yaml:"measure"`                                      // how long one kind of event takes to follow another, with limits
	Record  Ordered[Expr] `yaml:"record" jsonschema:"minItems=1" names:"param"` // name: an expression whose value is noted in the results, and not judged
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
	case s.Fault != nil:
		return "fault"
	case s.Wait != nil:
		return "wait"
	case s.Repeat != nil:
		return "repeat"
	case s.Parallel != nil:
		return "parallel"
	case s.Each != nil:
		return "each"
	case s.Sweep != nil:
		return "sweep"
	case s.Include != "":
		return "include"
	case s.Measure != nil: // before expect, which it is too
		return "measure"
	case s.Record != nil:
		return "record"
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
	FlashWrite int           `yaml:"flash_write" jsonschema:"required,minimum=1"` // which of the writes to come, from 1
	Byte       int           `yaml:"byte" jsonschema:"minimum=0"`                 // how many bytes of it are still written; default 0
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

// Send writes a line (with its line end) or bytes to a console.
type Send struct {
	Pos     diag.Position `yaml:"-"`
	Keys    Keys          `yaml:"-"`
	Console string        `yaml:"console" ref:"device" jsonschema:"required"` // device
	Line    *string       `yaml:"line"`                                       // sent with its line end
	Bytes   *string       `yaml:"bytes"`                                      // sent as they are
}

// Publish publishes to the broker: exactly one of JSON, Payload and Hex.
type Publish struct {
	Pos        diag.Position     `yaml:"-"`
	Keys       Keys              `yaml:"-"`
	Topic      string            `yaml:"topic" jsonschema:"required"`          // without wildcards
	JSON       *JSON             `yaml:"json"`                                 // payload, encoded as the kind of the device says that the topic belongs to
	Payload    *string           `yaml:"payload"`                              // payload, as text
	Hex        *Hex              `yaml:"hex"`                                  // payload, as bytes in hexadecimal
	QoS        int               `yaml:"qos" jsonschema:"minimum=0,maximum=2"` // 0, 1 or 2; default 0
	Retain     bool              `yaml:"retain"`                               // the broker keeps it; an empty payload removes what it kept
	Properties map[string]string `yaml:"properties"`                           // MQTT 5 user properties
	As         string            `yaml:"as" ref:"device"`                      // backend (default), or a device, whose rights then count
}

// NetworkChange is up, down, or keys to change: {latency: 2s, for: 30s}, {state: down, for: 90s}.
// With For the step does not wait; what was before comes back after that time.
type NetworkChange struct {
	Pos     diag.Position `yaml:"-"`
	State   string        `yaml:"state" jsonschema:"enum=up,enum=down"` // up or down; default: as it is
	Network `yaml:",inline"`
	For     *Duration `yaml:"for"` // then what was before comes back; the step does not wait
}

// Repeat runs its steps Times times.
type Repeat struct {
	Times int    `yaml:"times" jsonschema:"required,minimum=1"`  // how often
	Steps []Step `yaml:"steps" jsonschema:"required,minItems=1"` // the steps
}

// Expect is an expectation: exactly one of MQTT, Pin, Console, Metric, Event, Expr, Measure, All, Any; keys
// that narrow it down; and a temporal part. Members of All and Any have no temporal part of their own.
type Expect struct {
	Pos  diag.Position `yaml:"-"`
	Keys Keys          `yaml:"-"`

	MQTT    string   `yaml:"mqtt"`                        // topic, or filter with + and #
	Pin     string   `yaml:"pin" ref:"device"`            // device.PIN
	Console string   `yaml:"console" ref:"device"`        // device
	Metric  string   `yaml:"metric" ref:"device"`         // device.metric
	Event   string   `yaml:"event"`                       // an event kind
	Expr    *Expr    `yaml:"expr"`                        // an expression that must be true
	All     []Expect `yaml:"all" jsonschema:"minItems=1"` // expectations that all hold, each with an event of its own
	Any     AnyOf    `yaml:"any" jsonschema:"minItems=1"` // expectations of which one holds; or true: one member of the fleet is enough
	Measure *Measure `yaml:"measure"`                     // the time from one kind of event to another, with limits

	Is        *Scalar     `yaml:"is"`         // pin: high, low; metric: a literal or a comparison, with the metric's unit
	Grows     *Scalar     `yaml:"grows"`      // metric: how much it has grown since the start of the step, as in "< 2KiB"; with during
	Matches   *Regexp     `yaml:"matches"`    // console: the line; mqtt: the payload; event: its text
	JSON      *JSON       `yaml:"json"`       // mqtt, event: subset match, values literal or a comparison "> 5"
	JSONExact *JSON       `yaml:"json_exact"` // mqtt, event: the whole
	Payload   *string     `yaml:"payload"`    // mqtt, event: the whole payload, as text
	Hex       *HexPattern `yaml:"hex"`        // mqtt, event: the whole payload, as bytes in hexadecimal; ?? is any byte, * at the end any bytes
	Schema    string      `yaml:"schema"`     // mqtt, event: a JSON Schema file; every match so far must be valid, in all and any it is part of the match
	Retained  *bool       `yaml:"retained"`   // mqtt, event: the publisher's flag
	QoS       *int        `yaml:"qos"`        // mqtt, event: the publisher's
	Blinks    *Blinks     `yaml:"blinks"`     // pin: it goes up and down in a regular way

	Of     string      `yaml:"of" ref:"device"`     // mqtt: the device or fleet whose name {id} in the topic stands for; without {id}: who publishes
	Share  *Share      `yaml:"share"`               // of a fleet's members, how many satisfy it; default: every member
	Device string      `yaml:"device" ref:"device"` // event: a device or a fleet
	Cause  string      `yaml:"cause"`               // event: boot, reset, disconnect, drop…
	Name   string      `yaml:"name"`                // event: of the pin, sensor, network or step; on, off or cut of power
	Client string      `yaml:"client"`              // event: the MQTT client id
	Topic  string      `yaml:"topic"`               // event: topic, or filter with + and #
	Dup    *bool       `yaml:"dup"`                 // event: sent again
	Value  *Comparison `yaml:"value"`               // event: a pin's level as 0 or 1, a sensor's value
	Amount *Comparison `yaml:"amount"`              // event: bytes written or erased, packets touched, keepalive in seconds
	Offset *Comparison `yaml:"offset"`              // event: where in the flash, in bytes

	Within  *Duration   `yaml:"within"`  // it comes true at some instant of that time, and the step ends there
	For     *Duration   `yaml:"for"`     // with within: a state that then stays so for that time
	During  *Duration   `yaml:"during"`  // judged over that whole time, at its end
	Not     bool        `yaml:"not"`     // with during: it is never so
	Count   *Comparison `yaml:"count"`   // how many events match
	Gapless *Gapless    `yaml:"gapless"` // a JSON field of which no value is missing
	Ordered string      `yaml:"ordered"` // a JSON field that never goes back
	Unique  string      `yaml:"unique"`  // a JSON field that never repeats
	Since   string      `yaml:"since"`   // a step's name, or here
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
