package html

import (
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/twinrig/twinrig/internal/trace"
)

// latencies pairs what the broker accepted with what it sent on: how long a message lay with it.
type latencies struct {
	seed     maphash.Seed
	pending  map[uint64]time.Duration // of a topic and payload: when the broker accepted it
	order    []uint64                 // of pending
	patterns map[string]*delivered
	devices  map[string]bool
}

// delivered is the messages of one topic pattern, as in devices/+/telemetry.
type delivered struct {
	count int // deliveries
	held  *hdrhistogram.Histogram
}

// longest is the highest latency that is told apart, in microseconds: a month.
const longest = int64(31 * 24 * time.Hour / time.Microsecond)

func newLatencies(devices []string) *latencies {
	l := &latencies{seed: maphash.MakeSeed(), pending: map[uint64]time.Duration{}, patterns: map[string]*delivered{}, devices: map[string]bool{}}
	for _, d := range devices {
		l.devices[d] = true
	}
	return l
}

func (l *latencies) take(e *trace.Event) {
	if e.Kind != trace.Publish && e.Kind != trace.Deliver {
		return
	}
	var h maphash.Hash
	h.SetSeed(l.seed)
	h.WriteString(e.Topic)
	h.WriteByte(0)
	h.Write(e.Payload)
	key := h.Sum64()
	if e.Kind == trace.Publish {
		l.accepted(key, e.At)
		return
	}
	begin, ok := l.pending[key]
	if !ok {
		return // a retained message, or one from before the bridge
	}
	l.deliver(l.pattern(e.Topic), e.At-begin)
}

func (l *latencies) accepted(key uint64, at time.Duration) {
	if _, again := l.pending[key]; !again {
		l.order = append(l.order, key)
	}
	l.pending[key] = at
	if len(l.order) > maxPending {
		for _, old := range l.order[:maxPending/2] {
			delete(l.pending, old)
		}
		l.order = slices.Clone(l.order[maxPending/2:])
	}
}

func (l *latencies) deliver(pattern string, held time.Duration) {
	d := l.patterns[pattern]
	if d == nil {
		if len(l.patterns) >= maxPatterns {
			return
		}
		d = &delivered{held: hdrhistogram.New(1, longest, 2)}
		l.patterns[pattern] = d
	}
	d.count++
	d.held.RecordValue(min(held.Microseconds(), longest)) //nolint:errcheck // it is in the range
}

// pattern puts + where a topic has the name of a device.
func (l *latencies) pattern(topic string) string {
	levels := strings.Split(topic, "/")
	for i, level := range levels {
		if l.devices[level] {
			levels[i] = "+"
		}
	}
	return strings.Join(levels, "/")
}
