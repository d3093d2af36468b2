package lang

import "github.com/twinrig/twinrig/internal/diag"

// Kind is a kind file: the contract that a twin and a board both fulfil.
type Kind struct {
	Pos       diag.Position       `yaml:"-"`
	Keys      Keys                `yaml:"-"`
	Kind      string              `yaml:"kind" jsonschema:"required"`                                // the kind's name
	About     string              `yaml:"about"`                                                     // what the device does
	Pins      Ordered[Pin]        `yaml:"pins" names:"part"`                                         // pins, seen from the device
	Sensors   Ordered[Sensor]     `yaml:"sensors" names:"part"`                                      // quantities that the firmware reads
	Console   *Console            `yaml:"console"`                                                   // the UART; without it the device has none
	Resources *Resources          `yaml:"resources"`                                                 // what the device has
	Battery   *Battery            `yaml:"battery"`                                                   // what it runs on; without it the power never ends
	Identity  *Identity           `yaml:"identity"`                                                  // how it shows itself to the broker
	Firmware  Ordered[Build]      `yaml:"firmware" jsonschema:"required,minItems=1" names:"version"` // version: build; devices run the last one unless they name another
	Mutants   Ordered[Build]      `yaml:"mutants" names:"version"`                                   // name: build; faulty firmware, which twinrig hunt --mutants holds the scenarios against
	Params    map[string]Scalar   `yaml:"params" names:"version"`                                    // handed to the firmware at boot as text
	Metrics   Ordered[MetricRule] `yaml:"metrics" names:"part"`                                      // metrics taken from what the device says, beside the built-in ones

	Payload string `yaml:"payload" jsonschema:"enum=json,enum=cbor,enum=msgpack,enum=raw"` // how the device's messages are encoded, both ways; default json
}

// Pin is a pin, seen from the device.
type Pin struct {
	Pos       diag.Position `yaml:"-"`
	Keys      Keys          `yaml:"-"`
	Direction string        `yaml:"direction" jsonschema:"required,enum=in,enum=out"` // in: the firmware reads it; out: the firmware drives it
	Pull      string        `yaml:"pull" jsonschema:"enum=up,enum=down,enum=none"`    // of an input that nothing drives; default none
	Active    string        `yaml:"active" jsonschema:"enum=high,enum=low"`           // what press drives; default: low with a pull-up, else high
}

// Console is a UART, 8 data bits, no parity, one stop bit.
type Console struct {
	Pos  diag.Position `yaml:"-"`
	Keys Keys          `yaml:"-"`
	Baud int           `yaml:"baud" jsonschema:"minimum=300"` // default 115200
}

// Resources is what the device has.
type Resources struct {
	Pos              diag.Position `yaml:"-"`
	Keys             Keys          `yaml:"-"`
	RAM              *Size         `yaml:"ram"`                                      // memory for the firmware, at most; WebAssembly gets whole pages of 64KiB; default: no limit
	Flash            *Size         `yaml:"flash"`                                    // NOR flash for data
	EraseBlock       *Size         `yaml:"erase_block"`                              // default 4KiB
	Wear             *int          `yaml:"wear" jsonschema:"minimum=1"`              // how often a block of flash can be erased before it goes bad; default: without end
	WriteGranularity *int          `yaml:"write_granularity" jsonschema:"minimum=1"` // bytes; default 4
}

// Identity is how the device shows itself to the broker. "{id}" stands for the device's name.
type Identity struct {
	Pos      diag.Position `yaml:"-"`
	Keys     Keys          `yaml:"-"`
	ClientID string        `yaml:"client_id"` // default {id}
	Username string        `yaml:"username"`  // default {id}
	Password string        `yaml:"password"`  // default: one for each device, drawn from the seed
	Topics   OneOrMany     `yaml:"topics"`    // filters it may publish and subscribe to; default devices/{id}/#
}

// Build is one version of the firmware: exactly one of Go and Wasm.
type Build struct {
	Pos  diag.Position `yaml:"-"`
	Keys Keys          `yaml:"-"`
	Go   string        `yaml:"go"`   // Go firmware, registered by the caller under this name
	Wasm string        `yaml:"wasm"` // path of a WebAssembly module, relative to this file
}

// MetricRule takes a metric from what the device itself says: exactly one of MQTT and Console.
type MetricRule struct {
	Pos     diag.Position `yaml:"-"`
	Keys    Keys          `yaml:"-"`
	MQTT    string        `yaml:"mqtt"`    // a topic of the device, relative to its own or with {id}
	JSON    string        `yaml:"json"`    // the field, as in a.b
	Console *Regexp       `yaml:"console"` // a regular expression over the lines; its one group is the value
}
