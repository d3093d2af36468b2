package twin

import (
	"fmt"
	"time"

	"github.com/twinrig/twinrig/twin/sensor"
	"periph.io/x/conn/v3/onewire"
)

// OneWire returns a 1-Wire bus of the device, on which the chips are that its sensors name. Calls take
// no time. Where no chip answers, Tx and Search fail with an error that is an onewire.NoDevicesError.
func (hw *Hardware) OneWire(name string) (onewire.Bus, error) {
	var bus onewire.Bus
	err := hw.do(func() error {
		_, err := hw.t.chipsOn(sensor.OneWire, name)
		bus = &oneWireBus{hw: hw, name: name}
		return err
	})
	if err != nil {
		return nil, err
	}
	return bus, nil
}

// oneWireBus is a 1-Wire bus as the firmware of one boot has it. The twin's mutex guards line.
type oneWireBus struct {
	hw   *Hardware
	name string
	line sensor.OneWireLine
}

// String returns the bus's name, as in the kind.
func (b *oneWireBus) String() string { return b.name }

// answering returns the chips that answer.
func (b *oneWireBus) answering() []sensor.OneWireChip {
	var answering []sensor.OneWireChip
	for _, c := range b.hw.t.chips {
		if c.bus == b.name && !c.silent() {
			answering = append(answering, c.Chip.(sensor.OneWireChip))
		}
	}
	return answering
}

// Tx resets the bus, writes w and reads r. The pull-up makes no difference: the chips have a supply.
func (b *oneWireBus) Tx(w, r []byte, _ onewire.Pullup) error {
	return b.hw.do(func() error {
		if !b.line.Tx(time.Now(), b.answering(), w, r) {
			return noDevices("twin: " + b.name + ": no chip answers the reset")
		}
		return nil
	})
}

// Search returns the ROM codes of the chips, of those in alarm alone where alarmOnly is true.
func (b *oneWireBus) Search(alarmOnly bool) ([]onewire.Address, error) {
	if alarmOnly {
		// Without a chip in alarm nothing answers, which onewire.Search takes for an error.
		alarmed := false
		err := b.hw.do(func() error {
			for _, c := range b.answering() {
				c.Advance(time.Now())
				alarmed = alarmed || c.Alarmed()
			}
			return nil
		})
		if err != nil || !alarmed {
			return nil, err
		}
	}
	return onewire.Search(b, alarmOnly)
}

// SearchTriplet takes one step of a search that Tx has begun. It implements onewire.BusSearcher.
func (b *oneWireBus) SearchTriplet(direction byte) (result onewire.TripletResult, err error) {
	err = b.hw.do(func() error {
		if direction > 1 {
			return fmt.Errorf("twin: %s: a search goes in the direction 0 or 1, not %d", b.name, direction)
		}
		result.GotZero, result.GotOne, result.Taken = b.line.Triplet(direction)
		return nil
	})
	return result, err
}

// noDevices is that nothing answers.
type noDevices string

func (e noDevices) Error() string   { return string(e) }
func (e noDevices) NoDevices() bool { return true }
func (e noDevices) BusError() bool  { return true }

var (
	_ onewire.BusSearcher    = (*oneWireBus)(nil)
	_ onewire.NoDevicesError = noDevices("")
	_ onewire.BusError       = noDevices("")
)
