package twin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"periph.io/x/conn/v3/gpio"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/flash"
	"github.com/twinrig/twinrig/twin/twintest"
)

// handedOut is firmware that does nothing but hand its hardware out.
func handedOut(hw **twin.Hardware) twin.Firmware {
	return func(h *twin.Hardware) error {
		*hw = h
		for {
			if err := h.Sleep(time.Hour); err != nil {
				return err
			}
		}
	}
}

func TestDriftMovesEveryClockOfTheDevice(t *testing.T) {
	var hw *twin.Hardware
	cfg := twin.Config{Firmware: handedOut(&hw), RTC: time.Unix(1000, 0), Drift: 100_000} // 100 ppm
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(twin.BootTime + 10_000*time.Second)
		require.Equal(t, 10_001*time.Second, hw.Uptime())
		require.WithinDuration(t, time.Unix(1000, 0).Add(10_001*time.Second+twin.BootTime), hw.Now(), time.Millisecond)
		b.Do(func(tw *twin.Twin) { tw.SetDrift(-1_000_000) }) // what was counted stays
		b.Wait(1000 * time.Second)
		require.Equal(t, 11_000*time.Second, hw.Uptime())
		require.EqualValues(t, 3, b.Twin.ClockReads())
	})
}

func TestSleepIsByTheCrystal(t *testing.T) {
	woke := time.Time{}
	cfg := twin.Config{Drift: 50_000_000, Firmware: func(hw *twin.Hardware) error { // 5 % too fast
		if err := hw.Sleep(105 * time.Second); err != nil {
			return err
		}
		woke = time.Now()
		return nil
	}}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		begun := time.Now().Add(twin.BootTime)
		b.Wait(200 * time.Second)
		require.WithinDuration(t, begun.Add(100*time.Second), woke, time.Microsecond)
	})
}

func TestClockSteps(t *testing.T) {
	var hw *twin.Hardware
	cfg := twin.Config{Firmware: handedOut(&hw), RTC: time.Date(2026, 6, 30, 23, 59, 50, 0, time.UTC)}
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return v
	}
	for _, c := range []struct {
		name string
		do   func(*twin.Twin)
		want time.Time // 20 s later
	}{
		{"nothing", func(*twin.Twin) {}, at("2026-07-01T00:00:10Z")},
		{"back", func(tw *twin.Twin) { tw.StepClock(-time.Hour) }, at("2026-06-30T23:00:10Z")},
		{"leap second inserted", func(tw *twin.Twin) { tw.LeapClock(true) }, at("2026-07-01T00:00:09Z")},
		{"leap second deleted", func(tw *twin.Twin) { tw.LeapClock(false) }, at("2026-07-01T00:00:11Z")},
	} {
		t.Run(c.name, func(t *testing.T) {
			twintest.Run(t, cfg, func(b *twintest.Bench) {
				b.PowerOn()
				b.Do(c.do)
				b.Wait(20 * time.Second)
				require.Equal(t, c.want, hw.Now())
			})
		})
	}
}

func TestDaylightSavingBeginsInTheNight(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	var hw *twin.Hardware
	cfg := twin.Config{Firmware: handedOut(&hw), Zone: zone, RTC: time.Date(2026, 3, 29, 0, 55, 0, 0, time.UTC)}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		require.Equal(t, 1, hw.Local().Hour())
		b.Wait(10 * time.Minute)
		require.Equal(t, 3, hw.Local().Hour(), "there is no two o'clock that night")
	})
}

func TestSetTimeOutlivesAReset(t *testing.T) {
	var hw *twin.Hardware
	twintest.Run(t, twin.Config{Firmware: handedOut(&hw), RTC: time.Unix(0, 0)}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		require.NoError(t, hw.SetTime(time.Unix(5000, 0)))
		b.Reset()
		b.Wait(10 * time.Second)
		require.Equal(t, time.Unix(5010, 0).UTC(), hw.Now())
	})
}

func TestBrownOut(t *testing.T) {
	var hw *twin.Hardware
	twintest.Run(t, twin.Config{Firmware: handedOut(&hw)}, func(b *twintest.Bench) {
		b.Do(func(tw *twin.Twin) { require.False(t, tw.BrownOut(time.Second), "there is no supply to dip") })
		b.PowerOn()
		b.Wait(time.Second)
		begun := time.Now()
		b.Do(func(tw *twin.Twin) { require.True(t, tw.BrownOut(300*time.Millisecond)) })
		b.Until(time.Second, "a boot", twintest.Booted(twin.CauseBrownOut))
		require.Equal(t, 300*time.Millisecond+twin.BootTime, time.Since(begun))
	})
}

