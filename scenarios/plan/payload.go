package plan

import (
	"cmp"
	"fmt"

	"github.com/twinrig/twinrig/internal/payload"
	"github.com/twinrig/twinrig/internal/topics"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// Payloads tells how messages are encoded. The zero value says JSON of all.
type Payloads struct {
	devices map[string]payload.Format
	owners  []owner
	found   map[string]payload.Format // found before
}

// owner is a filter of a device's identity.
type owner struct {
	filter topics.Filter
	format payload.Format
}

// Payloads returns how the messages of the plan's devices are encoded. It is not for concurrent use.
func (p *Plan) Payloads() *Payloads {
	all := &Payloads{devices: map[string]payload.Format{}, found: map[string]payload.Format{}}
	other := false
	for i := range p.Devices {
		d := &p.Devices[i]
		if d.Kind == nil {
			continue
		}
		format := payload.Format(d.Kind.Payload)
		other = other || format != "" && format != payload.JSON
		all.devices[d.Name] = format
		for _, filter := range d.Identity.Topics {
			all.owners = append(all.owners, owner{topics.NewFilter(filter), format})
		}
	}
	if !other {
		return &Payloads{}
	}
	return all
}

// Plain reports whether all payloads are JSON.
func (p *Payloads) Plain() bool { return p.devices == nil }

// Of returns how a message is encoded: as the device's kind says that publishes it; where that is none of the
// devices, as the first one's whose own topics the topic is among; else as JSON.
func (p *Payloads) Of(device, name string) payload.Format {
	if format, ok := p.devices[device]; ok {
		return format
	}
	return p.to(name)
}

// OfEvent is Of for the message of an event.
func (p *Payloads) OfEvent(e *trace.Event) payload.Format {
	if e.Kind == trace.Deliver {
		return p.to(e.Topic) // its device is the receiver
	}
	return p.Of(e.Device, e.Topic)
}

// to returns the format of the topic's owner.
func (p *Payloads) to(name string) payload.Format {
	if p.Plain() {
		return payload.JSON
	}
	format, ok := p.found[name]
	if ok {
		return format
	}
	for _, o := range p.owners {
		if o.filter.Matches(name) {
			format = o.format
			break
		}
	}
	p.found[name] = format
	return format
}

// checkPayload reports JSON for a device that reads raw bytes.
func (l *loader) checkPayload(s *lang.Step) {
	p := s.Publish
	if p == nil || p.JSON == nil {
		return
	}
	if l.payloads == nil {
		l.payloads = l.plan.Payloads()
	}
	if l.payloads.Of(p.As, p.Topic) == payload.Raw {
		l.diags.Add(p.JSON.Pos, s.Path+".publish.json", fmt.Sprintf("the device of %s has raw bytes for payloads", cmp.Or(p.As, p.Topic)), "hex or payload say them")
	}
}
