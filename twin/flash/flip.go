package flash

import (
	"fmt"
	"math/rand/v2"
)

// Operation is what is done to flash.
type Operation byte

// The operations that change flash.
const (
	Write Operation = iota
	Erase
)

// Flip flips a bit (0 to 7) of the byte at off, as a worn or irradiated cell does.
func (a *Array) Flip(off int64, bit int) error {
	if off < 0 || off >= a.geometry.Size || bit < 0 || bit > 7 {
		return fmt.Errorf("flash: bit %d at %#x: %w of %d bytes", bit, off, ErrRange, a.geometry.Size)
	}
	*a.cells.cell(off) ^= 1 << bit
	if a.flips == nil {
		a.flips = map[int64]bool{}
	}
	a.flips[off] = false
	return nil
}

// FlipRandom flips a bit of a byte that is not erased, drawn from rand, and returns which.
func (a *Array) FlipRandom(rand *rand.Rand) (off int64, bit int, err error) {
	var written []int64
	for off := range a.geometry.Size {
		if a.cells.at(off) != erased {
			written = append(written, off)
		}
	}
	if len(written) == 0 {
		return 0, 0, fmt.Errorf("flash: no bit can flip: all is erased")
	}
	off, bit = written[rand.IntN(len(written))], rand.IntN(8)
	return off, bit, a.Flip(off, bit)
}

// FlipsRead returns how many bytes with a flipped bit were read since it flipped.
func (a *Array) FlipsRead() int64 {
	n := int64(0)
	for _, read := range a.flips {
		if read {
			n++
		}
	}
	return n
}

func (a *Array) noteRead(off, length int64) {
	for at := range a.flips {
		if at >= off && at < off+length {
			a.flips[at] = true
		}
	}
}
