package sensor

import (
	"math"
	"time"
)

func sht3xPart() Part {
	return Part{
		Name: "sht3x", About: "temperature and humidity, I²C (Sensirion SHT3x-DIS)", Bus: I2C,
		Addresses: Addresses{0x44, 0x45},
		Quantities: []Quantity{
			{Name: "temperature", Unit: "°C", Min: -45, Max: 130, Resolution: 175.0 / 65535, Default: 25},
			{Name: "humidity", Unit: "%", Also: map[string]float64{"%RH": 1}, Min: 0, Max: 100, Resolution: 100.0 / 65535, Default: 50},
		},
		New: func(b Board) Chip { return &sht3x{board: b, quantities: sht3xPart().Quantities} },
	}
}

// The commands (SHT3x-DIS data sheet, tables 9 to 18).
const (
	sht3xFetch        = 0xE000
	sht3xBreak        = 0x3093
	sht3xAccelerated  = 0x2B32
	sht3xSoftReset    = 0x30A2
	sht3xHeaterOn     = 0x306D
	sht3xHeaterOff    = 0x3066
	sht3xReadStatus   = 0xF32D
	sht3xClearStatus  = 0x3041
	sht3xSerial       = 0x3780 // with clock stretching
	sht3xSerialNoWait = 0x3682
)

// The bits of the status register (table 17).
const (
	sht3xAlertPending  = 1 << 15
	sht3xHeater        = 1 << 13
	sht3xResetDetected = 1 << 4
	sht3xCommandFailed = 1 << 1
)

// Times without an answer after power-on and soft reset, and after break (table 4 and section 4.8), typical.
const (
	sht3xStart = 500 * time.Microsecond
	sht3xStop  = time.Millisecond
)

// sht3xMeasurement is what a command to measure asks for.
type sht3xMeasurement struct {
	duration time.Duration // typical, by repeatability: high, medium, low (table 4)
	period   time.Duration // zero: once
	stretch  bool
}

// sht3xMeasure returns the measurement of a command, by tables 9 and 10.
func sht3xMeasure(command uint16) (m sht3xMeasurement, ok bool) {
	const high, medium, low = 12500 * time.Microsecond, 4500 * time.Microsecond, 2500 * time.Microsecond
	for _, row := range [...]struct {
		commands [3]uint16 // high, medium, low
		period   time.Duration
		stretch  bool
	}{
		{[3]uint16{0x2C06, 0x2C0D, 0x2C10}, 0, true},
		{[3]uint16{0x2400, 0x240B, 0x2416}, 0, false},
		{[3]uint16{0x2032, 0x2024, 0x202F}, 2 * time.Second, false},
		{[3]uint16{0x2130, 0x2126, 0x212D}, time.Second, false},
		{[3]uint16{0x2236, 0x2220, 0x222B}, 500 * time.Millisecond, false},
		{[3]uint16{0x2334, 0x2322, 0x2329}, 250 * time.Millisecond, false},
		{[3]uint16{0x2737, 0x2721, 0x272A}, 100 * time.Millisecond, false},
	} {
		for i, duration := range [...]time.Duration{high, medium, low} {
			if row.commands[i] == command {
				return sht3xMeasurement{duration, row.period, row.stretch}, true
			}
		}
	}
	if command == sht3xAccelerated {
		return sht3xMeasurement{high, 250 * time.Millisecond, false}, true
	}
	return m, false
}

// sht3x is a Sensirion SHT30, SHT31 or SHT35.
type sht3x struct {
	board      Board
	quantities []Quantity

	busy     time.Time // no answer before
	work     conversions
	stretch  bool
	result   []byte // not fetched yet
	answer   []byte // of the command before, such as the status
	expected bool   // a read is for the result
	status   uint16
}

