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
	// before it counts as spinning: seconds on a microcontroller, and well below what makes the run's own
	// watch end the run.
	spinLimit = time.Second
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

// beat shows that a guest lives: it is odd while the guest computes, and changes with each call to and from the host.
type beat struct {
	count    atomic.Uint64
	instance api.Module

	// The watch's.
	seen uint64
	cpu  time.Duration // of the process, when seen was new
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
		switch count := b.count.Load(); {
		case count != b.seen || count%2 == 0:
			b.seen, b.cpu = count, cpu
		case cpu-b.cpu > spinLimit:
			spinning = append(spinning, b)
		}
	}
	w.mu.Unlock()
	for _, b := range spinning {
		b.instance.CloseWithExitCode(context.Background(), exitSpinning) //nolint:errcheck // the call that it ends says so
	}
}
