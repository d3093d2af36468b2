package html

import (
	"cmp"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/trace"
)

// The types of track.
const (
	states = "state" // something holds until the next item
	levels = "level" // the same, low and high
	ticks  = "tick"  // something happens
)

// track is a line of the timeline.
type track struct {
	Group int    `json:"group"` // index into the document's groups
	Label string `json:"label"`
	Type  string `json:"type"`
	order int
}

// place says where an event belongs.
type place struct {
	group string // a device, or "" for the bench
	label string
	typ   string
	order int    // among the tracks of its group
	kind  string // what it is there: a state, or a kind of tick
}

// placesOf returns where an event shows in the timeline; nowhere is possible, and two places are.
func placesOf(e *trace.Event) []place {
	if e.Device == "" {
		return benchPlaces(e)
	}
	at := func(label, typ string, order int, kind string) []place {
		return []place{{e.Device, label, typ, order, kind}}
	}
	switch e.Kind {
	case trace.Power:
		return powerPlaces(e)
	case trace.Boot:
		return append(at("power", states, 0, "running"), at("resets", ticks, 1, "boot")...)
	case trace.Reset:
		return append(at("power", states, 0, "starting"), at("resets", ticks, 1, "reset")...)
	case trace.Fault:
		return append(at("power", states, 0, "faulted"), at("resets", ticks, 1, "fault")...)
	case trace.Watchdog, trace.Disturbance:
		return at("resets", ticks, 1, string(e.Kind))
	case trace.Sleep, trace.Wake:
		return at("processor", states, 2, map[trace.Kind]string{trace.Sleep: "asleep", trace.Wake: "awake"}[e.Kind])
	case trace.Connect, trace.Connack, trace.Disconnect:
		return at("session", states, 3, sessionState(e))
	case trace.Handshake:
		return at("TLS", ticks, 4, map[bool]string{true: "handshake", false: "refused"}[e.Cause == "success"])
	case trace.Pin:
		return at(e.Name, levels, 5, map[bool]string{true: "high", false: "low"}[e.Value != 0])
	case trace.Sensor:
		return at("sensors", ticks, 6, "sensor")
	case trace.Publish, trace.Will, trace.Subscribe:
		return at("sent", ticks, 7, string(e.Kind))
	case trace.Deliver, trace.Drop:
		return at("received", ticks, 8, string(e.Kind))
	case trace.Broker:
		return at("received", ticks, 8, "broker")
	case trace.Console:
		return at("console", ticks, 9, "console")
	case trace.FlashWrite, trace.FlashErase:
		return at("flash", ticks, 10, string(e.Kind))
	}
	return nil // battery, traffic and memory are plots; what is retained was published
}

func powerPlaces(e *trace.Event) []place {
	if strings.HasPrefix(e.Text, "effect of ") {
		return nil
	}
	state := map[string]string{"on": "starting", "off": "off", "cut": "off"}[e.Name]
	p := []place{{e.Device, "power", states, 0, state}}
	if e.Name == "cut" {
		p = append(p, place{e.Device, "resets", ticks, 1, "cut"})
	}
	return p
}

func sessionState(e *trace.Event) string {
	switch {
	case e.Kind == trace.Connect:
		return "connecting"
	case e.Kind == trace.Connack && e.Cause == "success":
		return "online"
	case e.Kind == trace.Connack:
		return "refused"
	}
	return "offline"
}

// benchPlaces are those of the networks, the broker and the steps' own client. Steps are drawn from the summary.
func benchPlaces(e *trace.Event) []place {
	switch e.Kind {
	case trace.Network:
		if strings.HasPrefix(e.Text, "effect of ") {
			return nil
		}
		state := "impaired"
		if e.Text == "down" || e.Text == "up" {
			state = e.Text
		}
		return []place{{"", "network " + e.Name, states, 1, state}}
	case trace.Broker:
		if e.Name == "start" || e.Name == "stop" {
			return []place{{"", "broker", states, 2, map[string]string{"start": "up", "stop": "down"}[e.Name]}}
		}
		return []place{{"", "broker events", ticks, 3, "broker"}}
	case trace.Publish, trace.Drop, trace.Will, trace.Deliver, trace.Subscribe:
		return []place{{"", "other clients", ticks, 4, string(e.Kind)}}
	}
	return nil
}

// timeline collects the tracks and what is on them.
type timeline struct {
	groups []string // devices; the first is the bench, ""
	tracks []track
	kinds  []string
	items  *itemStore
	index  map[[2]string]int // group and label to the track
	names  map[string]int    // kind to its index
}

func newTimeline(items *itemStore) *timeline {
	return &timeline{groups: []string{""}, items: items, index: map[[2]string]int{}, names: map[string]int{}}
}

func (t *timeline) add(p place, at int64, line int32) {
	id := t.track(p)
	t.items.add(item{at: at, track: id, kind: t.kind(p.kind), line: line}, p.typ != ticks)
}

func (t *timeline) track(p place) int {
	key := [2]string{p.group, p.label}
	if id, ok := t.index[key]; ok {
		return id
	}
	group := slices.Index(t.groups, p.group)
	if group < 0 {
		group = len(t.groups)
		t.groups = append(t.groups, p.group)
	}
	id := len(t.tracks)
	t.tracks = append(t.tracks, track{Group: group, Label: p.label, Type: p.typ, order: p.order})
	t.index[key] = id
	return id
}

func (t *timeline) kind(name string) int {
	id, ok := t.names[name]
	if !ok {
		id = len(t.kinds)
		t.kinds = append(t.kinds, name)
		t.names[name] = id
	}
	return id
}

// order returns the tracks as they stand below one another, as indices.
func (t *timeline) order() []int {
	ids := make([]int, len(t.tracks))
	for i := range ids {
		ids[i] = i
	}
	slices.SortFunc(ids, func(a, b int) int {
		x, y := t.tracks[a], t.tracks[b]
		return cmp.Or(cmp.Compare(x.Group, y.Group), cmp.Compare(x.order, y.order), cmp.Compare(x.Label, y.Label))
	})
	return ids
}
