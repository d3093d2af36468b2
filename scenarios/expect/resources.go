package expect

import (
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// nanocoulombs is how many of them are a mAh.
const nanocoulombs = 3.6e9

// resources is what is known of a device's energy and flash.
type resources struct {
	capacity int64 // of its battery, in nanocoulombs; 0: it has none
	onFor    time.Duration
	onSince  time.Duration // while it is powered
	block    int64         // bytes of flash erased at a time
	erases   map[int64]int // of each block; nil: none was
}

func newResources(d *plan.Device, s *deviceState) resources {
	r := resources{block: lang.DefaultEraseBlock}
	if has := d.Kind.Resources; has != nil && has.EraseBlock != nil {
		r.block = has.EraseBlock.Bytes
	}
	if b := d.Kind.Battery; b != nil && b.Capacity != nil {
		r.capacity = b.Capacity.Nanocoulombs
		s.values[s.metrics[metricBattery]] = 100 * d.Charged
		s.values[s.metrics[metricCharge]] = 0.0
	}
	return r
}

// powered notes when the device has power, for its battery's life.
func (r *resources) powered(on, before bool, at time.Duration) {
	switch {
	case on:
		r.onSince = at
	case before:
		r.onFor += at - r.onSince
	}
}

// applyResources carries an event about energy, memory, flash or traffic into the state.
func (h *History) applyResources(d *deviceState, e *trace.Event) {
	switch e.Kind {
	case trace.Memory:
		h.builtin(d, metricHeap, int(e.Count))
		h.builtin(d, metricHeapMax, max(d.number(metricHeapMax), int(e.Count)))
	case trace.Traffic:
		h.builtin(d, metricSent, int(e.Count))
		h.builtin(d, metricReceived, int(e.Offset))
	case trace.FlashErase:
		h.applyErase(d, e)
	case trace.Battery:
		h.builtin(d, metricBattery, e.Value)
		h.builtin(d, metricCharge, float64(e.Count)/nanocoulombs)
		r := &d.resources
		if on := r.onFor + e.At - r.onSince; e.Count > 0 && on > 0 {
			h.builtin(d, metricLife, on.Seconds()*float64(r.capacity)/float64(e.Count))
		}
	}
}

func (h *History) applyErase(d *deviceState, e *trace.Event) {
	r := &d.resources // an erase that failed counts no bytes
	if r.erases == nil {
		r.erases = map[int64]int{}
	}
	worst := d.number(metricWear)
	for block := e.Offset / r.block; block < (e.Offset+e.Count)/r.block; block++ {
		h.count(d, metricErases)
		r.erases[block]++
		worst = max(worst, r.erases[block])
	}
	h.builtin(d, metricWear, worst)
}

// resourceMetrics returns the metrics that an event about energy, memory, flash or traffic changes.
func resourceMetrics(kind trace.Kind) []string {
	switch kind {
	case trace.Memory:
		return []string{metricHeap, metricHeapMax}
	case trace.Traffic:
		return []string{metricSent, metricReceived}
	case trace.FlashErase:
		return []string{metricErases, metricWear}
	case trace.Battery:
		return []string{metricBattery, metricCharge, metricLife}
	}
	return nil
}
