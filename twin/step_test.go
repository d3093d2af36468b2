package twin_test

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/twintest"
	"periph.io/x/conn/v3/gpio"
)

// stepFunc is a step function without a state of its own.
type stepFunc func(now time.Time) (time.Time, error)

func (f stepFunc) Step(now time.Time) (time.Time, error) { return f(now) }

// steps is firmware that goes on as what make returns.
func steps(make func(hw *twin.Hardware) stepFunc) twin.Firmware {
	return func(hw *twin.Hardware) error { return hw.Steps(make(hw)) }
}

func TestStepsComeWhenTheyAreDueAndWhenSomethingComesIn(t *testing.T) {
	var got []string
	firmware := steps(func(hw *twin.Hardware) stepFunc {
		button, err := hw.Pin("BUTTON")
		require.NoError(t, err)
		require.NoError(t, button.In(gpio.PullUp, gpio.FallingEdge))
		start, buffer := time.Now(), make([]byte, 64)
		return func(now time.Time) (time.Time, error) {
			require.True(t, now.Equal(time.Now()))
			edge := button.WaitForEdge(0)
			n := hw.ReadConsole(buffer)
			got = append(got, fmt.Sprintf("%s edge=%t %q", now.Sub(start), edge, buffer[:n]))
			if since := now.Sub(start); since < 2*time.Second {
				return start.Add(since.Truncate(time.Second) + time.Second), nil
			}
			return time.Time{}, nil // only when something comes in
		}
	})
	twintest.Run(t, twin.Config{Firmware: firmware, Baud: 10_000, Pins: []twin.PinSpec{{Name: "BUTTON"}}}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(twin.BootTime + 1500*time.Millisecond)
		b.Drive("BUTTON", gpio.Low)
		b.Wait(time.Hour)
		b.Send("hi") // three bytes of 10 bits at 10 kbit/s
		b.Release("BUTTON")
		b.Wait(time.Hour)
		require.Equal(t, []string{
			`0s edge=false ""`, `1s edge=false ""`, `1.5s edge=true ""`, `2s edge=false ""`,
			`1h0m1.503s edge=false "hi\n"`, // the rising edge is none that was asked for
		}, got)
	})
}

func TestTheEndOfABootEndsItsSteps(t *testing.T) {
	for name, end := range map[string]struct {
		how  func(*twintest.Bench)
		want error
	}{
		"cut":   {(*twintest.Bench).Cut, twin.ErrPowerLost},
		"reset": {(*twintest.Bench).Reset, twin.ErrReset},
	} {
		t.Run(name, func(t *testing.T) {
			count := 0
			var old *twin.Hardware
			firmware := func(hw *twin.Hardware) error {
				if hw.ResetCause() != twin.CausePower {
					return nil
				}
				old = hw
				return hw.Steps(stepFunc(func(now time.Time) (time.Time, error) {
					count++
					return now.Add(time.Second), nil
				}))
			}
			twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
				b.PowerOn()
				b.Wait(twin.BootTime + 2500*time.Millisecond)
				end.how(b)
				b.Send("nobody hears it")
				b.Wait(time.Minute)
				require.Equal(t, 3, count)
				require.ErrorIs(t, old.Steps(stepFunc(nil)), end.want)
				require.Zero(t, old.ReadConsole(make([]byte, 10)))
				_, err := old.Open("tcp", "broker:1883")
				require.ErrorIs(t, err, end.want)
			})
		})
	}
}

// A step that waits when the boot ends is released, and what it still does has no effect.
func TestAStepMayWait(t *testing.T) {
	var got []string
	firmware := steps(func(hw *twin.Hardware) stepFunc {
		start := time.Now()
		return func(now time.Time) (time.Time, error) {
			err := hw.Sleep(10 * time.Second)
			got = append(got, fmt.Sprintf("%s to %s: %v", now.Sub(start), time.Since(start), err))
			return now.Add(15 * time.Second), err
		}
	})
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(twin.BootTime + 5*time.Second)
		b.Send("meanwhile") // makes for another step, once this one is through
		b.Wait(16 * time.Second)
		b.Cut()
		b.Wait(time.Minute)
		require.Equal(t, []string{"0s to 10s: <nil>", "10s to 20s: <nil>"}, got[:2])
		require.Len(t, got, 2, "it was idle when the power went")
		require.Empty(t, b.Of(twintest.Is(trace.Fault)))
	})
}

func TestACutInTheMiddleOfAStep(t *testing.T) {
	var slept error
	firmware := steps(func(hw *twin.Hardware) stepFunc {
		return func(time.Time) (time.Time, error) {
			slept = hw.Sleep(time.Hour)
			return time.Time{}, errors.New("what it returns now does not matter")
		}
	})
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		b.Cut()
		require.ErrorIs(t, slept, twin.ErrPowerLost)
		b.Wait(time.Second)
		require.Empty(t, b.Of(twintest.Is(trace.Fault)))
	})
}

