package twin

import "github.com/twinrig/twinrig/internal/trace"

// traffic is the bytes of a device's connections since the start of the run: what goes into them and comes
// out, with TLS and without what the transport adds. The twin's mutex guards it.
type traffic struct{ sent, received int64 }

// count counts bytes and lets the radio carry them.
func (hw *Hardware) count(sent, received int) {
	if sent+received == 0 || hw.enter() != nil {
		return
	}
	defer hw.t.unlock()
	t := hw.t
	t.useRadio(sent + received)
	t.traffic.sent += int64(sent)
	t.traffic.received += int64(received)
	if t.cfg.Meter.Traffic {
		t.emit(trace.Event{Kind: trace.Traffic, Count: t.traffic.sent, Offset: t.traffic.received})
	}
}
