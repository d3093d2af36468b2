package twin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twinrig/twinrig/twin/sensor"
	periph "periph.io/x/conn/v3"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// SPI returns a port of an SPI bus of the device: bus and chip select, as in spi0.1; a bus alone is its
// chip select 0. Transfers take no time. SPI has no acknowledge: a chip that does not answer leaves the
// line low, so that zeros are read.
func (hw *Hardware) SPI(name string) (spi.Port, error) {
	var port spi.Port
	err := hw.do(func() error {
		bus, number, selects := strings.Cut(name, ".")
		cs := uint64(0)
		if selects {
			var err error
			if cs, err = strconv.ParseUint(number, 10, 8); err != nil {
				return fmt.Errorf("twin: %s: %q is no chip select, as in spi0.1", hw.ID(), name)
			}
		}
		if _, err := hw.t.chipsOn(sensor.SPI, bus); err != nil {
			return err
		}
		port = &spiPort{hw: hw, bus: bus, cs: cs}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return port, nil
}

// spiPort is a port as the firmware of one boot has it.
type spiPort struct {
	hw  *Hardware
	bus string
	cs  uint64
}

// String returns bus and chip select, as in spi0.0.
func (p *spiPort) String() string { return fmt.Sprintf("%s.%d", p.bus, p.cs) }

// Connect returns a connection. The mode must be one that the chip talks, and a word has 8 bits; any
// speed will do.
func (p *spiPort) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	err := p.hw.do(func() error {
		switch c := p.chip(); {
		case f < 0:
			return fmt.Errorf("twin: %s: a speed of %s", p, f)
		case bits != 8:
			return fmt.Errorf("twin: %s: a word of %d bits; only 8 are supported", p, bits)
		case mode&^spi.Mode3 != 0:
			return fmt.Errorf("twin: %s: mode %s; only the plain modes 0 to 3 are supported", p, mode)
		case c != nil && !slices.Contains(c.Chip.(sensor.SPIChip).Modes(), int(mode)):
			return fmt.Errorf("twin: %s: a %s does not talk in mode %d, only in %v", p, c.part.Name, int(mode), c.Chip.(sensor.SPIChip).Modes())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &spiConn{p}, nil
}

// chip returns the chip that is selected, or nil.
func (p *spiPort) chip() *chip { return p.hw.t.chipAt(p.bus, p.cs) }

// spiConn is a connection over a port.
type spiConn struct{ *spiPort }

// Duplex returns conn.Full.
func (c *spiConn) Duplex() periph.Duplex { return periph.Full }

// Tx shifts w out and r in at once. They have the same length, or one of them is empty.
func (c *spiConn) Tx(w, r []byte) error {
	return c.TxPackets([]spi.Packet{{W: w, R: r}})
}

// TxPackets does several transfers; the chip stays selected after those with KeepCS.
func (c *spiConn) TxPackets(packets []spi.Packet) error {
	return c.hw.do(func() error {
		for i := range packets {
			p := &packets[i]
			if len(p.W) != 0 && len(p.R) != 0 && len(p.W) != len(p.R) {
				return fmt.Errorf("twin: %s: %d bytes out and %d in; as many go both ways", c, len(p.W), len(p.R))
			}
			if p.BitsPerWord != 0 && p.BitsPerWord != 8 {
				return fmt.Errorf("twin: %s: a word of %d bits; only 8 are supported", c, p.BitsPerWord)
			}
		}
		for i := range packets {
			c.transfer(&packets[i])
		}
		return nil
	})
}

func (c *spiConn) transfer(p *spi.Packet) {
	clear(p.R)
	mounted := c.chip()
	if mounted == nil || mounted.silent() {
		return
	}
	chip := mounted.Chip.(sensor.SPIChip)
	chip.Select(true)
	chip.Transfer(time.Now(), p.W, p.R)
	if !p.KeepCS {
		chip.Select(false)
	}
}

var (
	_ spi.Port = (*spiPort)(nil)
	_ spi.Conn = (*spiConn)(nil)
)
