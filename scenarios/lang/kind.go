package lang

import "github.com/twinrig/twinrig/internal/diag"

// Kind is a kind file: the contract that a twin and a board both fulfil.
type Kind struct {
	Pos       diag.Position       `yaml:"-"`
	Keys      Keys                `yaml:"-"`
	Kind      string              `yaml:"kind" jsonschema:"required"`
	About     string              `yaml:"about"`
	Pins      Ordered[Pin]        `yaml:"pins" names:"part"`
	Sensors   Ordered[Sensor]     `yaml:"sensors" names:"part"`
	Console   *Console            `yaml:"console"`
	Resources *Resources          `yaml:"resources"`
	Identity  *Identity           `yaml:"identity"`
	Firmware  Ordered[Build]      `yaml:"firmware" jsonschema:"required,minItems=1" names:"version"`
	Params    map[string]Scalar   `yaml:"params" names:"version"` // handed to the firmware at boot as text
	Metrics   Ordered[MetricRule] `yaml:"metrics" names:"part"`
}

// Pin is a pin, seen from the device.
type Pin struct {
	Pos       diag.Position `yaml:"-"`
	Keys      Keys          `yaml:"-"`
	Direction string        `yaml:"direction" jsonschema:"required,enum=in,enum=out"`
	Pull      string        `yaml:"pull" jsonschema:"enum=up,enum=down,enum=none"`
	Active    string        `yaml:"active" jsonschema:"enum=high,enum=low"` // what press drives; default: low with a pull-up, else high
}

// Sensor is a quantity that the firmware reads.
type Sensor struct {
	Pos     diag.Position `yaml:"-"`
	Keys    Keys          `yaml:"-"`
	Unit    string        `yaml:"unit" jsonschema:"required"`
	Range   []float64     `yaml:"range"`   // lowest and highest value that can be sensed
	Initial *float64      `yaml:"initial"` // before the first sense; default: 0, or the end of range nearest to it
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
	Flash            *Size         `yaml:"flash"`                                    // NOR flash for data
	EraseBlock       *Size         `yaml:"erase_block"`                              // default 4KiB
	WriteGranularity *int          `yaml:"write_granularity" jsonschema:"minimum=1"` // bytes; default 4
}

// Identity is how the device shows itself to the broker. "{id}" stands for the device's name.
type Identity struct {
	Pos      diag.Position `yaml:"-"`
	Keys     Keys          `yaml:"-"`
	ClientID string        `yaml:"client_id"` // default {id}
	Username string        `yaml:"username"`  // default {id}
	Topics   OneOrMany     `yaml:"topics"`    // filters it may publish and subscribe to; default devices/{id}/#
}

// Build is one version of the firmware.
type Build struct {
	Pos  diag.Position `yaml:"-"`
	Keys Keys          `yaml:"-"`
	Go   string        `yaml:"go" jsonschema:"required"` // Go firmware, registered by the caller under this name
}

// MetricRule takes a metric from what the device itself says: exactly one of MQTT and Console.
type MetricRule struct {
	Pos     diag.Position `yaml:"-"`
	Keys    Keys          `yaml:"-"`
	MQTT    string        `yaml:"mqtt"` // a topic of the device, relative to its own or with {id}
	JSON    string        `yaml:"json"` // the field, as in a.b
	Console *Regexp       `yaml:"console"`
}
