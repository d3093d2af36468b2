package twin

import (
	"errors"
	"fmt"
	"time"

	"github.com/twinrig/twinrig/twin/sensor"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
)

// I2C returns an I²C bus of the device, on which the chips are that its sensors name. A Tx to an address
// at which nothing answers fails with an error that wraps sensor.ErrNACK. A call takes no time, but for
// a chip that stretches the clock: then it waits as long as the chip does.
func (hw *Hardware) I2C(name string) (i2c.Bus, error) {
	var bus i2c.Bus
	err := hw.do(func() error {
		_, err := hw.t.chipsOn(sensor.I2C, name)
		bus = &i2cBus{hw: hw, name: name}
		return err
	})
	if err != nil {
		return nil, err
	}
	return bus, nil
}

// i2cBus is an I²C bus as the firmware of one boot has it.
type i2cBus struct {
	hw   *Hardware
	name string
}

// String returns the bus's name, as in the kind.
func (b *i2cBus) String() string { return b.name }

// SetSpeed accepts any speed: bytes take no time.
func (b *i2cBus) SetSpeed(f physic.Frequency) error {
	return b.hw.do(func() error {
		if f <= 0 {
			return fmt.Errorf("twin: %s: a speed of %s", b.name, f)
		}
		return nil
	})
}

// Tx writes w to the chip at an address and then, after a repeated start, reads r.
func (b *i2cBus) Tx(addr uint16, w, r []byte) error {
	for {
		err := b.hw.do(func() error { return b.tx(addr, w, r) })
		var stretch *sensor.Stretch
		if !errors.As(err, &stretch) {
			return err
		}
		timer := time.NewTimer(time.Until(stretch.Until))
		select {
		case <-timer.C:
			w = nil // was taken; what is left is the read
		case <-b.hw.ctx.Done():
			timer.Stop()
		}
	}
}

func (b *i2cBus) tx(addr uint16, w, r []byte) error {
	c := b.hw.t.chipAt(b.name, uint64(addr))
	if c == nil || c.silent() {
		return fmt.Errorf("twin: %s: nothing answers at %#02x: %w", b.name, addr, sensor.ErrNACK)
	}
	err := c.Chip.(sensor.I2CChip).Tx(time.Now(), w, r)
	if errors.Is(err, sensor.ErrNACK) {
		return fmt.Errorf("twin: %s: the %s at %#02x does not answer now: %w", b.name, c.part.Name, addr, err)
	}
	return err
}

var _ i2c.Bus = (*i2cBus)(nil)
