package sensor

import (
	"errors"
	"fmt"
	"time"
)

// Bus is the kind of bus that a part is connected to.
type Bus string

// The kinds of bus.
const (
	I2C     Bus = "I²C"
	OneWire Bus = "1-Wire"
	SPI     Bus = "SPI"
)

// Part describes a type of chip.
type Part struct {
	Name       string // as kind files have it
	About      string
	Bus        Bus
	Addresses  Addresses
	Quantities []Quantity // the first is what a sensor measures that does not say
	// New returns a chip on a board, without power. It implements the interface of its bus: I2CChip,
	// OneWireChip or SPIChip.
	New func(Board) Chip
}

// Addresses are those that a part can have: the I²C address, the 48-bit serial number of a 1-Wire
// part, the chip select of an SPI part. The least is the default.
type Addresses struct{ Min, Max uint64 }

// Quantity is something that a part measures.
type Quantity struct {
	Name       string
	Unit       string             // of Min, Max, Resolution, Default and of what Board.Read returns
	Also       map[string]float64 // other units for it, and what one of them is in Unit
	Min, Max   float64            // what the part can measure; beyond it saturates
	Resolution float64            // the finest step
	Default    float64            // where no sensor of the kind stands for it
}

// Factor returns what one unit is in q.Unit; ok is false for a unit of something else.
func (q Quantity) Factor(unit string) (factor float64, ok bool) {
	if unit == q.Unit {
		return 1, true
	}
	factor, ok = q.Also[unit]
	return factor, ok
}

// Quantity returns the quantity called name, or the first one for "".
func (p Part) Quantity(name string) (Quantity, bool) {
	for _, q := range p.Quantities {
		if q.Name == name || name == "" {
			return q, true
		}
	}
	return Quantity{}, false
}

// Parts returns every part, in the order of their names. The slice is the caller's.
func Parts() []Part {
	return []Part{bme280Part(), ds18b20Part(), mcp3008Part(), sht3xPart(), tmp102Part()}
}

// Find returns the part called name.
func Find(name string) (Part, bool) {
	for _, p := range Parts() {
		if p.Name == name {
			return p, true
		}
	}
	return Part{}, false
}

// Board is what a chip is mounted on.
type Board struct {
	Address uint64
	Vref    float64 // volts at the reference input of a converter; zero: 3.3
	// Read returns a quantity of the part, in its unit and with its noise, at an instant that is neither
	// in the future nor before the last change of the environment: Advance comes before each change.
	Read func(quantity string, at time.Time) float64
}

// Chip is a chip on a board. It is not safe for concurrent use; the device puts calls in order. The
// time of a call is never before that of the one before.
type Chip interface {
	// PowerOn puts the chip into its state after power-on. What it keeps in EEPROM stays.
	PowerOn(now time.Time)
	// Advance ends the conversions that are due by now.
	Advance(now time.Time)
}

// I2CChip is a chip on an I²C bus.
type I2CChip interface {
	Chip
	// Tx writes w and then, after a repeated start, reads r; either may be empty. A chip that does not
	// acknowledge returns ErrNACK, one that stretches the clock a *Stretch.
	Tx(now time.Time, w, r []byte) error
}

// OneWireChip is a chip on a 1-Wire bus, once the bus has selected it by its ROM code.
type OneWireChip interface {
	Chip
	// ROM returns the 64-bit ROM code: family in the lowest byte, CRC in the highest.
	ROM() uint64
	// Alarmed reports whether the chip answers an alarm search.
	Alarmed() bool
	// Command handles what the master writes after the selection, then fills r with what it reads. A bit
	// that the chip leaves alone reads as 1.
	Command(now time.Time, w, r []byte)
}

// SPIChip is a chip on an SPI bus with a chip select of its own.
type SPIChip interface {
	Chip
	// Modes returns the SPI modes (0 to 3) that the chip can talk.
	Modes() []int
	// Select takes the chip select low (true) or high.
	Select(selected bool)
	// Transfer shifts the bytes of w in and as many out into r, most significant bit first, while the
	// chip is selected. Bits that the chip does not drive read as 0.
	Transfer(now time.Time, w, r []byte)
}

// ErrNACK means that the chip did not acknowledge its address or a byte.
var ErrNACK = errors.New("no acknowledge")

// Stretch means that the chip holds the clock low until then; the call is to be made again at that time.
type Stretch struct{ Until time.Time }

// Error says until when.
func (s *Stretch) Error() string { return fmt.Sprintf("sensor: clock stretched until %s", s.Until) }

// Mount says where a sensor of a device is: which quantity of which chip it is.
type Mount struct {
	Part     string // a name of Parts
	Bus      string // name of the bus, such as i2c0
	Address  uint64
	Measures string  // a quantity of the part; empty: its first one
	Scale    float64 // the part's quantity is Scale times the sensor's value, plus Offset; zero: 1
	Offset   float64
	Vref     float64 // volts; of converters
}

// Quantity returns the part's value for a value of the sensor.
func (m Mount) Quantity(value float64) float64 {
	if m.Scale == 0 {
		return value + m.Offset
	}
	return value*m.Scale + m.Offset
}

// Value returns the sensor's value for a value of the part.
func (m Mount) Value(quantity float64) float64 {
	if m.Scale == 0 {
		return quantity - m.Offset
	}
	return (quantity - m.Offset) / m.Scale
}

// Resolve returns the part and the quantity, or what is wrong with m.
func (m Mount) Resolve() (Part, Quantity, error) {
	part, ok := Find(m.Part)
	if !ok {
		return Part{}, Quantity{}, fmt.Errorf("sensor: there is no part %q", m.Part)
	}
	if m.Address < part.Addresses.Min || m.Address > part.Addresses.Max {
		return Part{}, Quantity{}, fmt.Errorf("sensor: a %s cannot have the address %#x, only %#x to %#x", part.Name, m.Address, part.Addresses.Min, part.Addresses.Max)
	}
	quantity, ok := part.Quantity(m.Measures)
	if !ok {
		return Part{}, Quantity{}, fmt.Errorf("sensor: a %s does not measure %q", part.Name, m.Measures)
	}
	return part, quantity, nil
}

// conversions are conversions under way: the next one ends at next, then one every period (zero: there
// is only one). A zero next means that there is none.
type conversions struct {
	next   time.Time
	period time.Duration
}

// ended returns when the last conversions ended, at most keep of them, oldest first, and leaves those to come.
func (c *conversions) ended(now time.Time, keep int) []time.Time {
	if c.next.IsZero() || c.next.After(now) {
		return nil
	}
	if c.period == 0 {
		at := c.next
		c.next = time.Time{}
		return []time.Time{at}
	}
	count := int(now.Sub(c.next)/c.period) + 1
	at := make([]time.Time, 0, min(count, keep))
	for i := max(0, count-keep); i < count; i++ {
		at = append(at, c.next.Add(time.Duration(i)*c.period))
	}
	c.next = c.next.Add(time.Duration(count) * c.period)
	return at
}

func (c *conversions) pending() bool { return !c.next.IsZero() }

// clamp limits a quantity to what the part can measure.
func clamp(v float64, q Quantity) float64 { return min(max(v, q.Min), q.Max) }
