package wasm

// transmitBuffer is how many bytes wait to leave the console.
const transmitBuffer = 64 << 10

func consoleFunctions() map[string]hostFunction {
	return map[string]hostFunction{
		"console_write": {"ii:i", func(c *call) int64 { return int64(c.hw.WriteConsole(c.bytes(), transmitBuffer)) }},
		"console_read": {"ii:i", func(c *call) int64 {
			n := copy(c.bytes(), c.input)
			c.input = c.input[n:]
			return int64(n)
		}},
		"log": {"iii:", func(c *call) int64 {
			level, text := c.u32(), c.bytes()
			line := append([]byte{"EWID"[min(level, 3)], ' '}, text...)
			c.hw.WriteConsole(append(line, "\r\n"...), transmitBuffer)
			return 0
		}},
	}
}
