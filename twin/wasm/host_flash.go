package wasm

import (
	"errors"

	"github.com/twinrig/twinrig/twin/flash"
)

func flashFunctions() map[string]hostFunction {
	return map[string]hostFunction{
		"flash_size":        {":i", func(c *call) int64 { return c.hw.Flash().Size() }},
		"flash_erase_block": {":i", func(c *call) int64 { return c.hw.Flash().EraseBlock() }},
		"flash_write_size":  {":i", func(c *call) int64 { return int64(c.hw.Flash().WriteSize()) }},
		"flash_read": {"iii:i", func(c *call) int64 {
			offset := int64(c.u32())
			_, err := c.hw.Flash().ReadAt(c.bytes(), offset)
			return c.flashResult(err)
		}},
		"flash_write": {"iii:i", func(c *call) int64 {
			offset := int64(c.u32())
			_, err := c.hw.Flash().WriteAt(c.bytes(), offset)
			return c.flashResult(err)
		}},
		"flash_erase": {"ii:i", func(c *call) int64 {
			offset, size := int64(c.u32()), int64(c.u32())
			return c.flashResult(c.hw.Flash().Erase(offset, size))
		}},
	}
}

func (c *call) flashResult(err error) int64 {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flash.ErrRange), errors.Is(err, flash.ErrAlignment):
		return errorRange
	}
	return c.failed(err, errorIO)
}
