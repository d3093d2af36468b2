package flash_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/twin/flash"
	"pgregory.net/rapid"
)

func newStore(t require.TestingT, a *flash.Array, off int64, blocks int) *flash.Store {
	s, err := flash.NewStore(a.Open(flash.Guard{}), off, blocks)
	require.NoError(t, err)
	return s
}

func TestStore(t *testing.T) {
	a := newArray(t, flash.Geometry{Size: 1024, EraseBlock: 128, WriteSize: 8})
	_, err := newStore(t, a, 256, 2).Load()
	require.ErrorIs(t, err, flash.ErrEmpty)
	for i := range 100 {
		value := bytes.Repeat([]byte{byte(i)}, i%40)
		require.NoError(t, newStore(t, a, 256, 2).Save(value))
		got, err := newStore(t, a, 256, 2).Load()
		require.NoError(t, err)
		require.Equal(t, value, got[:len(value):len(got)])
		require.Len(t, got, len(value))
	}
	around := make([]byte, 1024)
	_, err = a.Open(flash.Guard{}).ReadAt(around, 0)
	require.NoError(t, err)
	require.Equal(t, bytes.Repeat([]byte{0xFF}, 256), around[:256])
	require.Equal(t, bytes.Repeat([]byte{0xFF}, 512), around[512:])
}

func TestStoreSparesTheFlash(t *testing.T) {
	erases := 0
	a := newArray(t, flash.Geometry{Size: 8192})
	s, err := flash.NewStore(a.Open(flash.Guard{Erased: func(int64, int) { erases++ }}), 0, 2)
	require.NoError(t, err)
	for range 1024 {
		require.NoError(t, s.Save([]byte("1234")))
	}
	require.Equal(t, 1024*20/4096+1, erases) // 204 records a block
}

func TestStoreErrors(t *testing.T) {
	f := newArray(t, flash.Geometry{Size: 8192}).Open(flash.Guard{})
	for name, c := range map[string]struct {
		off    int64
		blocks int
		want   string
	}{
		"one block":    {0, 1, "it needs 2"},
		"beyond":       {4096, 2, "outside the flash"},
		"not aligned":  {4, 2, "outside the flash"},
		"before":       {-4096, 2, "outside the flash"},
		"many, beyond": {0, 3, "outside the flash"},
	} {
		_, err := flash.NewStore(f, c.off, c.blocks)
		require.ErrorContains(t, err, c.want, name)
	}
	_, err := flash.NewStore(newArray(t, flash.Geometry{Size: 16384}).Open(flash.Guard{}), 4, 2)
	require.ErrorIs(t, err, flash.ErrAlignment)
	s, err := flash.NewStore(f, 0, 2)
	require.NoError(t, err)
	require.NoError(t, s.Save(make([]byte, 4096-16)))
	require.ErrorIs(t, s.Save(make([]byte, 4096-15)), flash.ErrTooLarge)
	got, err := s.Load()
	require.NoError(t, err)
	require.Len(t, got, 4096-16)
}

// Every byte of every write, in every state of the blocks: after the cut the store holds the old value
// or the new one, and goes on.
func TestStoreSurvivesEveryCut(t *testing.T) {
	for _, writeSize := range []int{1, 4, 16} {
		for blocks := 2; blocks <= 3; blocks++ {
			for saved := range 14 {
				for k := 0; ; k++ {
					if done := cutStore(t, writeSize, blocks, saved, k); done {
						break
					}
				}
			}
		}
	}
}

func cutStore(t *testing.T, writeSize, blocks, saved, k int) (done bool) {
	a := newArray(t, flash.Geometry{Size: 256, EraseBlock: 64, WriteSize: writeSize})
	value := func(i int) string { return fmt.Sprintf("\xffv%d\xff", i) } // 0xFF is what a cut may leave
	for i := range saved {
		require.NoError(t, newStore(t, a, 64, blocks).Save([]byte(value(i))))
	}
	require.NoError(t, a.CutAt(1, k))
	n := -1
	f := a.Open(flash.Guard{Wrote: func(_ int64, wrote int) { n = wrote }})
	s, err := flash.NewStore(f, 64, blocks)
	require.NoError(t, err)
	require.Error(t, s.Save([]byte(value(saved))))
	require.True(t, a.CutFired())
	got, err := newStore(t, a, 64, blocks).Load()
	switch {
	case err == nil:
		allowed := []string{value(saved)}
		if saved > 0 {
			allowed = append(allowed, value(saved-1))
		}
		require.Contains(t, allowed, string(got), "write size %d, %d blocks, %d saved, cut at %d", writeSize, blocks, saved, k)
	default:
		require.ErrorIs(t, err, flash.ErrEmpty)
		require.Zero(t, saved, "lost: write size %d, %d blocks, %d saved, cut at %d", writeSize, blocks, saved, k)
	}
	if n < k { // the cut came after the last byte
		require.Equal(t, value(saved), string(got))
	}
	for i := range 8 {
		require.NoError(t, newStore(t, a, 64, blocks).Save([]byte(value(100+i))))
		got, err = newStore(t, a, 64, blocks).Load()
		require.NoError(t, err)
		require.Equal(t, value(100+i), string(got))
	}
	return n < k
}

