package lang

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// Fault is what goes wrong with a device from now on: exactly one of the faults; or off, which ends all
// that have not ended by themselves. The step does not wait.
type Fault struct {
	Pos          diag.Position `yaml:"-"`
	Keys         Keys          `yaml:"-"`
	Off          bool          `yaml:"-"`             // all faults of the device end
	Clock        *ClockFault   `yaml:"clock"`         // its clocks go wrong
	BrownOut     *BrownOut     `yaml:"brown_out"`     // the supply dips, and its detector resets the device
	BitFlip      *BitFlip      `yaml:"bit_flip"`      // a bit of the flash changes
	SlowFlash    *SlowFlash    `yaml:"slow_flash"`    // writes and erases of the flash take time
	Stuck        string        `yaml:"stuck"`         // the sensor of this name reads on as it does now
	Dropout      string        `yaml:"dropout"`       // the sensor of this name does not answer
	ConsoleFlood *ConsoleFlood `yaml:"console_flood"` // the console receives without a pause
	Leak         *Leak         `yaml:"leak"`          // RAM goes, again and again; what went is free again at the next boot
	For          *Duration     `yaml:"for"`           // it ends by itself after that time; required with console_flood
}

// ClockFault is exactly one of Drift, Step and Leap.
type ClockFault struct {
	Pos   diag.Position   `yaml:"-"`
	Keys  Keys            `yaml:"-"`
	Drift *Drift          `yaml:"drift"`                                     // how much too fast the crystal is, in the place of what was declared
	Step  *SignedDuration `yaml:"step"`                                      // the real-time clock jumps by that much, once
	Leap  string          `yaml:"leap" jsonschema:"enum=insert,enum=delete"` // a leap second at the end of the day that the real-time clock shows (UTC)
}

// BrownOut is dips of the supply: Count of them, or one whenever the firmware drives With high.
type BrownOut struct {
	Pos   diag.Position `yaml:"-"`
	Keys  Keys          `yaml:"-"`
	Dip   *Duration     `yaml:"dip"`                                        // how long the supply is too low; default 50ms
	Count *int          `yaml:"count" jsonschema:"minimum=1,maximum=10000"` // how many dips; default 1
	Every *Duration     `yaml:"every"`                                      // from the start of one dip to the start of the next; default 1s
	With  string        `yaml:"with"`                                       // a pin: its load makes the supply dip each time it goes high
}

// BitFlip is the bit that changes.
type BitFlip struct {
	Pos    diag.Position `yaml:"-"`
	Keys   Keys          `yaml:"-"`
	Offset *int          `yaml:"offset" jsonschema:"minimum=0"`        // of the byte; default: one that was written, drawn from the seed
	Bit    *int          `yaml:"bit" jsonschema:"minimum=0,maximum=7"` // of the byte, 0 is the lowest; default 0 with an offset
}

// SlowFlash is how long the flash takes.
type SlowFlash struct {
	Pos   diag.Position `yaml:"-"`
	Keys  Keys          `yaml:"-"`
	Write *Duration     `yaml:"write"` // each write; default: no time
	Erase *Duration     `yaml:"erase"` // each erase; default: no time
}

// ConsoleFlood is what the console receives, at the speed of the UART.
type ConsoleFlood struct {
	Pos  diag.Position `yaml:"-"`
	Keys Keys          `yaml:"-"`
	Line *string       `yaml:"line"` // this line, over and over; default: noise, drawn from the seed
}

// Leak is how RAM goes.
type Leak struct {
	Pos   diag.Position `yaml:"-"`
	Keys  Keys          `yaml:"-"`
	Bytes *Size         `yaml:"bytes" jsonschema:"required"` // each time
	Every *Duration     `yaml:"every"`                       // default 1s
}

// Faults returns the faults that a device can have.
func Faults() []string {
	return []string{"clock", "brown_out", "bit_flip", "slow_flash", "stuck", "dropout", "console_flood", "leak"}
}

// Name returns which fault it is, or "off".
func (f *Fault) Name() string {
	if f.Off {
		return "off"
	}
	if names := f.Keys.among(Faults()...); len(names) > 0 {
		return names[0]
	}
	return ""
}