func TestWeakSupplyDipsWithItsLoad(t *testing.T) {
	relay := func(hw *twin.Hardware) error {
		pin, err := hw.Pin("RELAY")
		if err != nil {
			return err
		}
		if err := hw.Sleep(time.Second); err != nil {
			return err
		}
		if err := pin.Out(gpio.High); err != nil {
			return err
		}
		return hw.Sleep(time.Hour)
	}
	cfg := twin.Config{Firmware: relay, Pins: []twin.PinSpec{{Name: "RELAY", Output: true}}}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.Do(func(tw *twin.Twin) { require.NoError(t, tw.WeakenSupply("RELAY", 50*time.Millisecond)) })
		b.PowerOn()
		b.Wait(5 * time.Second)
		require.EqualValues(t, 4, b.Twin.Dips())
		b.Do(func(tw *twin.Twin) { require.NoError(t, tw.WeakenSupply("RELAY", 0)) })
		b.Wait(10 * time.Second)
		require.EqualValues(t, 4, b.Twin.Dips())
		require.Equal(t, gpio.High, b.Level("RELAY"))
		b.Do(func(tw *twin.Twin) { require.ErrorContains(t, tw.WeakenSupply("none", 1), `no pin "none"`) })
	})
}

func TestFlashFaults(t *testing.T) {
	var hw *twin.Hardware
	twintest.Run(t, twin.Config{Firmware: handedOut(&hw), Flash: flash.Geometry{Size: 8192}}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		b.Do(func(tw *twin.Twin) {
			_, _, err := tw.FlipBit(-1, 0)
			require.ErrorContains(t, err, "all is erased")
			_, _, err = tw.FlipBit(9000, 0)
			require.ErrorIs(t, err, flash.ErrRange)
		})
		_, err := hw.Flash().WriteAt([]byte{0, 0, 0, 0}, 16)
		require.NoError(t, err)
		b.Do(func(tw *twin.Twin) {
			offset, bit, err := tw.FlipBit(-1, 0)
			require.NoError(t, err)
			require.GreaterOrEqual(t, offset, int64(16))
			require.Less(t, offset, int64(20))
			require.Less(t, bit, 8)
			require.Zero(t, tw.FlippedBitsRead())
		})
		got := make([]byte, 4)
		_, err = hw.Flash().ReadAt(got, 16)
		require.NoError(t, err)
		require.NotEqual(t, []byte{0, 0, 0, 0}, got)
		require.EqualValues(t, 1, b.Twin.FlippedBitsRead())
	})
}

func TestSlowFlashTakesTimeAndAPowerCutFindsItNotBegun(t *testing.T) {
	var took time.Duration
	var failed error
	write := func(hw *twin.Hardware) error {
		begun := time.Now()
		_, err := hw.Flash().WriteAt([]byte{1, 2, 3, 4}, 0)
		took = time.Since(begun)
		if err != nil {
			failed = err
			return err
		}
		return hw.Sleep(time.Hour)
	}
	twintest.Run(t, twin.Config{Firmware: write, Flash: flash.Geometry{Size: 8192}}, func(b *twintest.Bench) {
		b.Do(func(tw *twin.Twin) { require.NoError(t, tw.SlowFlash(20*time.Millisecond, time.Second)) })
		b.PowerOn()
		b.Wait(time.Second)
		require.Equal(t, 20*time.Millisecond, took)
		require.EqualValues(t, 1, b.Twin.SlowedFlashCalls())
		b.Reset()
		b.Wait(twin.BootTime + 10*time.Millisecond)
		b.Cut()
		b.Wait(time.Second)
		require.ErrorIs(t, failed, twin.ErrPowerLost)
		require.Len(t, b.Of(twintest.Is(trace.FlashWrite)), 1)
	})
	twintest.Run(t, twin.Config{Firmware: write}, func(b *twintest.Bench) {
		b.Do(func(tw *twin.Twin) { require.ErrorContains(t, tw.SlowFlash(1, 1), "no flash") })
	})
}
