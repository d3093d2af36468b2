package twin_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/flash"
	"github.com/twinrig/twinrig/twin/twintest"
	"periph.io/x/conn/v3/gpio"
)

// idle is firmware that waits for the end of its boot.
func idle(hw *twin.Hardware) error {
	<-hw.Context().Done()
	return context.Cause(hw.Context())
}

// story returns what happened to power, boots and firmware, one line an event.
func story(b *twintest.Bench) []string {
	var lines []string
	for _, e := range b.Events() {
		switch e.Kind {
		case trace.Power:
			lines = append(lines, fmt.Sprintf("%s power %s", e.At, e.Name))
		case trace.Boot, trace.Reset:
			lines = append(lines, fmt.Sprintf("%s %s %s", e.At, e.Kind, e.Cause))
		case trace.Watchdog:
			lines = append(lines, fmt.Sprintf("%s watchdog", e.At))
		case trace.Fault:
			lines = append(lines, fmt.Sprintf("%s fault %s", e.At, e.Text))
		}
	}
	return lines
}

func TestPowerAndReset(t *testing.T) {
	twintest.Run(t, twin.Config{Version: "v1", Firmware: idle}, func(b *twintest.Bench) {
		require.ErrorContains(t, b.Twin.Reset(), "not powered")
		b.PowerOff() // of what is off: nothing
		b.PowerOn()
		require.True(t, b.Twin.Powered())
		require.ErrorContains(t, b.Twin.PowerOn(), "device is powered on already")
		b.Wait(time.Second)
		b.Reset()
		b.Wait(50 * time.Millisecond)
		b.Reset() // before the firmware starts
		b.Wait(time.Second)
		b.PowerOff()
		require.False(t, b.Twin.Powered())
		b.PowerOn()
		b.Wait(50 * time.Millisecond)
		b.Cut() // before the firmware starts: it must not start later
		b.PowerOn()
		b.Wait(time.Second)
		require.Equal(t, []string{
			"0s power on", "100ms boot power",
			"1s reset pin", "1.05s reset pin", "1.15s boot pin",
			"2.05s power off",
			"2.05s power on", "2.1s power cut", "2.1s power on", "2.2s boot power",
		}, story(b))
		require.Equal(t, "v1", b.Of(twintest.Is(trace.Boot))[0].Text)
		require.Equal(t, "device", b.Events()[0].Device)
	})
}

func TestClose(t *testing.T) {
	twintest.Run(t, twin.Config{Firmware: idle, Pins: []twin.PinSpec{{Name: "LED"}}}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		n := len(b.Events())
		b.Do((*twin.Twin).Close)
		require.ErrorContains(t, b.Twin.PowerOn(), "the run is over")
		b.Drive("LED", gpio.High)
		b.Do((*twin.Twin).Close)
		require.Len(t, b.Events(), n)
		require.False(t, b.Twin.Powered())
	})
}

// boundary is every hardware call that can fail, or that can wait.
func boundary(hw *twin.Hardware, pin gpio.PinIO) map[string]func() error {
	ignore := func(_ any, err error) error { return err }
	return map[string]func() error{
		"Pin":         func() error { return ignore(hw.Pin("OUT")) },
		"pin.Out":     func() error { return pin.Out(gpio.High) },
		"pin.In":      func() error { return pin.In(gpio.PullUp, gpio.BothEdges) },
		"pin.Halt":    pin.Halt,
		"Sensor":      func() error { return ignore(hw.Sensor("s")) },
		"Sleep":       func() error { return hw.Sleep(time.Hour) },
		"Reboot":      hw.Reboot,
		"DialContext": func() error { return ignore(hw.DialContext(hw.Context(), "tcp", "broker:1883")) },
		"Read":        func() error { return ignore(hw.Console().Read(make([]byte, 1))) },
		"Write":       func() error { return ignore(hw.Console().Write([]byte("x\n"))) },
		"ReadAt":      func() error { return ignore(hw.Flash().ReadAt(make([]byte, 4), 0)) },
		"WriteAt":     func() error { return ignore(hw.Flash().WriteAt(make([]byte, 4), 0)) },
		"Erase":       func() error { return hw.Flash().Erase(0, 4096) },
	}
}

