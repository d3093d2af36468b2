package wasm

import (
	"context"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/twinrig/twinrig/internal/vtime"
)

const (
	// spinLimit is how much processor time a guest may compute without a call to the host
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

	// How much processor time a goroutine that never waits can have had, and that of the process when it was
	// last counted. With others ready to run it gets its share only, and may long wait for its turn.
	share, cpu time.Duration
}

// beat shows what a guest does.
type beat struct {
	calls    atomic.Uint64 // odd while the guest computes; changes with each call to and from the host
	progress atomic.Uint64 // changes when the guest returns, and when time went on during a call
	instance api.Module

	// The watch's: what it saw last, and its share when progress was new.
	seenCalls, seenProgress uint64
	since                   time.Duration
}

// spins reports whether the guest has spun for too long. A guest that waits in a call does not spin.
func (b *beat) spins(share time.Duration) bool {
	calls, progress := b.calls.Load(), b.progress.Load()
	silent := calls == b.seenCalls
	waits := silent && calls%2 == 0
	if waits || progress != b.seenProgress {
		b.since = share
	}
	b.seenCalls, b.seenProgress = calls, progress
	limit := callLimit
	if silent {
		limit = spinLimit
	}
	return share-b.since > limit
}

func newWatch() *watch {
	w := &watch{guests: map[*beat]struct{}{}, cpu: vtime.ProcessorTime()}
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

// runnable returns how many goroutines of the process wait for a processor.
func runnable() uint64 {
	sample := []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}}
	if metrics.Read(sample); sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}

func (w *watch) look() {
	now := vtime.ProcessorTime()
	w.share += (now - w.cpu) / time.Duration(1+runnable())
	w.cpu = now
	var spinning []*beat
	w.mu.Lock()
	for b := range w.guests {
		if b.spins(w.share) {
			spinning = append(spinning, b)
		}
	}
	w.mu.Unlock()
	for _, b := range spinning {
		b.instance.CloseWithExitCode(context.Background(), exitSpinning) //nolint:errcheck // the call that it ends says so
	}
}
