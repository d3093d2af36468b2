package twin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/twintest"
)

func TestClocks(t *testing.T) {
	var hw *twin.Hardware
	firmware := func(h *twin.Hardware) error { hw = h; return idle(h) }
	rtc := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	cfg := twin.Config{Firmware: firmware, RTC: rtc, Uptime: (1<<32 - 500) * time.Millisecond}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.Wait(time.Hour)
		b.PowerOn()
		b.Wait(time.Second)
		require.Equal(t, cfg.Uptime+900*time.Millisecond, hw.Uptime())
		require.Equal(t, uint32(400), hw.Millis())
		require.Equal(t, rtc.Add(time.Second), hw.Now())
		b.PowerOff()
		b.Wait(time.Hour)
		b.PowerOn()
		b.Wait(time.Second)
		require.Equal(t, rtc.Add(time.Hour+2*time.Second), hw.Now())
		require.Equal(t, cfg.Uptime+900*time.Millisecond, hw.Uptime())
	})
	cfg.RTC, cfg.Uptime = time.Time{}, 0
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		require.Equal(t, time.Date(2026, 1, 1, 0, 0, 1, 0, time.UTC), hw.Now())
		require.Equal(t, uint32(900), hw.Millis())
	})
}

func TestBusyWaitsForAClockEnd(t *testing.T) {
	var took []time.Duration
	polls := 0
	firmware := func(hw *twin.Hardware) error {
		for _, wait := range []func(){
			func() {
				for start := hw.Millis(); hw.Millis()-start < 20; polls++ {
				}
			},
			func() {
				for start := hw.Uptime(); hw.Uptime()-start < 20*time.Millisecond; {
				}
			},
			func() {
				for start := hw.Now(); hw.Now().Sub(start) < 20*time.Millisecond; {
				}
			},
		} {
			start := time.Now()
			wait()
			took = append(took, time.Since(start))
		}
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		require.Equal(t, []time.Duration{20 * time.Millisecond, 20 * time.Millisecond, 20 * time.Millisecond}, took)
		require.InDelta(t, 20_000, polls, 100)
	})
}

func TestWatchdog(t *testing.T) {
	boots := 0
	firmware := func(hw *twin.Hardware) error {
		if boots++; boots > 1 {
			require.Equal(t, twin.CauseWatchdog, hw.ResetCause())
			hw.FeedWatchdog() // not started: nothing
			return nil
		}
		hw.StartWatchdog(time.Hour)
		hw.StartWatchdog(2 * time.Second)
		for range 5 {
			if err := hw.Sleep(2 * time.Second); err != nil { // at the very last instant
				return err
			}
			hw.FeedWatchdog()
		}
		return nil // halted: nobody feeds it any more
	}
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Hour)
		require.Equal(t, []string{"0s power on", "100ms boot power", "12.1s watchdog", "12.1s reset watchdog", "12.2s boot watchdog"}, story(b))
	})
}

func TestWatchdogStopsWithTheBoot(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		if hw.ResetCause() == twin.CausePower {
			hw.StartWatchdog(time.Second)
		}
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(500 * time.Millisecond)
		b.Reset()
		b.Wait(time.Hour)
		require.Empty(t, b.Of(twintest.Is(trace.Watchdog)))
	})
}

func TestSpinIsEndedByTheWatchdog(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		if hw.ResetCause() != twin.CausePower {
			return idle(hw)
		}
		hw.StartWatchdog(3 * time.Second)
		for {
			if _, err := hw.Sensor("s"); err != nil {
				return err
			}
		}
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Sensors: []twin.SensorSpec{{Name: "s"}}}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Minute)
		require.Equal(t, []string{"0s power on", "100ms boot power", "3.1s watchdog", "3.1s reset watchdog", "3.2s boot watchdog"}, story(b))
		require.False(t, b.Twin.Spun())
	})
}

func TestSpinWithoutAWatchdogIsRecorded(t *testing.T) {
	var ended error
	firmware := func(hw *twin.Hardware) error {
		for {
			if _, ended = hw.Sensor("s"); ended != nil {
				return ended
			}
		}
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Sensors: []twin.SensorSpec{{Name: "s"}}}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Minute)
		require.Equal(t, []string{"0s power on", "100ms boot power",
			"100ms fault spins: a million hardware calls in one instant, and no watchdog was started"}, story(b))
		require.True(t, b.Twin.Spun())
		b.Cut()
		require.Equal(t, twin.ErrPowerLost, ended)
	})
}
