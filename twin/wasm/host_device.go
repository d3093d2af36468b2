package wasm

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/twinrig/twinrig/twin"
)

func milliseconds(n uint32) time.Duration { return time.Duration(n) * time.Millisecond }

func deviceFunctions() map[string]hostFunction {
	return map[string]hostFunction{
		"millis":   {":i", func(c *call) int64 { return int64(c.hw.Millis()) }},
		"uptime":   {":l", func(c *call) int64 { return c.hw.Uptime().Milliseconds() }},
		"time":     {":l", func(c *call) int64 { return c.hw.Now().UnixMilli() }},
		"set_time": {"l:", func(c *call) int64 { return c.failed(c.hw.SetTime(time.UnixMilli(c.i64())), 0) }},

		"id":          {"ii:i", func(c *call) int64 { return c.fill(c.hw.ID()) }},
		"version":     {"ii:i", func(c *call) int64 { return c.fill(c.hw.Version()) }},
		"reset_cause": {"ii:i", func(c *call) int64 { return c.fill(c.hw.ResetCause().String()) }},
		"param":       {"iiii:i", param},
		"param_duration": {"iil:l", func(c *call) int64 {
			name, otherwise := c.text(), c.i64()
			d, err := c.hw.ParamDuration(name, time.Duration(otherwise)*time.Millisecond)
			if err != nil {
				return errorRange
			}
			return d.Milliseconds()
		}},
		"random":         {":i", func(c *call) int64 { return int64(c.hw.Rand().Uint32()) }},
		"reboot":         {":", func(c *call) int64 { return c.failed(c.hw.Reboot(), 0) }},
		"watchdog_start": {"i:", func(c *call) int64 { c.hw.StartWatchdog(milliseconds(c.u32())); return 0 }},
		"watchdog_feed":  {":", func(c *call) int64 { c.hw.FeedWatchdog(); return 0 }},

		"sensor":       {"iii:i", sensorValue},
		"i2c":          {"ii:i", openI2C},
		"i2c_transfer": {"iiiiii:i", transferI2C},
	}
}

func param(c *call) int64 {
	name := c.text()
	value, given := c.hw.LookupParam(name)
	if !given {
		c.bytes() // is looked at all the same
		return errorName
	}
	return c.fill(value)
}

func sensorValue(c *call) int64 {
	name := c.text()
	place := c.at(c.u32(), 8)
	value, err := c.hw.Sensor(name)
	switch {
	case errors.Is(err, twin.ErrNoAnswer):
		return errorIO
	case err != nil:
		return c.failed(err, errorName)
	}
	binary.LittleEndian.PutUint64(place, math.Float64bits(value))
	return 0
}

// maxHandles bounds the handles a guest can open: opening one again and again is a leak of its own.
const maxHandles = 256

func openI2C(c *call) int64 {
	bus, err := c.hw.I2C(c.text())
	switch {
	case err != nil:
		return c.failed(err, errorName)
	case len(c.buses) >= maxHandles:
		return errorFull
	}
	c.buses = append(c.buses, bus)
	return int64(len(c.buses) - 1)
}

func transferI2C(c *call) int64 {
	bus, address := c.i32(), c.u32()
	write, read := c.bytes(), c.bytes()
	switch {
	case bus < 0 || int(bus) >= len(c.buses):
		return errorName
	case address > 0x7F:
		return errorRange
	}
	// The part must not see the guest's memory change while a stretched clock lets time pass.
	if err := c.buses[bus].Tx(uint16(address), append([]byte(nil), write...), read); err != nil {
		return c.failed(err, errorIO)
	}
	return 0
}
