package sensor

import (
	"fmt"
	"math"
	"time"
)

func mcp3008Part() Part {
	p := Part{
		Name: "mcp3008", About: "eight voltages, 10 bits, SPI (Microchip DS21295)", Bus: SPI,
		Addresses: Addresses{0, 7},
		New:       func(b Board) Chip { return newMCP3008(b) },
	}
	for i := range mcp3008Channels {
		p.Quantities = append(p.Quantities, Quantity{Name: fmt.Sprintf("ch%d", i), Unit: "V", Also: map[string]float64{"mV": 0.001}, Max: 5.5, Resolution: 3.3 / 1024})
	}
	return p
}

const (
	mcp3008Channels = 8
	mcp3008Bits     = 10
)

// The states of a conversation (DS21295, figure 5-1): what the next clock is for.
const (
	mcp3008Idle    = iota // zeros, until the start bit
	mcp3008Control        // single or differential, then three bits of the channel
	mcp3008Sample         // the clock in which the sample ends
	mcp3008Null           // the null bit
	mcp3008Result         // ten bits, highest first, then again from the lowest up, then zeros
)

// mcp3008 is a Microchip MCP3008. It converts in the clocks of the transfer, so that a conversion takes
// no time of its own.
type mcp3008 struct {
	board    Board
	names    [mcp3008Channels]string
	state    int
	count    int // of bits in the state
	control  byte
	code     int
	selected bool
}

func newMCP3008(b Board) *mcp3008 {
	c := &mcp3008{board: b}
	if c.board.Vref == 0 {
		c.board.Vref = 3.3
	}
	for i := range c.names {
		c.names[i] = fmt.Sprintf("ch%d", i)
	}
	return c
}

// PowerOn ends a conversation under way.
func (c *mcp3008) PowerOn(time.Time) { c.Select(false) }

// Advance does nothing: nothing goes on between transfers.
func (c *mcp3008) Advance(time.Time) {}

// Modes returns 0 and 3 (section 6.1).
func (c *mcp3008) Modes() []int { return []int{0, 3} }

// Select begins a conversation, or ends it.
func (c *mcp3008) Select(selected bool) {
	if selected && c.selected {
		return
	}
	c.selected, c.state, c.count, c.control = selected, mcp3008Idle, 0, 0
}

// Transfer clocks bits through the chip.
func (c *mcp3008) Transfer(now time.Time, w, r []byte) {
	for i := range max(len(w), len(r)) {
		var in, out byte
		if i < len(w) {
			in = w[i]
		}
		for bit := 7; bit >= 0; bit-- {
			out |= c.clock(now, in>>bit&1) << bit
		}
		if i < len(r) {
			r[i] = out
		}
	}
}

// clock is one clock: a bit in and a bit out.
func (c *mcp3008) clock(now time.Time, in byte) (out byte) {
	switch c.state {
	case mcp3008Idle:
		if in == 1 {
			c.state, c.count = mcp3008Control, 0
		}
	case mcp3008Control:
		c.control = c.control<<1&0xF | in
		if c.count++; c.count == 4 {
			c.state = mcp3008Sample
		}
	case mcp3008Sample:
		c.code, c.state = c.convert(now), mcp3008Null
	case mcp3008Null:
		c.state, c.count = mcp3008Result, 0
	case mcp3008Result:
		switch n := c.count; {
		case n < mcp3008Bits:
			out = byte(c.code>>(mcp3008Bits-1-n)) & 1
		case n < 2*mcp3008Bits-1:
			out = byte(c.code>>(n-mcp3008Bits+1)) & 1
		}
		c.count++
	}
	return out
}

// convert takes the sample: of a channel, or of a pair (table 5-2), whose second one is the other of
// two neighbours. Below zero a difference reads as zero.
func (c *mcp3008) convert(now time.Time) int {
	channel := int(c.control & 7)
	volts := c.board.Read(c.names[channel], now)
	if c.control&8 == 0 {
		volts -= c.board.Read(c.names[channel^1], now)
	}
	code := math.Floor(volts / c.board.Vref * (1 << mcp3008Bits))
	return int(min(max(code, 0), 1<<mcp3008Bits-1))
}
