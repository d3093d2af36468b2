package wasm

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/twinrig/twinrig/internal/vtime"
)

const (
	// spinLimit is how much processor time of the process a guest may compute without a call to the host
	// before it counts as spinning: seconds on a microcontroller.
	spinLimit = time.Second
	// callLimit is the same for one that does call, in one instant. It is longer, because a million calls to the
	// hardware end by themselves; and below what makes the run's own watch end the run.
	callLimit = 2500 * time.Millisecond
	lookEvery = 50 * time.Millisecond
)

// exitSpinning is the exit code by which a call that the watch ended is told.
const exitSpinning = 0x7777

// watch ends calls of guests that never return. It runs on the wall clock, outside of virtual time, and must
// be made there.
type watch struct {
	stop   func()
	mu     sync.Mutex // held for moments only
	guests map[*beat]struct{}
}

// beat shows what a guest does.
type beat struct {
	calls    atomic.Uint64 // odd while the guest computes; changes with each call to and from the host
	progress atomic.Uint64 // changes when the guest returns, and when time went on during a call
	instance api.Module

	// The watch's: what it saw last, and the processor time of the process when progress was new.
	seenCalls, seenProgress uint64
	cpu                     time.Duration
}

// spins reports whether the guest has spun for too long. A guest that waits in a call does not spin.
func (b *beat) spins(cpu time.Duration) bool {
	calls, progress := b.calls.Load(), b.progress.Load()
	silent := calls == b.seenCalls
	waits := silent && calls%2 == 0
	if waits || progress != b.seenProgress {
		b.cpu = cpu
	}
	b.seenCalls, b.seenProgress = calls, progress
	limit := callLimit
	if silent {
		limit = spinLimit
	}
	return cpu-b.cpu > limit
}

func newWatch() *watch {
	w := &watch{guests: map[*beat]struct{}{}}
	w.stop = vtime.Every(lookEvery, w.look)
	return w
}

func (w *watch) close() { w.stop() }

func (w *watch) add(b *beat) {
	w.mu.Lock()
	w.guests[b] = struct{}{}
	w.mu.Unlock()
}

func (w *watch) remove(b *beat) {
	w.mu.Lock()
	delete(w.guests, b)
	w.mu.Unlock()
}

func (w *watch) look() {
	cpu := vtime.ProcessorTime()
	var spinning []*beat
	w.mu.Lock()
	for b := range w.guests {
		if b.spins(cpu) {
			spinning = append(spinning, b)
		}
	}
	w.mu.Unlock()
	for _, b := range spinning {
		b.instance.CloseWithExitCode(context.Background(), exitSpinning) //nolint:errcheck // the call that it ends says so
	}
}