func TestFenceEndsEveryCall(t *testing.T) {
	ends := map[string]struct {
		want error
		end  func(*twintest.Bench)
	}{
		"cut":   {twin.ErrPowerLost, (*twintest.Bench).Cut},
		"off":   {twin.ErrPowerLost, (*twintest.Bench).PowerOff},
		"reset": {twin.ErrReset, (*twintest.Bench).Reset},
		"close": {twin.ErrPowerLost, func(b *twintest.Bench) { b.Do((*twin.Twin).Close) }},
	}
	for name, c := range ends {
		t.Run(name, func(t *testing.T) {
			got := map[string]error{}
			boots := 0
			firmware := func(hw *twin.Hardware) error {
				if boots++; boots > 1 {
					return idle(hw)
				}
				pin, err := hw.Pin("OUT")
				require.NoError(t, err)
				<-hw.Context().Done()
				require.Equal(t, c.want, context.Cause(hw.Context()))
				for name, call := range boundary(hw, pin) {
					got[name] = call()
				}
				require.Equal(t, gpio.Low, pin.Read())
				require.Equal(t, gpio.PullNoChange, pin.Pull())
				require.Empty(t, pin.Function())
				require.False(t, pin.WaitForEdge(-1))
				require.Zero(t, hw.Uptime())
				require.Zero(t, hw.Millis())
				require.Zero(t, hw.Now())
				hw.StartWatchdog(time.Second)
				hw.FeedWatchdog()
				hw.Go(func() error { panic("must not run") })
				return errors.New("nobody hears this")
			}
			twintest.Run(t, twin.Config{Firmware: firmware, Flash: flash.Geometry{Size: 8192},
				Pins: []twin.PinSpec{{Name: "OUT", Output: true, Pull: gpio.PullUp}}, Sensors: []twin.SensorSpec{{Name: "s"}}},
				func(b *twintest.Bench) {
					b.PowerOn()
					b.Wait(time.Second)
					c.end(b)
					n := len(b.Events())
					b.Wait(time.Minute)
					require.Len(t, got, 13)
					for call, err := range got {
						require.Equal(t, c.want, err, call)
					}
					for _, e := range b.Events()[n:] {
						require.Equal(t, trace.Boot, e.Kind, "%+v", e)
					}
				})
		})
	}
}

func TestFenceReleasesEveryWait(t *testing.T) {
	released := map[string]error{}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	firmware := func(hw *twin.Hardware) error {
		pin, err := hw.Pin("IN")
		require.NoError(t, err)
		require.NoError(t, pin.In(gpio.PullUp, gpio.BothEdges))
		calls := boundary(hw, pin)
		results := make(chan func())
		for _, name := range []string{"Sleep", "Read", "DialContext"} {
			hw.Go(func() error {
				err := calls[name]()
				results <- func() { released[name] = err }
				return err
			})
		}
		hw.Go(func() error {
			require.False(t, pin.WaitForEdge(-1))
			results <- func() { released["WaitForEdge"] = nil }
			return nil
		})
		for range 4 {
			(<-results)()
		}
		return nil
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Dial: dial, Pins: []twin.PinSpec{{Name: "IN"}}}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		require.Empty(t, released)
		b.Cut()
		require.Equal(t, map[string]error{"Sleep": twin.ErrPowerLost, "Read": twin.ErrPowerLost,
			"DialContext": twin.ErrPowerLost, "WaitForEdge": nil}, released)
	})
}

func TestFirmwareThatIgnoresTheFenceIsEnded(t *testing.T) {
	calls, ended := 0, false
	firmware := func(hw *twin.Hardware) error {
		defer func() { ended = true }()
		for {
			if hw.Sleep(time.Second) != nil {
				calls++
			}
		}
	}
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(1500 * time.Millisecond)
		b.Cut()
		require.True(t, ended)
		require.Equal(t, 10_000, calls)
	})
}

func TestReboot(t *testing.T) {
	var causes []twin.ResetCause
	firmware := func(hw *twin.Hardware) error {
		causes = append(causes, hw.ResetCause())
		if len(causes) < 3 {
			err := hw.Reboot()
			require.Equal(t, twin.ErrReset, err)
			require.Equal(t, twin.ErrReset, hw.Reboot())
			return err
		}
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		require.Equal(t, []twin.ResetCause{twin.CausePower, twin.CauseSoftware, twin.CauseSoftware}, causes)
		require.Equal(t, []string{"0s power on", "100ms boot power", "100ms reset software", "200ms boot software",
			"200ms reset software", "300ms boot software"}, story(b))
	})
}

