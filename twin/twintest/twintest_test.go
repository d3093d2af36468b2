package twintest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/twintest"
	"periph.io/x/conn/v3/gpio"
)

func blink(hw *twin.Hardware) error {
	led, err := hw.Pin("LED")
	if err != nil {
		return err
	}
	for level := gpio.High; ; level = !level {
		if err := led.Out(level); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(hw.Console(), "LED %s\n", level); err != nil {
			return err
		}
		if err := hw.Sleep(500 * time.Millisecond); err != nil {
			return err
		}
	}
}

var pins = []twin.PinSpec{{Name: "LED", Output: true}, {Name: "IN"}}

func TestUntilStopsAtTheEvent(t *testing.T) {
	twintest.Run(t, twin.Config{Firmware: blink, Pins: pins}, func(b *twintest.Bench) {
		start := time.Now()
		require.Equal(t, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), start.UTC())
		b.PowerOn()
		require.Equal(t, start, time.Now())
		for i, level := range []gpio.Level{gpio.High, gpio.Low, gpio.High} {
			e := b.Until(500*time.Millisecond, "the LED changes", twintest.PinIs("LED", level))
			require.Equal(t, twin.BootTime+time.Duration(i)*500*time.Millisecond, e.At)
			require.Equal(t, start.Add(e.At), time.Now())
			require.Equal(t, level, b.Level("LED"))
		}
		b.Wait(10 * time.Millisecond)
		require.Equal(t, []string{"LED High", "LED Low", "LED High"}, b.Console())
		require.Len(t, b.Of(twintest.Line("High")), 2)
		require.Len(t, b.Of(twintest.Booted(twin.CausePower)), 1)
		require.Empty(t, b.Of(twintest.Booted(twin.CausePin)))
	})
}

func TestUntilLooksForwardOnly(t *testing.T) {
	twintest.Run(t, twin.Config{Firmware: blink, Pins: pins}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(200 * time.Millisecond)
		e := b.Until(2*time.Second, "the LED goes on again", twintest.PinIs("LED", gpio.High))
		require.Equal(t, twin.BootTime+time.Second, e.At)
	})
}

func TestEmitIsPassedOn(t *testing.T) {
	var kinds []trace.Kind
	emit := func(e trace.Event) { kinds = append(kinds, e.Kind) }
	twintest.Run(t, twin.Config{Name: "lamp", Firmware: blink, Pins: pins, Emit: emit}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Drive("IN", gpio.High)
		require.Equal(t, "lamp", b.Twin.Name())
		require.Len(t, b.Events(), 2)
	})
	require.Equal(t, []trace.Kind{trace.Power, trace.Pin}, kinds)
}
