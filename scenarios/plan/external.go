package plan

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// external returns the broker elsewhere that the scenario names, or nil.
func (l *loader) external() *url.URL {
	b := l.plan.Scenario.Broker
	if b == nil || b.URL == nil || b.URL.URL == nil {
		return nil
	}
	if l.opts.Mode != "live" {
		l.diags.Add(b.URL.Pos, "broker.url", "a broker elsewhere cannot be reached in virtual time", "--mode live; or leave url out for the embedded broker")
	}
	return b.URL.URL
}

// unseen are the events that only the broker itself can tell of: an external one tells nobody.
func unseen() []trace.Kind {
	return []trace.Kind{trace.Handshake, trace.Connect, trace.Connack, trace.Disconnect, trace.Subscribe, trace.Deliver, trace.Drop, trace.Will, trace.Retain}
}

// checkExternalStep reports what cannot be done to, or through, a broker elsewhere.
func (l *loader) checkExternalStep(s *lang.Step) {
	if l.plan.External == nil {
		return
	}
	if s.Broker != nil {
		l.diags.Add(s.Broker.Pos, s.Path+".broker", "only the embedded broker can be acted on", "broker.url names another; a network can be taken down instead")
	}
	if p := s.Publish; p != nil && p.Keys.Has("as") && p.As != lang.Backend {
		l.diags.Add(p.Keys.At("as", p.Pos), s.Path+".publish.as", "through a broker elsewhere only the backend publishes", "leave as out")
	}
}

// checkExternalExpect reports expectations of what a broker elsewhere does not tell.
func (l *loader) checkExternalExpect(e *lang.Expect, path string) {
	if l.plan.External == nil || !slices.Contains(unseen(), trace.Kind(e.Event)) {
		return
	}
	l.diags.Add(e.Keys.At("event", e.Pos), path+".event", fmt.Sprintf("a broker elsewhere tells nobody of %s events", e.Event), "match a message instead: mqtt")
}
