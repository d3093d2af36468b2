package wasm_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/twintest"
	"github.com/twinrig/twinrig/twin/wasm"
)

func startup(t *testing.T, code []byte, params map[string]string, script func(*twintest.Bench)) {
	cache := wasm.NewCache()
	defer cache.Close()
	firmware, err := cache.Firmware(code, 64<<10)
	require.NoError(t, err)
	twintest.Run(t, twin.Config{Firmware: firmware, Params: params}, func(b *twintest.Bench) {
		b.PowerOn()
		script(b)
	})
}

// Constructors may call the twin like any other code.
func TestInitializeComesBeforeInit(t *testing.T) {
	startup(t, module(t, "startup.wasm"), nil, func(b *twintest.Bench) {
		b.Wait(time.Second)
		require.Equal(t, []string{"INITIALIZE", "INIT"}, b.Console())
	})
}

func TestSpinningInitializeIsResetByItsWatchdog(t *testing.T) {
	startup(t, module(t, "startup.wasm"), map[string]string{"do": "spin"}, func(b *twintest.Bench) {
		b.Until(10*time.Second, "the watchdog", twintest.Is(trace.Watchdog))
		b.Until(time.Second, "a boot", twintest.Booted(twin.CauseWatchdog))
	})
}

// A start section runs while the instance is made. No compiler of C makes one, so this module is made by hand.
func TestStartSectionThatCallsTheTwin(t *testing.T) {
	code := []byte("\x00asm\x01\x00\x00\x00" +
		"\x01\x0e\x03\x60\x00\x00\x60\x00\x01\x7f\x60\x02\x7f\x7f\x01\x7f" + // types: (), () -> i32, (i32, i32) -> i32
		"\x02\x19\x01\x07twinrig\x0dconsole_write\x00\x02" +
		"\x03\x04\x03\x00\x00\x01" + // functions: start, init, tick
		"\x05\x03\x01\x00\x01" + // a page of memory
		"\x07\x18\x03\x06memory\x02\x00\x04init\x00\x02\x04tick\x00\x03" +
		"\x08\x01\x01" + // the start section
		"\x0a\x13\x03\x09\x00\x41\x00\x41\x05\x10\x00\x1a\x0b\x02\x00\x0b\x04\x00\x41\x7f\x0b")
	startup(t, code, nil, func(b *twintest.Bench) {
		fault := b.Until(time.Minute, "a fault", twintest.Is(trace.Fault))
		require.Contains(t, fault.Text, "wasm: the start section of the module calls the twin with a buffer; do that in _initialize or init")
	})
}
