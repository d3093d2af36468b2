package run

import (
	"github.com/twinrig/twinrig/internal/payload"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// decode puts the value of a payload that is no JSON into the event, for people; the bytes stay.
func (r *runner) decode(e *trace.Event) {
	if e.Payload == nil || r.payloads.Plain() {
		return
	}
	format := r.payloads.OfEvent(e)
	if format != payload.CBOR && format != payload.MessagePack {
		return
	}
	if value, err := payload.Decode(format, e.Payload); err == nil {
		e.Decoded = payload.Line(value)
	}
}

// payloadOf returns the bytes that a step publishes: a value in the format of the device in whose name it is
// published, or else of the one whose topic it is.
func (r *runner) payloadOf(p *lang.Publish, device string) ([]byte, error) {
	switch {
	case p.JSON != nil:
		return payload.Encode(r.payloads.Of(device, p.Topic), p.JSON.Value)
	case p.Hex != nil:
		return p.Hex.Bytes, nil
	}
	return []byte(*p.Payload), nil
}
