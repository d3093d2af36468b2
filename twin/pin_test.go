package twin_test

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

// levels returns the pin events, as name=level at time.
func levels(b *twintest.Bench) []string {
	var lines []string
	for _, e := range b.Of(twintest.Is(trace.Pin)) {
		lines = append(lines, fmt.Sprintf("%s=%v at %s", e.Name, e.Value, e.At))
	}
	return lines
}

func pinOf(t *testing.T, hw *twin.Hardware, name string) gpio.PinIO {
	t.Helper()
	p, err := hw.Pin(name)
	require.NoError(t, err)
	return p
}

func TestPinLevel(t *testing.T) {
	var led gpio.PinIO
	firmware := func(hw *twin.Hardware) error { led = pinOf(t, hw, "LED"); return idle(hw) }
	pins := []twin.PinSpec{{Name: "UP", Pull: gpio.PullUp}, {Name: "LED", Output: true}}
	twintest.Run(t, twin.Config{Firmware: firmware, Pins: pins}, func(b *twintest.Bench) {
		require.Equal(t, gpio.High, b.Level("UP")) // the board's resistor, without power too
		require.Equal(t, gpio.Low, b.Level("LED"))
		b.PowerOn()
		b.Wait(time.Second)
		b.Drive("LED", gpio.High) // the bench, while the firmware does not
		require.Equal(t, gpio.High, led.Read())
		require.NoError(t, led.Out(gpio.Low)) // the firmware is the stronger
		require.NoError(t, led.Out(gpio.Low)) // no change, no event
		require.NoError(t, led.In(gpio.PullNoChange, gpio.NoEdge))
		b.Release("LED")
		require.NoError(t, led.In(gpio.PullUp, gpio.NoEdge))
		require.NoError(t, led.In(gpio.PullNoChange, gpio.NoEdge))
		require.Equal(t, gpio.PullUp, led.Pull())
		require.Equal(t, gpio.Float, led.DefaultPull())
		require.NoError(t, led.In(gpio.PullDown, gpio.NoEdge))
		b.Wait(0)
		require.Equal(t, []string{"LED=1 at 1s", "LED=0 at 1s", "LED=1 at 1s", "LED=0 at 1s", "LED=1 at 1s", "LED=0 at 1s"}, levels(b))
		b.Drive("UP", gpio.Low)
		b.Release("UP")
		require.Equal(t, gpio.High, b.Level("UP"))
	})
}

func TestOutputsFloatWhenTheBootEnds(t *testing.T) {
	ends := map[string]func(*twintest.Bench){"cut": (*twintest.Bench).Cut, "off": (*twintest.Bench).PowerOff, "reset": (*twintest.Bench).Reset}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			firmware := func(hw *twin.Hardware) error {
				if hw.ResetCause() == twin.CausePower {
					require.NoError(t, pinOf(t, hw, "A").Out(gpio.High))
					require.NoError(t, pinOf(t, hw, "B").Out(gpio.Low))
				}
				return idle(hw)
			}
			pins := []twin.PinSpec{{Name: "B", Output: true, Pull: gpio.PullUp}, {Name: "A", Output: true}}
			twintest.Run(t, twin.Config{Firmware: firmware, Pins: pins}, func(b *twintest.Bench) {
				b.PowerOn()
				b.Wait(time.Second)
				end(b)
				b.Wait(time.Second)
				require.Equal(t, []string{"A=1 at 100ms", "B=0 at 100ms", "B=1 at 1s", "A=0 at 1s"}, levels(b))
			})
		})
	}
}

func TestPinErrors(t *testing.T) {
	var hw *twin.Hardware
	firmware := func(h *twin.Hardware) error { hw = h; return idle(h) }
	pins := []twin.PinSpec{{Name: "BUTTON"}, {Name: "LED", Output: true}}
	twintest.Run(t, twin.Config{Name: "x", Firmware: firmware, Pins: pins}, func(b *twintest.Bench) {
		require.EqualError(t, b.Twin.Drive("NONE", gpio.High), `twin: x has no pin "NONE"`)
		require.EqualError(t, b.Twin.Release("NONE"), `twin: x has no pin "NONE"`)
		_, err := b.Twin.Level("NONE")
		require.EqualError(t, err, `twin: x has no pin "NONE"`)
		b.PowerOn()
		b.Wait(time.Second)
		_, err = hw.Pin("NONE")
		require.EqualError(t, err, `twin: x has no pin "NONE"`)
		button, led := pinOf(t, hw, "BUTTON"), pinOf(t, hw, "LED")
		require.EqualError(t, button.Out(gpio.High), "twin: x.BUTTON is an input; firmware cannot drive it")
		require.ErrorContains(t, led.PWM(gpio.DutyHalf, 0), "x.LED: pulse width modulation is not supported")
		require.ErrorContains(t, button.In(gpio.Pull(9), gpio.NoEdge), "no such input")
		require.ErrorContains(t, button.In(gpio.PullUp, gpio.Edge(9)), "no such input")
		require.Equal(t, "LED(1)", led.String())
		require.Equal(t, 1, led.Number())
		require.Equal(t, "In/Low", led.Function())
		require.NoError(t, button.In(gpio.PullUp, gpio.NoEdge))
		require.Equal(t, "In/High", button.Function())
		require.NoError(t, led.Out(gpio.High))
		require.Equal(t, "Out/High", led.Function())
		require.Equal(t, gpio.PullNoChange, led.Pull())
		require.NoError(t, led.Out(gpio.Low))
		require.Equal(t, "Out/Low", led.Function())
	})
}

