package twin_test

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/twintest"
)

func print(t *testing.T, hw *twin.Hardware, text string) {
	t.Helper()
	n, err := io.WriteString(hw.Console(), text)
	require.NoError(t, err)
	require.Equal(t, len(text), n)
}

// printed returns the console lines with the time since the boot began at 100 ms.
func printed(b *twintest.Bench) []string {
	var lines []string
	for _, e := range b.Of(twintest.Is(trace.Console)) {
		lines = append(lines, fmt.Sprintf("%q %s", e.Text, e.At-twin.BootTime))
	}
	return lines
}

// prints is firmware that prints once, at its first boot.
func prints(t *testing.T, text ...string) twin.Firmware {
	return func(hw *twin.Hardware) error {
		if hw.ResetCause() == twin.CausePower {
			for _, s := range text {
				print(t, hw, s)
			}
		}
		return idle(hw)
	}
}

// At 1000 baud a byte takes 10 ms.
func TestLinesComeWhenTheirNewlineHasLeft(t *testing.T) {
	cases := []struct {
		name  string
		texts []string
		want  []string
	}{
		{"one", []string{"abc\n"}, []string{`"abc" 40ms`}},
		{"carriage return", []string{"abc\r\n"}, []string{`"abc" 50ms`}},
		{"two in one write", []string{"ab\n\ncd\n"}, []string{`"ab" 30ms`, `"" 40ms`, `"cd" 70ms`}},
		{"in pieces", []string{"a", "b", "c\nd", "\n"}, []string{`"abc" 40ms`, `"d" 60ms`}},
		{"unfinished", []string{"abc\nde"}, []string{`"abc" 40ms`}},
		{"not UTF-8", []string{"a\xffb\n"}, []string{`"a�b" 40ms`}},
		{"too long", []string{strings.Repeat("x", 4100) + "\n"}, []string{`"` + strings.Repeat("x", 4096) + `" 40.96s`, `"xxxx" 41.01s`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			twintest.Run(t, twin.Config{Baud: 1000, Firmware: prints(t, c.texts...)}, func(b *twintest.Bench) {
				b.PowerOn()
				b.Wait(time.Minute)
				require.Equal(t, c.want, printed(b))
			})
		})
	}
}

func TestConsoleIsDoneInTimeByDefault(t *testing.T) {
	twintest.Run(t, twin.Config{Firmware: prints(t, strings.Repeat("x", 1151)+"\n")}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Minute)
		require.Equal(t, twin.BootTime+100*time.Millisecond, b.Of(twintest.Is(trace.Console))[0].At)
	})
}

// A pause between two writes lets the line fall idle.
func TestIdleLineStartsAnew(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		print(t, hw, "a")
		if err := hw.Sleep(time.Second); err != nil {
			return err
		}
		print(t, hw, "b\n")
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Baud: 1000, Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Minute)
		require.Equal(t, []string{`"ab" 1.02s`}, printed(b))
	})
}

func TestWhatACutLeavesOfTheConsole(t *testing.T) {
	cases := []struct {
		after time.Duration
		want  []string // of "abcd\nefgh\n"
	}{
		{9 * time.Millisecond, nil},
		{10 * time.Millisecond, []string{`"a" 10ms`}},
		{49 * time.Millisecond, []string{`"abcd" 49ms`}},
		{50 * time.Millisecond, []string{`"abcd" 50ms`}},
		{75 * time.Millisecond, []string{`"abcd" 50ms`, `"ef" 75ms`}},
		{100 * time.Millisecond, []string{`"abcd" 50ms`, `"efgh" 100ms`}},
	}
	ends := map[string]func(*twintest.Bench){"cut": (*twintest.Bench).Cut, "off": (*twintest.Bench).PowerOff, "reset": (*twintest.Bench).Reset}
	for name, end := range ends {
		for _, c := range cases {
			t.Run(fmt.Sprint(name, c.after), func(t *testing.T) {
				twintest.Run(t, twin.Config{Baud: 1000, Firmware: prints(t, "abcd\nef", "gh\n")}, func(b *twintest.Bench) {
					b.PowerOn()
					b.Wait(twin.BootTime + c.after)
					end(b)
					b.Wait(time.Second)
					require.Equal(t, c.want, printed(b))
				})
			})
		}
	}
}

func TestSoftwareResetDrainsTheConsole(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		if hw.ResetCause() == twin.CausePower {
			print(t, hw, "bye\nand")
			return hw.Reboot()
		}
		print(t, hw, "on\n")
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Baud: 1000, Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Minute)
		require.Equal(t, []string{`"bye" 40ms`, `"andon" 200ms`}, printed(b))
		require.Equal(t, []string{"0s power on", "100ms boot power", "100ms reset software", "270ms boot software"}, story(b))
	})
}