// fault is Fault without its decode method.
type fault Fault

func (f *Fault) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	f.Pos = d.position(n)
	if n.Kind != yaml.MappingNode {
		f.Off = d.word(n, path, "off") == "off"
		return
	}
	d.structure(n, reflect.ValueOf((*fault)(f)).Elem(), path)
}

func (f *fault) check(d *decoder, at mapping) {
	names := at.keys.among(Faults()...)
	switch {
	case len(names) == 0 && at.clean:
		d.diags.Add(at.pos, at.path, "no fault is named", "one of "+strings.Join(Faults(), ", "))
	case len(names) > 1:
		d.diags.Add(at.pos, at.path, "one fault at a time, not "+strings.Join(names, " and "), "each is a step of its own")
	case at.keys.Has("console_flood") && f.For == nil && at.clean:
		d.diags.Add(at.pos, at.path, "a console_flood needs an end", "for: 10s")
	case f.For != nil && (at.keys.Has("bit_flip") || f.Clock != nil && f.Clock.Drift == nil || f.BrownOut != nil && f.BrownOut.With == ""):
		at.add(d, "for", "for does not go with a fault that is over at once", "")
	}
}

// shortest is the least time between two things that a fault does again and again, and the least a dip lasts.
const shortest = time.Millisecond

// tooShort reports a length of time under the shortest.
func (m mapping) tooShort(d *decoder, key string, length *Duration) {
	if length != nil && length.Duration < shortest && !d.faulty(join(m.path, key)) {
		m.add(d, key, fmt.Sprintf("%s is %s, which is too short", key, length.Duration), "1ms at the least")
	}
}

func (l *Leak) check(d *decoder, at mapping) {
	at.tooShort(d, "every", l.Every)
	if l.Bytes != nil && l.Bytes.Bytes == 0 && !d.faulty(join(at.path, "bytes")) {
		at.add(d, "bytes", "nothing leaks", "as in 1KiB")
	}
}

func (c *ClockFault) check(d *decoder, at mapping) {
	switch names := at.keys.among("drift", "step", "leap"); {
	case len(names) == 0 && at.clean:
		d.diags.Add(at.pos, at.path, "nothing happens to the clock", "drift: 200ppm, step: -1h or leap: insert")
	case len(names) > 1:
		d.diags.Add(at.pos, at.path, strings.Join(names, " and ")+" exclude each other", "")
	case c.Step != nil && c.Step.Duration == 0 && !d.faulty(join(at.path, "step")):
		at.add(d, "step", "a step of 0s is none", "as in -1h or 90s")
	}
}

func (b *BrownOut) check(d *decoder, at mapping) {
	if extra := at.keys.among("count", "every"); b.With != "" && len(extra) > 0 {
		at.add(d, extra[0], extra[0]+" does not go with with", "it dips as often as the pin goes high")
	}
	at.tooShort(d, "dip", b.Dip)
	at.tooShort(d, "every", b.Every)
	if b.Every != nil && b.Count == nil {
		at.add(d, "every", "every needs count", "as in {dip: 40ms, count: 3, every: 2s}")
	}
}

func (b *BitFlip) check(d *decoder, at mapping) {
	if b.Bit != nil && b.Offset == nil && at.clean {
		at.add(d, "bit", "bit needs an offset", "without both, the seed draws them")
	}
}

func (s *SlowFlash) check(d *decoder, at mapping) {
	none := lengthOf(s.Write) == 0 && lengthOf(s.Erase) == 0
	if none && at.clean && !d.faulty(at.path) {
		d.diags.Add(at.pos, at.path, "nothing is slow", "as in {write: 20ms, erase: 800ms}")
	}
}

func lengthOf(d *Duration) time.Duration {
	if d == nil {
		return 0
	}
	return d.Duration
}

func (*Fault) schema(g *generator, _ *field) *jsonschema.Schema {
	return shortOr[fault](g, "Fault", "off")
}

func (*fault) extend(s *jsonschema.Schema) { s.OneOf = exactlyOneOf(Faults()...) }

func (*ClockFault) extend(s *jsonschema.Schema) { s.OneOf = exactlyOneOf("drift", "step", "leap") }