func TestHalt(t *testing.T) {
	for name, halt := range map[string]func(){"return": func() {}, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			firmware := func(*twin.Hardware) error { halt(); return nil }
			twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
				b.PowerOn()
				b.Wait(time.Hour)
				b.Reset()
				b.Wait(time.Hour)
				require.Equal(t, []string{"0s power on", "100ms boot power", "1h0m0s reset pin", "1h0m0.1s boot pin"}, story(b))
			})
		})
	}
}

func TestRandomNumbersDifferByDeviceBootAndSeed(t *testing.T) {
	draw := func(name string, s seed.Seed) (drawn []uint64) {
		firmware := func(hw *twin.Hardware) error {
			drawn = append(drawn, hw.Rand().Uint64())
			return idle(hw)
		}
		twintest.Run(t, twin.Config{Name: name, Seed: s, Firmware: firmware}, func(b *twintest.Bench) {
			b.PowerOn()
			b.Wait(time.Second)
			b.Reset()
			b.Wait(time.Second)
		})
		return drawn
	}
	a := draw("a", 1)
	require.Equal(t, a, draw("a", 1))
	seen := map[uint64]bool{}
	for _, n := range append(append(a, draw("b", 1)...), draw("a", 2)...) {
		seen[n] = true
	}
	require.Len(t, seen, 6)
}

func TestConfigFaultsComeTogether(t *testing.T) {
	_, err := twin.New(twin.Config{Baud: -1, Uptime: -time.Second, Flash: flash.Geometry{Size: 5000},
		Pins:    []twin.PinSpec{{Name: "A"}, {Name: "A"}, {}},
		Sensors: []twin.SensorSpec{{Name: "t", Min: 5, Max: 10}, {Name: "u", Min: 2, Max: 1}, {Name: "u"}}})
	for _, want := range []string{"needs a name", "no firmware", "no Emit", "no Source", "-1 baud", "uptime of -1s", `pin "A"`, `pin ""`,
		`sensor "t" begins at 0, outside 5 to 10`, `sensor "u" ranges from 2 down to 1`, `sensor "u" has no name, or another's`, "5000 bytes"} {
		require.ErrorContains(t, err, want)
	}
}

func TestParams(t *testing.T) {
	params := map[string]string{"a": "90s", "b": "2d", "c": "soon", "d": "1.5d", "e": "dd"}
	var hw *twin.Hardware
	firmware := func(h *twin.Hardware) error { hw = h; return nil }
	identity := twin.Identity{ClientID: "c", Username: "u", Password: "p"}
	twintest.Run(t, twin.Config{Name: "x", Version: "v2", Firmware: firmware, Params: params, Identity: identity}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		for name, want := range map[string]time.Duration{"a": 90 * time.Second, "b": 48 * time.Hour, "d": 36 * time.Hour, "none": time.Minute} {
			d, err := hw.ParamDuration(name, time.Minute)
			require.NoError(t, err)
			require.Equal(t, want, d, name)
		}
		for _, name := range []string{"c", "e"} {
			_, err := hw.ParamDuration(name, time.Minute)
			require.ErrorContains(t, err, "is not a duration")
		}
		require.Equal(t, "soon", hw.Param("c"))
		require.Empty(t, hw.Param("none"))
		require.Equal(t, "x", hw.ID())
		require.Equal(t, "v2", hw.Version())
		require.Equal(t, identity, hw.Identity())
	})
}

// A boot that is due at the very instant of a cut: the hardware acts before the scenario does.
func TestBootAtTheInstantOfACut(t *testing.T) {
	twintest.Run(t, twin.Config{Firmware: idle}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(twin.BootTime)
		b.Cut()
		require.Equal(t, []string{"0s power on", "100ms boot power", "100ms power cut"}, story(b))
	})
}

func TestResetCauseString(t *testing.T) {
	require.Equal(t, "fault", twin.CauseFault.String())
	require.Equal(t, "ResetCause(9)", twin.ResetCause(9).String())
}
