package twin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/twintest"
)

// uses returns the bytes in use that the memory events say.
func uses(b *twintest.Bench) []int64 {
	var counts []int64
	for _, e := range b.Of(twintest.Is(trace.Memory)) {
		counts = append(counts, e.Count)
	}
	return counts
}

func TestAlloc(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		require.ErrorContains(t, hw.Alloc(-1), "-1 bytes")
		require.Equal(t, int64(1000), hw.FreeMemory())
		require.NoError(t, hw.Alloc(600))
		hw.NoteMemory(300)
		require.Equal(t, int64(100), hw.FreeMemory())
		err := hw.Alloc(101)
		require.ErrorIs(t, err, twin.ErrOutOfMemory)
		require.ErrorContains(t, err, "101 bytes asked for, 100 of 1000 free")
		require.ErrorContains(t, hw.Free(601), "601 bytes freed, where 600 are allocated")
		require.NoError(t, hw.Free(600))
		require.NoError(t, hw.Alloc(700))
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Firmware: firmware, RAM: 1000, Meter: twin.Meter{Memory: true}}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		b.Cut() // what a boot holds is free again
		b.PowerOn()
		b.Wait(time.Second)
		want := []int64{600, 900, 300, 1000}
		require.Equal(t, append(want, want...), uses(b))
	})
}

func TestAllocWithoutLimit(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		require.NoError(t, hw.Alloc(1<<40))
		require.Positive(t, hw.FreeMemory())
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		require.Empty(t, uses(b), "nobody reads it")
		b.Do(func(d *twin.Twin) {
			_, err := d.Leak(1)
			require.ErrorContains(t, err, "does not say how much RAM")
		})
	})
}

func TestLeak(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		if err := hw.Alloc(100); err != nil {
			return err
		}
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Firmware: firmware, RAM: 1000, Meter: twin.Meter{Memory: true}}, func(b *twintest.Bench) {
		leak := func(n, want int64) {
			b.Do(func(d *twin.Twin) {
				taken, err := d.Leak(n)
				require.NoError(t, err)
				require.Equal(t, want, taken)
			})
		}
		leak(100, 0) // it runs nothing
		b.PowerOn()
		b.Wait(time.Second)
		leak(400, 400)
		leak(500, 500) // the last of it
		require.Empty(t, b.Of(twintest.Is(trace.Fault)))
		leak(1, 0)
		faults := b.Of(twintest.Is(trace.Fault))
		require.Len(t, faults, 1)
		require.Equal(t, "out of memory: 900 bytes of 1000 have leaked", faults[0].Text)
		b.Wait(time.Second) // the next boot has its memory again
		require.Equal(t, []int64{100, 500, 1000, 100}, uses(b))
	})
}
