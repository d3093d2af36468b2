package twin_test

import (
	"errors"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/twintest"
)

type driver struct{ registers []int }

func (d *driver) read(i int) int { return d.registers[i] }

func TestFaults(t *testing.T) {
	cases := []struct {
		name     string
		firmware twin.Firmware
		text     string
		frame    string // of the stack on the console; "": none
	}{
		{"error", func(*twin.Hardware) error { return errors.New("sensor: no answer\nat address 0x76") }, "sensor: no answer\nat address 0x76", ""},
		{"panic", func(*twin.Hardware) error { panic("bad state 0x1f") }, "panic: bad state 0x1f", "TestFaults.func2"},
		{"panic with an address", func(hw *twin.Hardware) error { panic(hw.Context().Done()) }, "panic: 0x…", "TestFaults.func3"},
		{"run-time error", func(*twin.Hardware) error { (&driver{}).read(3); return nil },
			"panic: runtime error: index out of range [3] with length 0", "twin_test.(*driver).read fault_test.go:"},
		{"nil pointer", func(*twin.Hardware) error { var d *driver; d.read(0); return nil },
			"panic: runtime error: invalid memory address or nil pointer dereference", "twin_test.(*driver).read fault_test.go:"},
		{"goroutine panics", func(hw *twin.Hardware) error {
			hw.Go(func() error { panic(errors.New("in the background")) })
			return idle(hw)
		}, "panic: in the background", "TestFaults"},
		{"goroutine fails", func(hw *twin.Hardware) error {
			hw.Go(func() error { return errors.New("gave up") })
			return idle(hw)
		}, "gave up", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			firmware := func(hw *twin.Hardware) error {
				if hw.ResetCause() == twin.CauseFault {
					return idle(hw)
				}
				return c.firmware(hw)
			}
			twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
				b.PowerOn()
				b.Wait(time.Minute)
				reason := b.Of(twintest.Is(trace.Fault))[0].Text
				require.True(t, strings.HasPrefix(reason, c.text), reason)
				require.Contains(t, strings.TrimPrefix(reason, c.text), strings.TrimPrefix(c.frame, "twin_test."), "the event says where it was")
				require.Len(t, b.Of(twintest.Booted(twin.CauseFault)), 1)
				console := strings.Join(b.Console(), "\n")
				require.True(t, strings.HasPrefix(console, "FAULT: "+c.text), console)
				if c.frame == "" {
					require.NotContains(t, console, "  at ")
					return
				}
				require.Contains(t, strings.SplitN(console, "\n", 2)[1], c.frame)
				require.NotRegexp(t, `goroutine \d|0x[0-9a-f]{6}|/\S+\.go:|runtime\.|supervise`, console)
			})
		})
	}
}

func TestPanicAfterTheEndOfTheBootIsNobodysBusiness(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		if err := hw.Sleep(time.Hour); err != nil {
			panic(err)
		}
		return nil
	}
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		b.Cut()
		require.Equal(t, []string{"0s power on", "100ms boot power", "1s power cut"}, story(b))
	})
}

// A fault takes effect at once; the next boot comes when what it printed has left.
func TestFaultIsPrintedBeforeTheReboot(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		if hw.ResetCause() == twin.CauseFault {
			return idle(hw)
		}
		if _, err := hw.Console().Write([]byte("hello\n")); err != nil {
			return err
		}
		return errors.New("oh")
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Baud: 300}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Minute)
		// hello\n and FAULT: oh\r\n are 17 bytes, 33.3 ms each.
		require.Equal(t, []string{"0s power on", "100ms boot power", "100ms fault oh", "100ms reset fault",
			"766.666666ms boot fault"}, story(b))
		require.Equal(t, []string{"hello", "FAULT: oh"}, b.Console())
	})
}

func TestGoroutinesNameTheirDevice(t *testing.T) {
	profile := make(chan string, 1)
	firmware := func(hw *twin.Hardware) error {
		hw.Go(func() error { return idle(hw) })
		go func() {
			var text strings.Builder
			if err := pprof.Lookup("goroutine").WriteTo(&text, 1); err != nil {
				panic(err)
			}
			profile <- text.String()
		}()
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Name: "thermo", Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
	})
	require.Contains(t, <-profile, `labels: {"device":"thermo"}`)
}