// Cut upon cut, with values of any size, on flash that begins with garbage.
func TestStoreProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blocks := rapid.IntRange(2, 4).Draw(t, "blocks")
		a := newArray(t, flash.Geometry{Size: int64(blocks) * 64, EraseBlock: 64, WriteSize: rapid.SampledFrom([]int{1, 2, 8}).Draw(t, "write size")})
		garbage := rapid.SliceOfN(rapid.Byte(), blocks*64, blocks*64).Draw(t, "garbage")
		_, err := a.Open(flash.Guard{}).WriteAt(garbage, 0)
		require.NoError(t, err)
		var old []byte
		for range rapid.IntRange(1, 30).Draw(t, "saves") {
			value := rapid.SliceOfN(rapid.Byte(), 0, 48).Draw(t, "value")
			k := rapid.IntRange(-20, 65).Draw(t, "cut")
			if k >= 0 {
				require.NoError(t, a.CutAt(1, k))
			}
			err := newStore(t, a, 0, blocks).Save(value)
			require.Equal(t, k >= 0, err != nil)
			got, err := newStore(t, a, 0, blocks).Load()
			switch {
			case err != nil:
				require.ErrorIs(t, err, flash.ErrEmpty)
				require.Nil(t, old, "lost %x", old)
				require.GreaterOrEqual(t, k, 0)
				continue
			case k < 0 || !bytes.Equal(got, old):
				require.True(t, bytes.Equal(value, got), "%x became %x, not %x", old, got, value)
			}
			old = got
		}
	})
}

// Whatever is on the flash, the store neither panics nor returns what has no right checksum.
func FuzzStoreLoad(f *testing.F) {
	a := newArray(f, flash.Geometry{Size: 128, EraseBlock: 64, WriteSize: 1})
	require.NoError(f, newStore(f, a, 0, 2).Save([]byte("seed")))
	seed := make([]byte, 128)
	_, err := a.Open(flash.Guard{}).ReadAt(seed, 0)
	require.NoError(f, err)
	f.Add(seed)
	f.Fuzz(func(t *testing.T, content []byte) {
		a := newArray(t, flash.Geometry{Size: 128, EraseBlock: 64, WriteSize: 1})
		_, err := a.Open(flash.Guard{}).WriteAt(content[:min(len(content), 128)], 0)
		require.NoError(t, err)
		if _, err := newStore(t, a, 0, 2).Load(); err != nil {
			require.ErrorIs(t, err, flash.ErrEmpty)
		}
		require.NoError(t, newStore(t, a, 0, 2).Save([]byte("after")))
		got, err := newStore(t, a, 0, 2).Load()
		require.NoError(t, err)
		require.Equal(t, "after", string(got))
	})
}

// record is what the store's documentation says one looks like.
func record(sequence uint32, value string) []byte {
	r := binary.LittleEndian.AppendUint32(nil, 0x726F7453)
	r = binary.LittleEndian.AppendUint32(r, sequence)
	r = binary.LittleEndian.AppendUint32(r, uint32(len(value)))
	r = binary.LittleEndian.AppendUint32(r, crc32.ChecksumIEEE(append(bytes.Clone(r[4:]), value...)))
	return append(r, value...)
}

func TestSequenceWraps(t *testing.T) {
	a := newArray(t, flash.Geometry{Size: 128, EraseBlock: 64, WriteSize: 1})
	f := a.Open(flash.Guard{})
	_, err := f.WriteAt(record(0xFFFFFFFE, "oldest"), 0)
	require.NoError(t, err)
	_, err = f.WriteAt(record(0xFFFFFFFF, "old, and fills its block"[:22]), 22)
	require.NoError(t, err)
	s := newStore(t, a, 0, 2)
	for _, value := range []string{"new", "newer", "newest"} {
		require.NoError(t, s.Save([]byte(value)))
		got, err := s.Load()
		require.NoError(t, err)
		require.Equal(t, value, string(got))
	}
	p := make([]byte, 64)
	_, err = f.ReadAt(p, 64)
	require.NoError(t, err)
	require.Equal(t, append(record(0, "new"), record(1, "newer")...), p[:40])
}
