package sensor

import (
	"math"
	"time"
)

func tmp102Part() Part {
	return Part{
		Name: "tmp102", About: "temperature, 0.0625 °C, I²C (Texas Instruments SBOS397)", Bus: I2C,
		Addresses:  Addresses{0x48, 0x4B},
		Quantities: []Quantity{{Name: "temperature", Unit: "°C", Min: -55, Max: 150, Resolution: 0.0625, Default: 25}},
		New:        func(b Board) Chip { return &tmp102{board: b} },
	}
}

// tmp102Conversion is the typical conversion time (SBOS397, electrical characteristics).
const tmp102Conversion = 26 * time.Millisecond

// tmp102Faults is how many conversions the longest fault queue looks at.
const tmp102Faults = 6

// The registers, as the pointer register selects them (SBOS397, table 2), and the bits of the
// configuration register, both bytes as one word (table 7).
const (
	tmp102Temperature = iota
	tmp102Config
	tmp102Low
	tmp102High

	tmp102OneShot  = 1 << 15
	tmp102Queue    = 3 << 11
	tmp102Polarity = 1 << 10
	tmp102Shutdown = 1 << 8
	tmp102Rate     = 3 << 6
	tmp102Alert    = 1 << 5
	tmp102Extended = 1 << 4

	tmp102Writable = tmp102Queue | tmp102Polarity | 1<<9 | tmp102Shutdown | tmp102Rate | tmp102Extended
	tmp102Fixed    = 3 << 13 // R1 and R0: 12 bits
)

// tmp102 is a Texas Instruments TMP102.
type tmp102 struct {
	board   Board
	pointer byte
	config  uint16
	limits  [2]uint16 // T_LOW and T_HIGH, as written
	steps   int       // the last result, in 0.0625 °C
	above   int       // results in a row that ask for the other state of the alert
	alerted bool
	work    conversions
}

// PowerOn gives the registers their reset values; the first result comes after one conversion. Until
// then the temperature register reads 0 °C.
func (c *tmp102) PowerOn(now time.Time) {
	*c = tmp102{board: c.board, config: tmp102Fixed | 2<<6, limits: [2]uint16{0x4B00, 0x5000}}
	c.work = conversions{next: now.Add(tmp102Conversion), period: c.period()}
}

// period is the time from one conversion to the next in continuous mode: 4 s, 1 s, 250 ms or 125 ms.
func (c *tmp102) period() time.Duration {
	return [...]time.Duration{4 * time.Second, time.Second, 250 * time.Millisecond, 125 * time.Millisecond}[c.config&tmp102Rate>>6]
}

// Advance ends conversions.
func (c *tmp102) Advance(now time.Time) {
	for _, at := range c.work.ended(now, tmp102Faults) {
		c.steps = int(math.Floor(c.board.Read("temperature", at)/0.0625 + 0.5))
		c.watch()
	}
}

// watch keeps the alert in comparator mode: on at T_HIGH or above, off below T_LOW, each after as many
// results in a row as the fault queue asks for.
func (c *tmp102) watch() {
	wants := c.steps >= c.limit(1)
	if c.alerted {
		wants = c.steps >= c.limit(0)
	}
	if wants == c.alerted {
		c.above = 0
		return
	}
	c.above++
	if c.above >= [...]int{1, 2, 4, tmp102Faults}[c.config&tmp102Queue>>11] {
		c.alerted, c.above = wants, 0
	}
}

func (c *tmp102) limit(i int) int {
	if c.config&tmp102Extended != 0 {
		return int(int16(c.limits[i])) >> 3
	}
	return int(int16(c.limits[i])) >> 4
}

// Tx writes the pointer register and then the register it points to; a read begins at the register
// that the pointer, which stays between calls, points to.
func (c *tmp102) Tx(now time.Time, w, r []byte) error {
	c.Advance(now)
	if len(w) > 0 {
		c.pointer = w[0] & 3
		if len(w) > 1 {
			c.write(now, w[1:])
		}
	}
	for i := range r {
		r[i] = 0xFF // behind the register nobody drives the bus
		if i < 2 {
			r[i] = byte(c.register() >> (8 - 8*i))
		}
	}
	return nil
}

func (c *tmp102) register() uint16 {
	switch c.pointer {
	case tmp102Temperature:
		return c.temperature()
	case tmp102Config:
		v := c.config
		if c.alerted == (c.config&tmp102Polarity != 0) {
			v |= tmp102Alert
		}
		if c.config&tmp102Shutdown != 0 && !c.work.pending() {
			v |= tmp102OneShot
		}
		return v
	}
	return c.limits[c.pointer-tmp102Low]
}

// temperature is the result in the format of the mode: 12 bits, or 13 with the last bit set.
func (c *tmp102) temperature() uint16 {
	if c.config&tmp102Extended != 0 {
		return uint16(min(max(c.steps, -55*16), 150*16)<<3) | 1
	}
	return uint16(min(max(c.steps, -55*16), 0x7FF) << 4)
}

func (c *tmp102) write(now time.Time, b []byte) {
	if c.pointer == tmp102Temperature {
		return // read only
	}
	old := c.config
	if c.pointer >= tmp102Low {
		old = c.limits[c.pointer-tmp102Low]
	}
	v := uint16(b[0])<<8 | old&0xFF
	if len(b) > 1 {
		v = uint16(b[0])<<8 | uint16(b[1])
	}
	if c.pointer >= tmp102Low {
		c.limits[c.pointer-tmp102Low] = v
		return
	}
	c.config = v&tmp102Writable | tmp102Fixed
	switch {
	case c.config&tmp102Shutdown == 0:
		if old&tmp102Shutdown != 0 || old&tmp102Rate != c.config&tmp102Rate {
			c.work = conversions{next: now.Add(tmp102Conversion), period: c.period()}
		}
	case v&tmp102OneShot != 0:
		c.work = conversions{next: now.Add(tmp102Conversion)}
	case old&tmp102Shutdown == 0: // the conversion under way still ends
		c.work.period = 0
		if c.work.next.Sub(now) > tmp102Conversion {
			c.work.next = time.Time{}
		}
	}
}
