package sensor

import (
	"encoding/binary"
	"math"
	"time"

	"periph.io/x/conn/v3/onewire"
)

func ds18b20Part() Part {
	return Part{
		Name: "ds18b20", About: "temperature, 0.0625 °C, 1-Wire (Maxim 19-7487)", Bus: OneWire,
		Addresses:  Addresses{1, 1<<48 - 1},
		Quantities: []Quantity{{Name: "temperature", Unit: "°C", Min: -55, Max: 125, Resolution: 0.0625, Default: 25}},
		New: func(b Board) Chip {
			return &ds18b20{board: b, eeprom: [3]byte{0x4B, 0x46, 0x7F}} // as delivered: alarms at 75 and 70 °C, 12 bits
		},
	}
}

const ds18b20Family = 0x28

// The function commands (19-7487, table 3).
const (
	ds18b20Convert     = 0x44
	ds18b20Write       = 0x4E
	ds18b20Read        = 0xBE
	ds18b20Copy        = 0x48
	ds18b20Recall      = 0xB8
	ds18b20PowerSupply = 0xB4
)

const (
	ds18b20Full = 750 * time.Millisecond // t_CONV at 12 bits; half of it for each bit less
	ds18b20At85 = 85 * 16                // the temperature register after power-on, in 0.0625 °C
)

// ds18b20 is a Maxim DS18B20 with a supply of its own (not fed by the bus).
type ds18b20 struct {
	board   Board
	eeprom  [3]byte // T_H, T_L, configuration; kept without power
	pad     [3]byte // the same in the scratchpad
	steps   int16   // the last result, in 0.0625 °C
	alarmed bool
	work    conversions
}

// PowerOn recalls the EEPROM; until the first conversion the temperature reads 85 °C.
func (c *ds18b20) PowerOn(time.Time) {
	*c = ds18b20{board: c.board, eeprom: c.eeprom, pad: c.eeprom, steps: ds18b20At85}
}

// ROM returns family, serial number and CRC.
func (c *ds18b20) ROM() uint64 {
	var code [8]byte
	binary.LittleEndian.PutUint64(code[:], c.board.Address<<8|ds18b20Family)
	code[7] = onewire.CalcCRC(code[:7])
	return binary.LittleEndian.Uint64(code[:])
}

// Alarmed reports whether the last result lay at T_H or above, or at T_L or below; of the result whole
// degrees count.
func (c *ds18b20) Alarmed() bool { return c.alarmed }

// dropped is how many of the lowest bits the configured resolution leaves out: 3 for 9 bits, 0 for 12.
func (c *ds18b20) dropped() int { return 3 - int(c.pad[2]>>5&3) }

// Advance ends a conversion.
func (c *ds18b20) Advance(now time.Time) {
	for _, at := range c.work.ended(now, 1) {
		q := Quantity{Min: -55, Max: 125}
		steps := int16(math.Floor(clamp(c.board.Read("temperature", at), q)/0.0625 + 0.5))
		c.steps = steps >> c.dropped() << c.dropped()
		degrees := int8(c.steps >> 4)
		c.alarmed = degrees >= int8(c.pad[0]) || degrees <= int8(c.pad[1])
	}
}

// Command carries out a function command and answers with what the master reads then.
func (c *ds18b20) Command(now time.Time, w, r []byte) {
	c.Advance(now)
	if len(w) == 0 {
		return
	}
	switch w[0] {
	case ds18b20Convert:
		if !c.work.pending() {
			c.work = conversions{next: now.Add(ds18b20Full >> c.dropped())}
		}
		fill(r, c.work.pending()) // zeros until it is done
	case ds18b20Write:
		copy(c.pad[:], w[1:])
		c.pad[2] = c.pad[2]&0x60 | 0x1F
	case ds18b20Read:
		copy(r, c.scratchpad())
	case ds18b20Copy:
		c.eeprom = c.pad
		fill(r, true) // busy; a reset of the bus does not wait for it
	case ds18b20Recall:
		c.pad = c.eeprom
	case ds18b20PowerSupply: // ones: it is not fed by the bus
	}
}

// fill answers with zeros where the chip is busy.
func fill(r []byte, busy bool) {
	for i := range r {
		if busy {
			r[i] = 0
		}
	}
}

// scratchpad returns its nine bytes (figure 9).
func (c *ds18b20) scratchpad() []byte {
	b := []byte{byte(c.steps), byte(c.steps >> 8), c.pad[0], c.pad[1], c.pad[2], 0xFF, 0x0C, 0x10}
	return append(b, onewire.CalcCRC(b))
}