// PowerOn clears everything; the status says that there was a reset (0x8010, table 17).
func (c *sht3x) PowerOn(now time.Time) {
	*c = sht3x{board: c.board, quantities: c.quantities, busy: now.Add(sht3xStart), status: sht3xAlertPending | sht3xResetDetected}
}

// Advance ends measurements.
func (c *sht3x) Advance(now time.Time) {
	for _, at := range c.work.ended(now, 1) {
		read := func(i int) float64 { return clamp(c.board.Read(c.quantities[i].Name, at), c.quantities[i]) }
		c.result = append(sht3xWord(uint16(math.Round((read(0)+45)/175*65535))), sht3xWord(uint16(math.Round(read(1)/100*65535)))...)
	}
}

// Tx takes a command of two bytes and then reads what it asked for.
func (c *sht3x) Tx(now time.Time, w, r []byte) error {
	c.Advance(now)
	if now.Before(c.busy) || c.measuring() && !(len(w) == 0 && c.stretch) {
		return ErrNACK
	}
	if len(w) > 0 {
		if err := c.command(now, w); err != nil {
			return err
		}
	}
	if len(r) == 0 {
		return nil
	}
	if c.measuring() {
		if c.stretch {
			return &Stretch{Until: c.work.next}
		}
		return ErrNACK
	}
	return c.read(r)
}

// measuring reports whether a single measurement is under way; then the chip answers nothing.
func (c *sht3x) measuring() bool { return c.work.pending() && c.work.period == 0 }

func (c *sht3x) periodic() bool { return c.work.period > 0 }

// command carries out a command. In periodic mode the chip takes those that are meant for it and break.
func (c *sht3x) command(now time.Time, w []byte) error {
	c.answer, c.expected = nil, false
	if len(w) < 2 {
		return nil
	}
	command := uint16(w[0])<<8 | uint16(w[1])
	if m, ok := sht3xMeasure(command); ok {
		if c.periodic() {
			return c.refuse()
		}
		c.result, c.stretch, c.expected = nil, m.stretch, m.period == 0
		c.work = conversions{next: now.Add(m.duration), period: m.period}
		return nil
	}
	switch command {
	case sht3xFetch:
		if !c.periodic() {
			return c.refuse()
		}
		c.expected = true
	case sht3xBreak:
		c.work, c.result, c.busy = conversions{}, nil, now.Add(sht3xStop)
	case sht3xSoftReset:
		if c.periodic() {
			return c.refuse()
		}
		c.PowerOn(now)
	case sht3xHeaterOn:
		c.status |= sht3xHeater
	case sht3xHeaterOff:
		c.status &^= sht3xHeater
	case sht3xReadStatus:
		c.answer = sht3xWord(c.status)
	case sht3xClearStatus:
		c.status &= sht3xHeater
	case sht3xSerial, sht3xSerialNoWait:
		c.answer = append(sht3xWord(0x5448), sht3xWord(uint16(c.board.Address))...)
	default:
		return c.refuse()
	}
	return nil
}

// refuse notes in the status that a command was not carried out.
func (c *sht3x) refuse() error {
	c.status |= sht3xCommandFailed
	return ErrNACK
}

// read hands the answer out, or the result, once. Behind it nobody drives the bus.
func (c *sht3x) read(r []byte) error {
	answer := c.answer
	if answer == nil && c.expected {
		answer, c.result = c.result, nil
	}
	if answer == nil {
		return ErrNACK
	}
	for i := copy(r, answer); i < len(r); i++ {
		r[i] = 0xFF
	}
	return nil
}

// sht3xWord is a word with its check sum: CRC-8, polynomial 0x31, from 0xFF (section 4.12).
func sht3xWord(v uint16) []byte {
	word := []byte{byte(v >> 8), byte(v)}
	crc := byte(0xFF)
	for _, b := range word {
		crc ^= b
		for range 8 {
			if crc&0x80 != 0 {
				crc = crc<<1 ^ 0x31
			} else {
				crc <<= 1
			}
		}
	}
	return append(word, crc)
}
