package wasm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures/thermostat"
	"github.com/twinrig/twinrig/twin/wasm"
)

func TestInitialMemory(t *testing.T) {
	bytes, err := wasm.InitialMemory(thermostat.Module)
	require.NoError(t, err)
	require.EqualValues(t, 64<<10, bytes, "one page, as its Makefile asks for")

	for n := range len(thermostat.Module) { // cut off anywhere
		bytes, err := wasm.InitialMemory(thermostat.Module[:n])
		require.True(t, err != nil || bytes == 64<<10)
	}
	head := []byte("\x00asm\x01\x00\x00\x00")
	for name, section := range map[string]string{"none": "", "no entry": "\x05\x01\x00", "too many pages": "\x05\x05\x01\x00\xff\xff\x7f", "a size that is too large": "\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		_, err := wasm.InitialMemory(append(head[:8:8], section...))
		require.Error(t, err, name)
	}
}
