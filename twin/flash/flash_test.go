package flash_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/twin/flash"
	"pgregory.net/rapid"
)

func newArray(t require.TestingT, g flash.Geometry) *flash.Array {
	a, err := flash.NewArray(g)
	require.NoError(t, err)
	return a
}

func TestGeometry(t *testing.T) {
	cases := []struct {
		name    string
		g       flash.Geometry
		wantErr string
	}{
		{"none", flash.Geometry{}, ""},
		{"defaults", flash.Geometry{Size: 8192}, ""},
		{"size", flash.Geometry{Size: 5000}, "size of 5000 bytes is not a multiple of the erase block of 4096"},
		{"write size", flash.Geometry{Size: 4096, WriteSize: 3}, "erase block of 4096 bytes is not a multiple of the write size of 3"},
		{"negative size", flash.Geometry{Size: -4096}, "size of -4096"},
		{"negative block", flash.Geometry{EraseBlock: -1}, "erase block of -1"},
		{"negative write size", flash.Geometry{WriteSize: -1}, "write size of -1"},
		{"huge", flash.Geometry{Size: 1 << 40}, "size of 1099511627776"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := flash.NewArray(c.g)
			if c.wantErr == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.wantErr)
		})
	}
	require.Equal(t, flash.Geometry{Size: 8192, EraseBlock: 4096, WriteSize: 4}, newArray(t, flash.Geometry{Size: 8192}).Geometry())
}

func TestNOR(t *testing.T) {
	f := newArray(t, flash.Geometry{Size: 64, EraseBlock: 16, WriteSize: 2}).Open(flash.Guard{})
	read := func(off int64) []byte {
		p := make([]byte, 2)
		n, err := f.ReadAt(p, off)
		require.NoError(t, err)
		require.Equal(t, 2, n)
		return p
	}
	require.Equal(t, []byte{0xFF, 0xFF}, read(15))
	n, err := f.WriteAt([]byte{0xF0, 0x0F}, 14)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	_, err = f.WriteAt([]byte{0x3C, 0xFF}, 14)
	require.NoError(t, err)
	require.Equal(t, []byte{0x30, 0x0F}, read(14)) // bits are only ever cleared
	_, err = f.WriteAt([]byte{0, 0}, 16)
	require.NoError(t, err)
	require.NoError(t, f.Erase(0, 16))
	require.Equal(t, []byte{0xFF, 0x00}, read(15)) // the next block is not touched
}

func TestFlashErrors(t *testing.T) {
	f := newArray(t, flash.Geometry{Size: 64, EraseBlock: 16, WriteSize: 4}).Open(flash.Guard{})
	cases := []struct {
		name    string
		call    func() error
		is      error
		wantErr string
	}{
		{"read beyond", func() error { _, err := f.ReadAt(make([]byte, 4), 61); return err }, flash.ErrRange, "flash: read of 4 bytes at 0x3d: outside the flash of 64 bytes"},
		{"read before", func() error { _, err := f.ReadAt(make([]byte, 4), -1); return err }, flash.ErrRange, "read of 4 bytes at -0x1"},
		{"write beyond", func() error { _, err := f.WriteAt(make([]byte, 4), 64); return err }, flash.ErrRange, "write of 4 bytes at 0x40"},
		{"write at", func() error { _, err := f.WriteAt(make([]byte, 4), 2); return err }, flash.ErrAlignment, "flash: write of 4 bytes at 0x2: not aligned to 4 bytes"},
		{"write of", func() error { _, err := f.WriteAt(make([]byte, 3), 0); return err }, flash.ErrAlignment, "write of 3 bytes"},
		{"erase beyond", func() error { return f.Erase(48, 32) }, flash.ErrRange, "erase of 32 bytes at 0x30"},
		{"erase overflow", func() error { return f.Erase(16, 1<<63-1) }, flash.ErrRange, "erase"},
		{"erase negative", func() error { return f.Erase(16, -16) }, flash.ErrRange, "erase"},
		{"erase at", func() error { return f.Erase(8, 16) }, flash.ErrAlignment, "flash: erase of 16 bytes at 0x8: not aligned to blocks of 16 bytes"},
		{"erase of", func() error { return f.Erase(16, 8) }, flash.ErrAlignment, "erase of 8 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := c.call()
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, c.wantErr)
		})
	}
}

