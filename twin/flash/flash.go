package flash

import (
	"errors"
	"fmt"
	"math"
)

// Errors that a handle's calls wrap.
var (
	// ErrRange means that the bytes named are not all inside the flash.
	ErrRange = errors.New("outside the flash")
	// ErrAlignment means that a write does not begin and end at a multiple of WriteSize, or an erase
	// at a multiple of EraseBlock.
	ErrAlignment = errors.New("not aligned")
	// ErrWorn means that a block was erased as often as it endures. It is bad for good.
	ErrWorn = errors.New("worn out")
)

const erased = 0xFF

// Geometry is the shape of a flash.
type Geometry struct {
	Size       int64 // bytes; a multiple of EraseBlock. Zero: the device has no flash
	EraseBlock int64 // bytes erased at a time; zero: 4096
	WriteSize  int   // bytes; a write begins and ends at a multiple of it. It divides EraseBlock; zero: 4
	Endurance  int   // erases of a block until it goes bad; zero: without end
}

// WithDefaults returns g with its zero fields filled.
func (g Geometry) WithDefaults() Geometry {
	if g.EraseBlock == 0 {
		g.EraseBlock = 4096
	}
	if g.WriteSize == 0 {
		g.WriteSize = 4
	}
	return g
}

// Validate returns every fault of g, after WithDefaults, as one error.
func (g Geometry) Validate() error {
	g = g.WithDefaults()
	var faults []error
	if g.EraseBlock < 0 || g.EraseBlock > math.MaxInt32 {
		faults = append(faults, fmt.Errorf("flash: an erase block of %d bytes", g.EraseBlock))
	}
	if g.WriteSize < 0 {
		faults = append(faults, fmt.Errorf("flash: a write size of %d bytes", g.WriteSize))
	}
	if g.Endurance < 0 {
		faults = append(faults, fmt.Errorf("flash: an endurance of %d erases", g.Endurance))
	}
	if g.Size < 0 || g.Size > math.MaxInt32 {
		faults = append(faults, fmt.Errorf("flash: a size of %d bytes", g.Size))
	}
	if len(faults) == 0 && g.EraseBlock%int64(g.WriteSize) != 0 {
		faults = append(faults, fmt.Errorf("flash: the erase block of %d bytes is not a multiple of the write size of %d", g.EraseBlock, g.WriteSize))
	}
	if len(faults) == 0 && g.Size%g.EraseBlock != 0 {
		faults = append(faults, fmt.Errorf("flash: the size of %d bytes is not a multiple of the erase block of %d", g.Size, g.EraseBlock))
	}
	return errors.Join(faults...)
}

// Array is the memory itself. It outlives the handles through which it is used, as the chip outlives
// the boots of a device. It is not safe for concurrent use; Guard.Do is where calls are put in order.
type Array struct {
	geometry Geometry
	cells    cells
	erases   []int // of each block
	cut      cut
	flips    map[int64]bool // offsets of bytes with a flipped bit, and whether they were read since
}

// cut is a power cut that waits for its write.
type cut struct {
	writes int // until it happens; 0: none is armed
	bytes  int // of that write that still reach the array
	fired  bool
}

// NewArray returns an erased array.
func NewArray(g Geometry) (*Array, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	g = g.WithDefaults()
	return &Array{geometry: g, cells: newCells(g), erases: make([]int, g.Size/g.EraseBlock)}, nil
}

// Geometry returns the array's shape, with its defaults filled in.
func (a *Array) Geometry() Geometry { return a.geometry }

// CutAt arms a power cut inside the n-th write from now (1 is the next one) after k of its bytes: those
// stay written. A k beyond the write's length cuts after its last byte. It replaces a cut armed before.
// n must be at least 1 and k at least 0.
func (a *Array) CutAt(n, k int) error {
	if n < 1 || k < 0 {
		return fmt.Errorf("flash: no cut is possible in write %d after %d bytes; writes count from 1, bytes from 0", n, k)
	}
	a.cut = cut{writes: n, bytes: k}
	return nil
}

// CutFired reports whether the cut armed last has happened.
func (a *Array) CutFired() bool { return a.cut.fired }

// Guard is what stands between a handle and the array. A nil field does nothing.
type Guard struct {
	// Begin is called before a write or an erase, outside of Do: it may wait.
	Begin func(op Operation)
	// Do calls op, or returns the error for which op cannot run, such as that the power is gone.
	Do func(op func() error) error
	// Wrote and Erased are told what was done, inside op. A write that was cut counts what it wrote.
	Wrote, Erased func(off int64, n int)
	// Worn is told of an erase that failed at a worn block, inside op.
	Worn func(off int64)
	// Cut cuts the power, inside op, and returns the error for the write that was under way.
	Cut func() error
}

