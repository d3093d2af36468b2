package wasm

import (
	"encoding/binary"
	"errors"
)

// errNoMemory means that a module is not one, or declares no memory.
var errNoMemory = errors.New("wasm: the module declares no memory")

// InitialMemory returns the bytes of memory that each guest of a module begins with. It reads the module's memory
// section alone, WebAssembly Core Specification 5.5.8.
func InitialMemory(code []byte) (int64, error) {
	const header, memorySection = 8, 5
	if len(code) < header {
		return 0, errNoMemory
	}
	rest := code[header:]
	for len(rest) > 0 {
		id := rest[0]
		size, n := binary.Uvarint(rest[1:])
		if n <= 0 || size > uint64(len(rest)-1-n) {
			return 0, errNoMemory
		}
		body := rest[1+n : 1+n+int(size)]
		if id == memorySection {
			return firstMemory(body)
		}
		rest = rest[1+n+int(size):]
	}
	return 0, errNoMemory
}

// firstMemory reads a vector of limits: how many there are, then of each whether it has a maximum, its minimum in
// pages, and the maximum.
func firstMemory(body []byte) (int64, error) {
	count, n := binary.Uvarint(body)
	if n <= 0 || count == 0 || len(body) < n+1 {
		return 0, errNoMemory
	}
	least, m := binary.Uvarint(body[n+1:])
	if m <= 0 || least > 65536 {
		return 0, errNoMemory
	}
	return int64(least) * pageSize, nil
}
