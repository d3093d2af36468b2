package run

import (
	"fmt"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/topics"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// troubles are what keeps devices from talking to the broker: handshakes of TLS that failed and connections that
// were refused, each since the device was last let in.
type troubles map[string]*trouble // by device

type trouble struct {
	handshakes, refusals int
	last                 trace.Event
}

func (t troubles) add(e *trace.Event) {
	if e.Device == "" || e.Kind != trace.Handshake && e.Kind != trace.Connack {
		return
	}
	if e.Cause == "success" {
		if e.Kind == trace.Connack {
			delete(t, e.Device)
		}
		return
	}
	x := t[e.Device]
	if x == nil {
		x = &trouble{}
		t[e.Device] = x
	}
	if strings.HasPrefix(e.Cause, "alert: ") && x.last.Kind == trace.Handshake && !strings.HasPrefix(x.last.Cause, "alert: ") {
		return // the other side hears of the same one, and not why
	}
	if x.last = *e; e.Kind == trace.Handshake {
		x.handshakes++
	} else {
		x.refusals++
	}
}

// maxLikely is of how many devices a failure tells trouble.
const maxLikely = 3

// likely says in lines of a failure's detail why a message that an expectation waits for may not have come, or "".
// It is about the devices that may publish to the topic.
func (r *runner) likely(e *lang.Expect) string {
	filters := awaited(e, nil)
	var lines []string
	more := 0
	for i := range r.plan.Devices {
		d := &r.plan.Devices[i]
		x := r.troubles[d.Name]
		if x == nil || !mayPublish(d.Identity.Topics, filters) {
			continue
		}
		if len(lines) == maxLikely {
			more++
			continue
		}
		lines = append(lines, "\n  likely:   "+x.describe(d.Name))
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("\n            and %d more devices that are not let in", more))
	}
	return strings.Join(lines, "")
}

// awaited adds the filters of the messages that an expectation waits for to filters.
func awaited(e *lang.Expect, filters []topics.Filter) []topics.Filter {
	if e.MQTT != "" && !e.Not {
		filters = append(filters, topics.NewFilter(strings.ReplaceAll(e.MQTT, "{id}", "+")))
	}
	for _, m := range e.Members() {
		filters = awaited(&m, filters)
	}
	return filters
}

// mayPublish reports whether a device that may use the topics can send a message that one of the filters takes in.
func mayPublish(allowed []string, filters []topics.Filter) bool {
	for _, a := range allowed {
		for _, f := range filters {
			if topics.NewFilter(a).Overlaps(f) {
				return true
			}
		}
	}
	return false
}

func (x *trouble) describe(device string) string {
	var parts []string
	if x.handshakes > 0 {
		parts = append(parts, counted(x.handshakes, "TLS handshake")+" failed")
	}
	if x.refusals > 0 {
		parts = append(parts, counted(x.refusals, "connection")+" refused")
	}
	text := fmt.Sprintf("%s is not let in: %s, at last at %s: %s", device, strings.Join(parts, ", "), x.last.At.Round(time.Millisecond), x.last.Cause)
	if x.last.Kind == trace.Handshake && x.last.Name != "" {
		text += fmt.Sprintf(" (the %s refused)", x.last.Name)
	}
	return text
}
