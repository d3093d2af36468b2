package twin_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/flash"
	"github.com/twinrig/twinrig/twin/twintest"
)

func TestFlashKeepsWhatWasWritten(t *testing.T) {
	var read [8]byte
	firmware := func(hw *twin.Hardware) error {
		if _, err := hw.Flash().ReadAt(read[:], 4096); err != nil {
			return err
		}
		if hw.ResetCause() == twin.CausePower && read[0] == 0xFF {
			if _, err := hw.Flash().WriteAt([]byte("kept"), 4096); err != nil {
				return err
			}
			if err := hw.Flash().Erase(0, 4096); err != nil {
				return err
			}
		}
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Name: "x", Firmware: firmware, Flash: flash.Geometry{Size: 8192}}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		b.Cut()
		b.PowerOn()
		b.Wait(time.Second)
		require.Equal(t, "kept\xff\xff\xff\xff", string(read[:]))
		at := twin.BootTime
		require.Equal(t, []trace.Event{{At: at, Device: "x", Kind: trace.FlashWrite, Offset: 4096, Count: 4}}, b.Of(twintest.Is(trace.FlashWrite)))
		require.Equal(t, []trace.Event{{At: at, Device: "x", Kind: trace.FlashErase, Count: 4096}}, b.Of(twintest.Is(trace.FlashErase)))
	})
}

func TestNoFlash(t *testing.T) {
	var err error
	firmware := func(hw *twin.Hardware) error { err = hw.Flash().Erase(0, 4096); return idle(hw) }
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		require.ErrorContains(t, b.Twin.CutInFlashWrite(1, 0), "no flash")
		b.PowerOn()
		b.Wait(time.Second)
		require.ErrorIs(t, err, flash.ErrRange)
	})
}

func TestCutInFlashWrite(t *testing.T) {
	for k := range 10 {
		var errs []error
		var left [16]byte
		vanished := 0
		firmware := func(hw *twin.Hardware) error {
			if hw.Param("off") != "" {
				return idle(hw)
			}
			c, err := hw.DialContext(hw.Context(), "tcp", "broker:1883")
			require.NoError(t, err)
			if _, err := hw.Flash().ReadAt(left[:], 0); err != nil {
				return err
			}
			if left[0] != 0xFF {
				return idle(hw)
			}
			for off := int64(0); off < 16; off += 8 {
				_, err := hw.Flash().WriteAt([]byte("12345678"), off)
				errs = append(errs, err)
			}
			_, err = c.Write(nil)
			errs = append(errs, err)
			return nil
		}
		cfg := twin.Config{Firmware: firmware, Flash: flash.Geometry{Size: 4096}, Dial: vanishing(&vanished)}
		twintest.Run(t, cfg, func(b *twintest.Bench) {
			require.Error(t, b.Twin.CutInFlashWrite(0, 1))
			b.CutInFlashWrite(2, k)
			b.PowerOn()
			require.False(t, b.Twin.FlashCutFired())
			b.Wait(time.Second)
			require.True(t, b.Twin.FlashCutFired())
			require.False(t, b.Twin.Powered())
			require.Equal(t, []error{nil, twin.ErrPowerLost}, errs[:2])
			require.ErrorContains(t, errs[2], "use of closed network connection")
			require.Equal(t, 1, vanished)
			require.Equal(t, []string{"0s power on", "100ms boot power", "100ms power cut"}, story(b))
			require.Equal(t, int64(min(k, 8)), b.Of(twintest.Is(trace.FlashWrite))[1].Count)
			b.PowerOn()
			b.Wait(time.Second)
			require.Equal(t, append([]byte("1234567812345678")[:8+min(k, 8)], bytes.Repeat([]byte{0xFF}, 8-min(k, 8))...), left[:])
		})
	}
}
