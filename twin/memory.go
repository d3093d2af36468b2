package twin

import (
	"errors"
	"fmt"
	"math"

	"github.com/twinrig/twinrig/internal/trace"
)

// ErrOutOfMemory means that less of the device's memory is free than was asked for.
var ErrOutOfMemory = errors.New("out of memory")

// memory is the RAM of a device, in bytes, as far as it is modelled: what the boot that runs uses. The
// twin's mutex guards it.
type memory struct {
	noted     int64 // what a guest's linear memory takes
	allocated int64 // by Alloc
	leaked    int64 // taken by a leak
	told      int64 // the use that the last event says
}

func (m *memory) used() int64 { return m.noted + m.allocated + m.leaked }

// free returns how much of ram is left; a ram of zero has no end.
func (m *memory) free(ram int64) int64 {
	if ram == 0 {
		return math.MaxInt64 - m.used()
	}
	return max(0, ram-m.used())
}

// tellMemory emits what is in use, where that changed and somebody reads it. The caller holds mu.
func (t *Twin) tellMemory() {
	if used := t.memory.used(); t.cfg.Meter.Memory && used != t.memory.told {
		t.memory.told = used
		t.emit(trace.Event{Kind: trace.Memory, Count: used})
	}
}

// Alloc takes n bytes of the device's RAM: it models a heap, since Go firmware's own memory is the
// host's. Where fewer are free it takes none and returns an error that wraps ErrOutOfMemory; firmware
// that returns it faults. What a boot holds is free again when it ends. With Config.RAM zero there is no
// limit.
func (hw *Hardware) Alloc(n int64) error {
	return hw.do(func() error {
		m, ram := &hw.t.memory, hw.t.cfg.RAM
		if n < 0 {
			return fmt.Errorf("twin: %s: %d bytes cannot be allocated", hw.t.cfg.Name, n)
		}
		if n > m.free(ram) {
			return fmt.Errorf("twin: %s: %w: %d bytes asked for, %d of %d free", hw.t.cfg.Name, ErrOutOfMemory, n, m.free(ram), ram)
		}
		m.allocated += n
		hw.t.tellMemory()
		return nil
	})
}

// Free gives n bytes back that Alloc took. More than it took is an error, and gives nothing back.
func (hw *Hardware) Free(n int64) error {
	return hw.do(func() error {
		m := &hw.t.memory
		if n < 0 || n > m.allocated {
			return fmt.Errorf("twin: %s: %d bytes freed, where %d are allocated", hw.t.cfg.Name, n, m.allocated)
		}
		m.allocated -= n
		hw.t.tellMemory()
		return nil
	})
}

// NoteMemory says how many bytes of RAM the firmware's runtime takes now, beside what Alloc took: for a
// WebAssembly guest, the size of its linear memory.
func (hw *Hardware) NoteMemory(bytes int64) {
	hw.do(func() error { //nolint:errcheck // after the end of the boot there is nothing to note
		hw.t.memory.noted = max(0, bytes)
		hw.t.tellMemory()
		return nil
	})
}

// FreeMemory returns how many bytes of RAM are free: what the boot uses, and what a leak took, is gone.
// Without Config.RAM that is as good as endless. After the end of the boot it is 0.
func (hw *Hardware) FreeMemory() int64 {
	free := int64(0)
	hw.do(func() error { //nolint:errcheck // 0
		free = hw.t.memory.free(hw.t.cfg.RAM)
		return nil
	})
	return free
}

// Leak takes n bytes of RAM from the firmware that runs, until its boot ends, as a leak in a library
// would, and returns how many it took. Where fewer are free it takes those, and the device faults: what
// allocates next, even in a driver, would find nothing. A device that runs no firmware loses nothing.
// One whose RAM is not known cannot leak, which is an error.
func (t *Twin) Leak(n int64) (taken int64, err error) {
	t.mu.Lock()
	defer t.unlock()
	hw := t.boot
	switch {
	case t.cfg.RAM == 0:
		return 0, fmt.Errorf("twin: %s does not say how much RAM it has, so nothing can leak", t.cfg.Name)
	case n < 0:
		return 0, fmt.Errorf("twin: %s cannot leak %d bytes", t.cfg.Name, n)
	case hw == nil:
		return 0, nil
	}
	taken = min(n, t.memory.free(t.cfg.RAM))
	t.memory.leaked += taken
	t.tellMemory()
	if taken < n {
		text := fmt.Sprintf("out of memory: %d bytes of %d have leaked", t.memory.leaked, t.cfg.RAM)
		t.after = append(t.after, func() { hw.fault(text, nil) })
	}
	return taken, nil
}