func TestWhatEndsABootOfSteps(t *testing.T) {
	for name, test := range map[string]struct {
		step func(hw *twin.Hardware, n int) error
		want string
	}{
		"an error":   {func(_ *twin.Hardware, n int) error { return map[int]error{3: errors.New("no sensor")}[n] }, "2.1s reset fault"},
		"a panic":    {func(_ *twin.Hardware, n int) error { return map[bool]error{}[n/(3-n) > 5] }, "2.1s reset fault"},
		"no feeding": {func(*twin.Hardware, int) error { return nil }, "5.1s reset watchdog"},
		"a reboot": {func(hw *twin.Hardware, n int) error {
			return map[bool]func() error{true: hw.Reboot, false: func() error { return nil }}[n == 3]()
		}, "2.1s reset software"},
		"a long wait": {func(hw *twin.Hardware, _ int) error { hw.FeedWatchdog(); return hw.Sleep(time.Hour) }, "5.1s reset watchdog"},
		"spinning": {func(hw *twin.Hardware, n int) error {
			for range 1_000_001 * (n / 3) {
				hw.FeedWatchdog()
			}
			return nil
		}, "7.1s reset watchdog"},
	} {
		t.Run(name, func(t *testing.T) {
			firmware := func(hw *twin.Hardware) error {
				if hw.ResetCause() != twin.CausePower {
					return nil
				}
				hw.StartWatchdog(5 * time.Second)
				n := 0
				return hw.Steps(stepFunc(func(now time.Time) (time.Time, error) {
					n++
					return now.Add(time.Second), test.step(hw, n)
				}))
			}
			twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
				b.PowerOn()
				b.Wait(time.Minute)
				require.Contains(t, story(b), test.want)
				require.False(t, b.Twin.Spun())
			})
		})
	}
}

// Steps that ask for another one at once count as calls of the hardware, so that virtual time does not stand still.
func TestStepsThatSpin(t *testing.T) {
	firmware := steps(func(*twin.Hardware) stepFunc {
		return func(now time.Time) (time.Time, error) { return now, nil }
	})
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Minute)
		require.True(t, b.Twin.Spun())
	})
}

// A network without sockets of its own, as on the wall clock, gets a goroutine for each.
func TestSocketOverAConnectionThatWaits(t *testing.T) {
	ends := 0
	var got []string
	firmware := steps(func(hw *twin.Hardware) stepFunc {
		s, err := hw.Open("tcp", "broker:1883")
		require.NoError(t, err)
		state := 0
		return func(now time.Time) (time.Time, error) {
			ok, err := s.Connected()
			data, readErr := s.Take()
			got = append(got, fmt.Sprintf("connected=%t %v took=%q %v", ok, err, data, readErr))
			if ok && state == 0 {
				_, err := s.Write([]byte("ping"))
				require.NoError(t, err)
				state++
			}
			if len(data) > 0 {
				require.NoError(t, s.Close())
				_, err := s.Write([]byte("more"))
				require.Error(t, err)
			}
			return time.Time{}, nil
		}
	})
	twintest.Run(t, twin.Config{Firmware: firmware, Dial: echo(&ends)}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		require.Contains(t, got, `connected=true <nil> took="ping" <nil>`)
		require.Equal(t, 1, ends)
	})
}

func TestSocketWithoutANetwork(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		_, err := hw.Open("tcp", "broker:1883")
		require.ErrorContains(t, err, "device has no network to dial broker:1883 over")
		return nil
	}
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
	})
}

// fakeSocket is what a network makes for Open.
type fakeSocket struct {
	net.Conn
	vanished int
	in       []byte
}

func (f *fakeSocket) Connected() (bool, error)         { return true, nil }
func (f *fakeSocket) Take() ([]byte, error)            { in := f.in; f.in = nil; return in, nil }
func (f *fakeSocket) Write(p []byte) (int, error)      { return len(p), nil }
func (f *fakeSocket) SetWriteDeadline(time.Time) error { return nil }
func (f *fakeSocket) Vanish()                          { f.vanished++ }

func TestSocketsEndWithTheBoot(t *testing.T) {
	under := &fakeSocket{}
	var notify func()
	var s twin.Socket
	count := 0
	cfg := twin.Config{
		Open: func(_, _ string, n func()) twin.Socket { notify = n; return under },
		Firmware: steps(func(hw *twin.Hardware) stepFunc {
			var err error
			s, err = hw.Open("tcp", "broker:1883")
			require.NoError(t, err)
			return func(time.Time) (time.Time, error) {
				count++
				_, err := s.Take()
				return time.Time{}, err
			}
		}),
	}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		b.Do(func(*twin.Twin) { notify() })
		require.Equal(t, 2, count)
		b.Cut()
		require.Equal(t, 1, under.vanished)
		b.Do(func(*twin.Twin) { notify() })
		require.Equal(t, 2, count)
		_, err := s.Write([]byte("late"))
		require.ErrorIs(t, err, net.ErrClosed)
		_, err = s.Take()
		require.ErrorIs(t, err, net.ErrClosed)
		_, err = s.Connected()
		require.ErrorIs(t, err, net.ErrClosed)
		require.ErrorIs(t, s.SetWriteDeadline(time.Now()), net.ErrClosed)
		require.ErrorIs(t, s.Close(), net.ErrClosed)
		require.Equal(t, 1, under.vanished)
	})
}
