package twin_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/flash"
	"github.com/twinrig/twinrig/twin/twintest"
	"periph.io/x/conn/v3/gpio"
)

// troubled is firmware that uses everything and comes to grief in every way.
func troubled(hw *twin.Hardware) error {
	hw.StartWatchdog(2 * time.Second)
	led, err := hw.Pin("LED")
	if err != nil {
		return err
	}
	button, err := hw.Pin("BUTTON")
	if err != nil {
		return err
	}
	if err := button.In(gpio.PullUp, gpio.BothEdges); err != nil {
		return err
	}
	store, err := flash.NewStore(hw.Flash(), 0, 2)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(hw.Console(), "BOOT reset=%s at %s\n", hw.ResetCause(), hw.Now()); err != nil {
		return err
	}
	for {
		hw.FeedWatchdog()
		if err := led.Out(gpio.Level(button.WaitForEdge(time.Duration(hw.Rand().IntN(1000)) * time.Millisecond))); err != nil {
			return err
		}
		if err := store.Save(fmt.Appendf(nil, "%d", hw.Millis())); err != nil {
			return err
		}
		switch hw.Rand().IntN(40) {
		case 0:
			return hw.Reboot()
		case 1:
			return fmt.Errorf("failed at %d", hw.Millis())
		case 2:
			hw.Go(func() error { panic(hw.Flash()) })
			return nil
		case 3:
			var none []int
			none[0]++
		case 4:
			return nil // until the watchdog bites
		}
	}
}

func TestSameSeedSameTrace(t *testing.T) {
	record := func(procs int) (text string) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		cfg := twin.Config{Firmware: troubled, Seed: 7, Flash: flash.Geometry{Size: 8192},
			Pins: []twin.PinSpec{{Name: "LED", Output: true}, {Name: "BUTTON", Pull: gpio.PullUp}}}
		twintest.Run(t, cfg, func(b *twintest.Bench) {
			for i := range 20 {
				if !b.Twin.Powered() {
					b.PowerOn()
				}
				b.Wait(7 * time.Second)
				b.Drive("BUTTON", gpio.Low)
				b.Wait(200 * time.Millisecond)
				b.Release("BUTTON")
				b.CutInFlashWrite(3+i, i)
				b.Wait(time.Duration(i) * time.Second)
				if b.Twin.Powered() && i%3 == 0 {
					b.Reset()
				}
			}
			for _, e := range b.Events() {
				line, err := e.MarshalJSON()
				require.NoError(t, err)
				text += string(line)
			}
		})
		return text
	}
	want := record(1)
	for _, what := range []string{"watchdog", `"cause":"software"`, `"cause":"fault"`, `"cause":"pin"`, "index out of range", "failed at", "cut", "panic: &{0x… "} {
		require.Contains(t, want, what)
	}
	for i := range 6 {
		require.Equal(t, want, record(1+i%2))
	}
}