func TestGuard(t *testing.T) {
	var log []any
	gone := errors.New("gone")
	var fence error
	a := newArray(t, flash.Geometry{Size: 64, EraseBlock: 16, WriteSize: 4})
	f := a.Open(flash.Guard{
		Do: func(op func() error) error {
			if fence != nil {
				return fence
			}
			return op()
		},
		Wrote:  func(off int64, n int) { log = append(log, "wrote", off, n) },
		Erased: func(off int64, n int) { log = append(log, "erased", off, n) },
		Cut:    func() error { fence = gone; return gone },
	})
	require.Error(t, a.CutAt(0, 0))
	require.Error(t, a.CutAt(1, -1))
	require.NoError(t, a.CutAt(9, 0))
	require.NoError(t, a.CutAt(2, 5)) // in the place of the one before
	_, err := f.WriteAt(make([]byte, 4), 4)
	require.NoError(t, err)
	require.NoError(t, f.Erase(16, 32))
	_, err = f.WriteAt(make([]byte, 4), 2) // not a write: it is refused
	require.ErrorIs(t, err, flash.ErrAlignment)
	require.False(t, a.CutFired())
	n, err := f.WriteAt(make([]byte, 8), 16)
	require.Equal(t, gone, err)
	require.Equal(t, 5, n)
	require.True(t, a.CutFired())
	_, err = f.WriteAt(make([]byte, 8), 16)
	require.Equal(t, gone, err)
	require.Equal(t, gone, f.Erase(0, 16))
	_, err = f.ReadAt(make([]byte, 8), 16)
	require.Equal(t, gone, err)
	require.Equal(t, []any{"wrote", int64(4), 4, "erased", int64(16), 32, "wrote", int64(16), 5}, log)

	p := make([]byte, 8)
	_, err = a.Open(flash.Guard{}).ReadAt(p, 16)
	require.NoError(t, err)
	require.Equal(t, []byte{0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF}, p)
}

// The array against the plainest model there is: a byte slice.
func TestFlashIsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newArray(t, flash.Geometry{Size: 64, EraseBlock: 16, WriteSize: 4})
		model := make([]byte, 64)
		for i := range model {
			model[i] = 0xFF
		}
		for range rapid.IntRange(1, 40).Draw(t, "calls") {
			f := a.Open(flash.Guard{}) // as after a reboot
			if rapid.Bool().Draw(t, "erase") {
				block := rapid.IntRange(0, 3).Draw(t, "block")
				require.NoError(t, f.Erase(int64(block)*16, 16))
				for i := range 16 {
					model[block*16+i] = 0xFF
				}
				continue
			}
			off := 4 * rapid.IntRange(0, 14).Draw(t, "word")
			p := rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "bytes")
			k := rapid.IntRange(0, 9).Draw(t, "cut")
			require.NoError(t, a.CutAt(1, k))
			_, err := f.WriteAt(p, int64(off))
			require.Error(t, err)
			for i, b := range p[:min(k, 8)] {
				model[off+i] &= b
			}
		}
		got := make([]byte, 64)
		_, err := a.Open(flash.Guard{}).ReadAt(got, 0)
		require.NoError(t, err)
		require.Equal(t, model, got)
	})
}

func TestWear(t *testing.T) {
	a, err := flash.NewArray(flash.Geometry{Size: 4 * 4096, Endurance: 2})
	require.NoError(t, err)
	var erased, worn []int64
	f := a.Open(flash.Guard{Erased: func(off int64, n int) { erased = append(erased, off, int64(n)) }, Worn: func(off int64) { worn = append(worn, off) }})
	require.NoError(t, f.Erase(4096, 4096))
	require.NoError(t, f.Erase(4096, 4096))
	_, err = f.WriteAt([]byte("kept"), 4096)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("gone"), 0)
	require.NoError(t, err)
	err = f.Erase(0, 4*4096)
	require.ErrorIs(t, err, flash.ErrWorn)
	require.ErrorContains(t, err, "block at 0x1000: worn out after 2 erases")
	require.Equal(t, []int64{4096, 4096, 4096, 4096, 0, 4096}, erased)
	require.Equal(t, []int64{4096}, worn)
	held := make([]byte, 4)
	for at, want := range map[int64]string{0: "\xff\xff\xff\xff", 4096: "kept"} {
		_, err = f.ReadAt(held, at)
		require.NoError(t, err)
		require.Equal(t, want, string(held))
	}
	_, err = flash.NewArray(flash.Geometry{Size: 4096, Endurance: -1})
	require.ErrorContains(t, err, "an endurance of -1 erases")
}
