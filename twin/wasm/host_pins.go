package wasm

import (
	"slices"

	"periph.io/x/conn/v3/gpio"
)

func pinFunctions() map[string]hostFunction {
	return map[string]hostFunction{
		"pin":       {"ii:i", openPin},
		"pin_input": {"ii:i", inputPin},
		"pin_read": {"i:i", func(c *call) int64 {
			pin, ok := c.pinAt(c.i32())
			if !ok {
				return errorName
			}
			if pin.Read() == gpio.High {
				return 1
			}
			return 0
		}},
		"pin_write": {"ii:i", func(c *call) int64 {
			pin, ok := c.pinAt(c.i32())
			if !ok {
				return errorName
			}
			if err := pin.Out(c.u32() != 0); err != nil {
				return c.failed(err, errorRange)
			}
			return 0
		}},
	}
}

func (c *call) pinAt(handle int32) (gpio.PinIO, bool) {
	if handle < 0 || int(handle) >= len(c.pins) {
		return nil, false
	}
	return c.pins[handle], true
}

func openPin(c *call) int64 {
	pin, err := c.hw.Pin(c.text())
	if err != nil {
		return c.failed(err, errorName)
	}
	for i, known := range c.pins {
		if known.Number() == pin.Number() {
			return int64(i)
		}
	}
	c.pins = append(c.pins, pin)
	return int64(len(c.pins) - 1)
}

func inputPin(c *call) int64 {
	pin, ok := c.pinAt(c.i32())
	pull := c.u32()
	pulls := []gpio.Pull{gpio.Float, gpio.PullDown, gpio.PullUp} // as twinrig.h numbers them
	switch {
	case !ok:
		return errorName
	case pull >= uint32(len(pulls)):
		return errorRange
	}
	if err := pin.In(pulls[pull], gpio.BothEdges); err != nil {
		return c.failed(err, errorRange)
	}
	if !slices.Contains(c.inputs, pin) {
		c.inputs = append(c.inputs, pin)
	}
	return 0
}