func TestEdges(t *testing.T) {
	cases := []struct {
		edge gpio.Edge
		want []string // of a low pulse of one second, three seconds after the boot
	}{
		{gpio.FallingEdge, []string{"true 3s", "false 13s"}},
		{gpio.RisingEdge, []string{"true 4s", "false 14s"}},
		{gpio.BothEdges, []string{"true 3s", "true 4s", "false 14s"}},
		{gpio.NoEdge, []string{"false 10s"}},
	}
	for _, c := range cases {
		t.Run(c.edge.String(), func(t *testing.T) {
			var got []string
			firmware := func(hw *twin.Hardware) error {
				button := pinOf(t, hw, "BUTTON")
				require.NoError(t, button.In(gpio.PullUp, c.edge)) // the pull makes an edge of its own: not counted
				for {
					edge := button.WaitForEdge(10 * time.Second)
					got = append(got, fmt.Sprint(edge, " ", hw.Uptime()))
					if !edge {
						return idle(hw)
					}
				}
			}
			twintest.Run(t, twin.Config{Firmware: firmware, Pins: []twin.PinSpec{{Name: "BUTTON"}}}, func(b *twintest.Bench) {
				b.PowerOn()
				b.Wait(twin.BootTime + 3*time.Second)
				b.Drive("BUTTON", gpio.Low)
				b.Drive("BUTTON", gpio.Low)
				b.Wait(time.Second)
				b.Release("BUTTON")
				b.Wait(time.Minute)
				require.Equal(t, c.want, got)
			})
		})
	}
}

func TestEdgesCoalesceAndAreForgotten(t *testing.T) {
	var button gpio.PinIO
	firmware := func(hw *twin.Hardware) error { button = pinOf(t, hw, "BUTTON"); return idle(hw) }
	twintest.Run(t, twin.Config{Firmware: firmware, Pins: []twin.PinSpec{{Name: "BUTTON", Pull: gpio.PullUp}}}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		bounce := func() {
			for range 5 {
				b.Drive("BUTTON", gpio.Low)
				b.Release("BUTTON")
			}
		}
		require.NoError(t, button.In(gpio.PullUp, gpio.BothEdges))
		bounce()
		require.True(t, button.WaitForEdge(0))
		require.False(t, button.WaitForEdge(0))
		bounce()
		require.NoError(t, button.In(gpio.PullUp, gpio.BothEdges))
		require.False(t, button.WaitForEdge(0))
		done := make(chan bool)
		go func() { done <- button.WaitForEdge(-1) }()
		b.Wait(time.Hour)
		require.NoError(t, button.Halt())
		require.False(t, <-done)
	})
}

func TestSensors(t *testing.T) {
	var hw *twin.Hardware
	firmware := func(h *twin.Hardware) error { hw = h; return idle(h) }
	sensors := []twin.SensorSpec{{Name: "temperature", Unit: "°C", Min: -40, Max: 85, Initial: 21}, {Name: "free"}}
	twintest.Run(t, twin.Config{Name: "x", Firmware: firmware, Sensors: sensors}, func(b *twintest.Bench) {
		b.Sense("temperature", 85) // without power
		b.PowerOn()
		b.Wait(time.Second)
		v, err := hw.Sensor("temperature")
		require.NoError(t, err)
		require.Equal(t, 85.0, v)
		require.EqualError(t, b.Twin.Sense("temperature", 85.1), "twin: x.temperature cannot be 85.1 °C: its range is -40 to 85")
		require.Error(t, b.Twin.Sense("free", 0/zero()))
		require.EqualError(t, b.Twin.Sense("none", 1), `twin: x has no sensor "none"`)
		_, err = b.Twin.Sensed("none")
		require.Error(t, err)
		_, err = hw.Sensor("none")
		require.EqualError(t, err, `twin: x has no sensor "none"`)
		b.Sense("free", 1e9)
		b.Sense("free", 1e9)
		b.Cut()
		v, err = b.Twin.Sensed("temperature")
		require.NoError(t, err)
		require.Equal(t, 85.0, v)
		require.Len(t, b.Of(twintest.Is(trace.Sensor)), 3)
		require.Equal(t, trace.Event{Device: "x", Kind: trace.Sensor, Name: "temperature", Value: 85}, b.Events()[0])
	})
}

func zero() float64 { return 0 }