// Open returns a handle to the array. Without a Guard.Cut, a cut that was armed makes its write fail
// and nothing else.
func (a *Array) Open(g Guard) *Flash {
	if g.Do == nil {
		g.Do = func(op func() error) error { return op() }
	}
	if g.Begin == nil {
		g.Begin = func(Operation) {}
	}
	if g.Wrote == nil {
		g.Wrote = func(int64, int) {}
	}
	if g.Erased == nil {
		g.Erased = func(int64, int) {}
	}
	if g.Worn == nil {
		g.Worn = func(int64) {}
	}
	if g.Cut == nil {
		g.Cut = func() error { return errCut }
	}
	return &Flash{array: a, guard: g}
}

var errCut = errors.New("flash: the power was cut")

// Flash is a handle to an Array. In a twin it belongs to one boot: once that boot has ended, every
// call returns the error that says why, and changes nothing. It is then safe for concurrent use.
type Flash struct {
	array *Array
	guard Guard
}

// Size returns the size in bytes, 0 for a device without flash.
func (f *Flash) Size() int64 { return f.array.geometry.Size }

// EraseBlock returns the size in bytes of what is erased at a time.
func (f *Flash) EraseBlock() int64 { return f.array.geometry.EraseBlock }

// WriteSize returns the bytes at a multiple of which writes begin and end.
func (f *Flash) WriteSize() int { return f.array.geometry.WriteSize }

// ReadAt fills p with the bytes at off. It reads all of p or fails with ErrRange.
func (f *Flash) ReadAt(p []byte, off int64) (int, error) {
	err := f.guard.Do(func() error {
		if err := f.check("read", off, int64(len(p))); err != nil {
			return err
		}
		f.array.cells.read(p, off)
		f.array.noteRead(off, int64(len(p)))
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteAt clears those bits at off that are clear in p; to set bits, erase first. off and len(p) are
// multiples of WriteSize, else ErrAlignment. When the power is cut inside the write, the bytes before
// the cut are written and n counts them.
func (f *Flash) WriteAt(p []byte, off int64) (n int, err error) {
	f.guard.Begin(Write)
	err = f.guard.Do(func() error {
		if err := f.check("write", off, int64(len(p))); err != nil {
			return err
		}
		if size := int64(f.WriteSize()); off%size != 0 || int64(len(p))%size != 0 {
			return fmt.Errorf("flash: write of %d bytes at %#x: %w to %d bytes", len(p), off, ErrAlignment, size)
		}
		var cut bool
		n, cut = f.array.write(p, off)
		f.guard.Wrote(off, n)
		if cut {
			return f.guard.Cut()
		}
		return nil
	})
	return n, err
}

func (a *Array) write(p []byte, off int64) (n int, cut bool) {
	n = len(p)
	if a.cut.writes > 0 {
		a.cut.writes--
		if cut = a.cut.writes == 0; cut {
			a.cut.fired = true
			n = min(n, a.cut.bytes)
		}
	}
	for i, b := range p[:n] {
		*a.cells.cell(off + int64(i)) &= b
	}
	return n, cut
}

// Erase sets length bytes at off to 0xFF. Both are multiples of EraseBlock, else ErrAlignment. A power
// cut finds it done or not begun. A block that was erased as often as Geometry.Endurance says keeps what it
// holds, and so do those behind it: ErrWorn.
func (f *Flash) Erase(off, length int64) error {
	f.guard.Begin(Erase)
	return f.guard.Do(func() error {
		if err := f.check("erase", off, length); err != nil {
			return err
		}
		if size := f.EraseBlock(); off%size != 0 || length%size != 0 {
			return fmt.Errorf("flash: erase of %d bytes at %#x: %w to blocks of %d bytes", length, off, ErrAlignment, size)
		}
		done, worn := f.array.erase(off, length)
		if done > 0 {
			f.guard.Erased(off, int(done))
		}
		if worn {
			f.guard.Worn(off + done)
			return fmt.Errorf("flash: erase of %d bytes at %#x: block at %#x: %w after %d erases", length, off, off+done, ErrWorn, f.array.geometry.Endurance)
		}
		return nil
	})
}

// erase erases block by block, up to the first one that is worn.
func (a *Array) erase(off, length int64) (done int64, worn bool) {
	for size := a.geometry.EraseBlock; done < length; done += size {
		at := off + done
		if end := a.geometry.Endurance; end > 0 && a.erases[at/size] >= end {
			return done, true
		}
		a.erases[at/size]++
		a.cells.erase(at)
	}
	return done, false
}

func (f *Flash) check(what string, off, length int64) error {
	if off < 0 || length < 0 || off > f.Size()-length {
		return fmt.Errorf("flash: %s of %d bytes at %#x: %w of %d bytes", what, length, off, ErrRange, f.Size())
	}
	return nil
}
