package twin_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/twin"
	"periph.io/x/conn/v3/gpio"
)

// A twin boots on the wall clock, as in live mode. In a unit test use package twintest, which runs it
// in virtual time.
func Example() {
	firmware := func(hw *twin.Hardware) error {
		led, err := hw.Pin("LED")
		if err != nil {
			return err
		}
		if err := led.Out(gpio.High); err != nil {
			return err
		}
		_, err = fmt.Fprintf(hw.Console(), "BOOT %s reset=%s\n", hw.Version(), hw.ResetCause())
		return err
	}

	loop := vtime.NewLoop(nil)
	device, err := twin.New(twin.Config{
		Name: "lamp", Version: "v1.0.0", Firmware: firmware,
		Pins:   []twin.PinSpec{{Name: "LED", Output: true}},
		Source: loop.Source(),
		Emit: func(e trace.Event) {
			fmt.Printf("%s: %s\n", e.Kind, strings.TrimSpace(e.Name+" "+e.Cause+" "+e.Text))
			if e.Kind == trace.Console {
				loop.Stop()
			}
		},
	})
	if err != nil {
		panic(err)
	}
	if err := device.PowerOn(); err != nil {
		panic(err)
	}
	loop.Run(func() bool { return false })
	device.Close()
	// Output:
	// power: on
	// boot: power v1.0.0
	// pin: LED
	// console: BOOT v1.0.0 reset=power
}

// blinker is firmware as a step function: it never waits, and says when it wants to be called next.
type blinker struct {
	led  gpio.PinIO
	next time.Time
	on   gpio.Level
}

func (b *blinker) Step(now time.Time) (next time.Time, err error) {
	if !now.Before(b.next) {
		b.on, b.next = !b.on, now.Add(10*time.Millisecond)
		if err := b.led.Out(b.on); err != nil {
			return next, err
		}
	}
	return b.next, nil
}

// Firmware for large fleets boots, and goes on as a step function.
func ExampleHardware_Steps() {
	loop := vtime.NewLoop(nil)
	changes := 0
	device, err := twin.New(twin.Config{
		Name: "lamp", Pins: []twin.PinSpec{{Name: "LED", Output: true}}, Source: loop.Source(),
		Firmware: func(hw *twin.Hardware) error {
			led, err := hw.Pin("LED")
			if err != nil {
				return err
			}
			return hw.Steps(&blinker{led: led})
		},
		Emit: func(e trace.Event) {
			fmt.Println(e.Kind, e.Name, e.Value)
			if changes++; changes == 5 {
				loop.Stop()
			}
		},
	})
	if err != nil {
		panic(err)
	}
	if err := device.PowerOn(); err != nil {
		panic(err)
	}
	loop.Run(func() bool { return false })
	device.Close()
	// Output:
	// power on 0
	// boot  0
	// pin LED 1
	// pin LED 0
	// pin LED 1
}
