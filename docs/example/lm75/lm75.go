// Package lm75 models the LM75, a temperature sensor on I²C.
package lm75

import (
	"math"
	"time"

	"github.com/twinrig/twinrig/twin/sensor"
)

// Part describes the LM75 (Texas Instruments SNOS808).
func Part() sensor.Part {
	return sensor.Part{
		Name: "lm75", About: "temperature, 0.5 °C, I²C (Texas Instruments SNOS808)", Bus: sensor.I2C,
		Addresses:  sensor.Addresses{Min: 0x48, Max: 0x4F},
		Quantities: []sensor.Quantity{{Name: "temperature", Unit: "°C", Min: -55, Max: 125, Resolution: 0.5, Default: 25}},
		New:        func(b sensor.Board) sensor.Chip { return &chip{board: b} },
	}
}

// conversion is how long a conversion takes; one follows the other.
const conversion = 100 * time.Millisecond

type chip struct {
	board   sensor.Board
	pointer byte
	done    time.Time // when the last conversion ended
	steps   int16     // its result, in 0.5 °C
}

// PowerOn is the state of a chip that just got its supply.
func (c *chip) PowerOn(now time.Time) { *c = chip{board: c.board, done: now} }

// Advance ends the conversions that are due. Only the last one can still be read.
func (c *chip) Advance(now time.Time) {
	n := now.Sub(c.done) / conversion
	if n == 0 {
		return
	}
	c.done = c.done.Add(n * conversion)
	c.steps = int16(math.Round(c.board.Read("temperature", c.done) / 0.5))
}

// Tx writes the pointer and reads the register that it points to. Only the temperature is modelled.
func (c *chip) Tx(now time.Time, w, r []byte) error {
	c.Advance(now)
	if len(w) > 0 {
		c.pointer = w[0]
	}
	if c.pointer != 0 && len(r) > 0 {
		return sensor.ErrNACK
	}
	word := uint16(c.steps << 7)
	copy(r, []byte{byte(word >> 8), byte(word)})
	return nil
}