func TestConsoleInput(t *testing.T) {
	var got []string
	var hw *twin.Hardware
	firmware := func(h *twin.Hardware) error {
		hw = h
		lines := bufio.NewScanner(h.Console())
		for lines.Scan() {
			got = append(got, fmt.Sprintf("%s %s", lines.Text(), h.Uptime()))
		}
		return lines.Err()
	}
	twintest.Run(t, twin.Config{Baud: 1000, Firmware: firmware}, func(b *twintest.Bench) {
		b.Send("off")
		b.PowerOn()
		b.Wait(twin.BootTime)
		b.Send("status")
		b.Send("x")
		b.Wait(time.Second)
		require.Equal(t, []string{"status 70ms", "x 90ms"}, got)
		b.Send("cut in two")
		b.Wait(50 * time.Millisecond)
		b.Reset() // what arrives before the firmware runs again is lost
		b.Wait(time.Second)
		b.Send("again")
		b.Wait(time.Second)
		require.Equal(t, []string{"status 70ms", "x 90ms", "again 960ms"}, got)
		b.Send("0123456789ABCDEF") // its thirteenth byte arrives when the firmware starts
		b.Wait(30 * time.Millisecond)
		b.Reset()
		b.Wait(time.Second)
		require.Equal(t, "DEF 40ms", got[3])
		n, err := hw.Console().Read(nil)
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

func TestConsoleInputOverflows(t *testing.T) {
	var got strings.Builder
	firmware := func(hw *twin.Hardware) error {
		if err := hw.Sleep(10 * time.Second); err != nil {
			return err
		}
		p := make([]byte, 5000)
		for {
			n, err := hw.Console().Read(p)
			if err != nil {
				return err
			}
			got.Write(p[:n])
		}
	}
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		b.Send(strings.Repeat("a", 4000) + strings.Repeat("b", 200))
		b.Wait(time.Minute)
		require.Equal(t, strings.Repeat("a", 4000)+strings.Repeat("b", 96), got.String())
	})
}

// A boot neither reads nor waits for what the line was busy with before it.
func TestConsoleStartsAnewAfterTheEndOfABoot(t *testing.T) {
	ends := map[string]func(*twintest.Bench, *twin.Hardware){
		"pin":   func(b *twintest.Bench, _ *twin.Hardware) { b.Reset() },
		"power": func(b *twintest.Bench, _ *twin.Hardware) { b.Cut(); b.PowerOn() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			var hw *twin.Hardware
			boots := 0
			firmware := func(h *twin.Hardware) error {
				hw = h
				if boots++; boots == 1 {
					print(t, hw, strings.Repeat("x", 1000))
					return nil
				}
				print(t, hw, "new\n")
				return idle(hw)
			}
			twintest.Run(t, twin.Config{Baud: 1000, Firmware: firmware}, func(b *twintest.Bench) {
				b.PowerOn()
				b.Wait(twin.BootTime)
				end(b, hw)
				b.Wait(time.Minute)
				require.Equal(t, []string{`"new" 140ms`}, printed(b))
			})
		})
	}
}

func TestUnreadInputIsLostWithTheBoot(t *testing.T) {
	ends := map[string]func(*twin.Hardware) error{"reset": idle, "reboot": (*twin.Hardware).Reboot}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			var got string
			boots := 0
			firmware := func(hw *twin.Hardware) error {
				if boots++; boots == 1 {
					if err := hw.Sleep(time.Second); err != nil {
						return err
					}
					return end(hw)
				}
				p := make([]byte, 100)
				n, err := hw.Console().Read(p)
				got = string(p[:n])
				return err
			}
			twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
				b.PowerOn()
				b.Wait(500 * time.Millisecond)
				b.Send("old")
				b.Wait(time.Second)
				if name == "reset" {
					b.Reset()
				}
				b.Wait(time.Second)
				b.Send("new")
				b.Wait(time.Second)
				require.Equal(t, "new\n", got)
			})
		})
	}
}

func TestConsoleInputAfterDays(t *testing.T) {
	var got string
	firmware := func(hw *twin.Hardware) (err error) {
		got, err = bufio.NewReader(hw.Console()).ReadString('\n')
		return err
	}
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(100 * 24 * time.Hour)
		b.Send("status")
		b.Wait(time.Second)
		require.Equal(t, "status\n", got)
	})
}
