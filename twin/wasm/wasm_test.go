package wasm_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"periph.io/x/conn/v3/gpio"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/twintest"
	"github.com/twinrig/twinrig/twin/wasm"
)

func module(t testing.TB, name string) []byte {
	code, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return code
}

// unruly runs testdata/unruly.c with its param "do", on a twin that is powered on for a minute.
func unruly(t *testing.T, do string, params map[string]string, script func(*twintest.Bench)) {
	cache := wasm.NewCache()
	defer cache.Close()
	firmware, err := cache.Firmware(module(t, "unruly.wasm"), 64<<10)
	require.NoError(t, err)
	cfg := twin.Config{Firmware: firmware, Params: map[string]string{"do": do}, Pins: []twin.PinSpec{{Name: "LED", Output: true}}}
	for name, value := range params {
		cfg.Params[name] = value
	}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		script(b)
	})
}

func TestTrapsAreFaultsThatSayWhere(t *testing.T) {
	for do, want := range map[string]string{
		"unreachable": "wasm: trap: unreachable in act, called by tick",
		"divide":      "wasm: trap: integer divide by zero in divide, called by act, called by tick",
		"recursion":   "wasm: trap: out of bounds memory access in deep, called by deep",
		"beyond":      "wasm: trap: out of bounds memory access in beyond, called by act, called by tick",
		"init":        "wasm: trap: out of bounds memory access in beyond, called by init",
		"pointer":     "wasm: console_write: 512 bytes at 0xffffff00 are not inside the memory of 65536 bytes in act, called by tick",
	} {
		t.Run(do, func(t *testing.T) {
			unruly(t, do, nil, func(b *twintest.Bench) {
				fault := b.Until(time.Minute, "a fault", twintest.Is(trace.Fault))
				require.Contains(t, fault.Text, want)
				b.Until(time.Minute, "a reboot", twintest.Booted(twin.CauseFault))
				b.Until(time.Minute, "another fault", twintest.Is(trace.Fault))
				require.Contains(t, b.Console()[1], "FAULT: wasm: ")
			})
		})
	}
}

// A spinning guest is ended by the watch, after a second of processor time; in virtual time that is no time.
func TestSpinningGuestIsResetByItsWatchdog(t *testing.T) {
	for _, do := range []string{"spin", "spin-calls", "spin-idle"} {
		t.Run(do, func(t *testing.T) {
			unruly(t, do, map[string]string{"watchdog": "5s"}, func(b *twintest.Bench) {
				begun := time.Now()
				expired := b.Until(10*time.Second, "the watchdog", twintest.Is(trace.Watchdog))
				require.NotEmpty(t, expired.Text, "it tells what the firmware hung in")
				require.Equal(t, twin.BootTime+5*time.Second, time.Since(begun))
				b.Until(time.Second, "a boot", twintest.Booted(twin.CauseWatchdog))
				require.False(t, b.Twin.Spun())
				require.Empty(t, b.Of(twintest.Is(trace.Fault)))
			})
		})
	}
}

func TestSpinningGuestWithoutWatchdogIsFoundOut(t *testing.T) {
	unruly(t, "spin", nil, func(b *twintest.Bench) {
		fault := b.Until(time.Minute, "a fault", twintest.Is(trace.Fault))
		require.Contains(t, fault.Text, "computes on without ever calling or returning, and no watchdog was started")
		require.True(t, b.Twin.Spun())
	})
}

func TestSpinningGuestLosesPower(t *testing.T) {
	unruly(t, "spin", map[string]string{"watchdog": "1h"}, func(b *twintest.Bench) {
		b.Wait(time.Minute)
		b.Cut()
		b.PowerOn()
		b.Wait(time.Second)
		require.Len(t, b.Of(twintest.Is(trace.Boot)), 2)
	})
}

func TestGuestThatPollsItsClockGoesOn(t *testing.T) {
	unruly(t, "poll", map[string]string{"watchdog": "1s"}, func(b *twintest.Bench) {
		b.Wait(500 * time.Millisecond)
		require.Empty(t, b.Of(twintest.Is(trace.Watchdog)))
		require.Len(t, b.Of(twintest.Is(trace.Boot)), 1)
	})
}

func TestRebootDoesNotReturn(t *testing.T) {
	unruly(t, "reboot", nil, func(b *twintest.Bench) {
		b.Until(time.Minute, "a boot", twintest.Booted(twin.CauseSoftware))
		require.NotContains(t, b.Console(), "still here")
	})
}

func TestMemoryIsLimited(t *testing.T) {
	unruly(t, "grow", nil, func(b *twintest.Bench) {
		b.Wait(time.Second)
		require.Equal(t, []string{"BOOT", "no more memory"}, b.Console())
	})
}

// Ten megabytes at once: what fits the transmit buffer leaves, the rest is lost, and that is said once.
func TestPrintingTenMegabytes(t *testing.T) {
	unruly(t, "print", nil, func(b *twintest.Bench) {
		b.Wait(500 * time.Millisecond)
		faults := b.Of(twintest.Is(trace.Fault))
		require.Len(t, faults, 1)
		require.Contains(t, faults[0].Text, "transmit buffer of 65536 bytes is lost")
		require.Len(t, b.Of(twintest.Is(trace.Boot)), 1, "it is not a reason to reboot")
		b.Wait(5 * time.Second)
		size := 0
		for _, line := range b.Console() {
			size += len(line) + 1
		}
		require.LessOrEqual(t, size, 64<<10+6*115200/10)
		require.Greater(t, size, 60_000)
	})
}

func TestCheck(t *testing.T) {
	require.Empty(t, wasm.Check(module(t, "unruly.wasm"), 64<<10))
	require.Empty(t, wasm.Check(module(t, "large.wasm"), 1<<20))
	for _, c := range []struct {
		code   []byte
		memory int64
		want   []string
	}{
		{nil, 0, []string{"the module is empty"}},
		{[]byte("#!/bin/sh\n"), 0, []string{"this is not a WebAssembly module"}},
		{[]byte("\x00asm\x01\x00\x00\x00garbage"), 0, []string{"does not load"}},
		{module(t, "unruly.wasm")[:1000], 0, []string{"does not load"}},
		{module(t, "large.wasm"), 64 << 10, []string{"it wants more memory than the 64 KiB that the kind's ram allows"}},
		{module(t, "incomplete.wasm"), 0, []string{
			"its init is (i32), not ()", "it does not export tick; it exports init", "it imports env.puts", "it imports twinrig.launch, which does not exist",
			"it imports millis as () -> i64, but it is () -> i32",
		}},
	} {
		faults := wasm.Check(c.code, c.memory)
		require.Len(t, faults, len(c.want), "%v", faults)
		for i, want := range c.want {
			require.ErrorContains(t, faults[i], want)
		}
		cache := wasm.NewCache()
		_, err := cache.Firmware(c.code, c.memory)
		require.Error(t, err)
		cache.Close()
	}
}

// A power cut unwinds the guest wherever it is, and what it was told of the pins is undone.
func TestPowerCutEndsAGuest(t *testing.T) {
	cache := wasm.NewCache()
	defer cache.Close()
	firmware, err := cache.Firmware(module(t, "bench.wasm"), 64<<10)
	require.NoError(t, err)
	cfg := twin.Config{Firmware: firmware, Pins: []twin.PinSpec{{Name: "LED", Output: true}}}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		b.Until(time.Second, "the LED", twintest.PinIs("LED", gpio.High))
		b.Cut()
		require.Equal(t, gpio.Low, b.Level("LED"))
		n := len(b.Events())
		b.Wait(time.Minute)
		require.Len(t, b.Events(), n)
	})
}
