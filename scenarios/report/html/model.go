package html

import (
	"io"
	"slices"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/visible"
)

// model is what the second reading of a trace collects.
type model struct {
	survey    *survey
	timeline  *timeline
	lines     lines
	plots     *plots
	latencies *latencies
	fleets    map[string]*fleet
	lanes     map[string]bool // devices with lanes
	bare      int             // devices without: there are too many
	err       error
}

// newModel is for what the survey found; named are devices that a failure names.
func newModel(s *survey, named func(device string) bool) *model {
	m := &model{survey: s, plots: newPlots(s.end), latencies: newLatencies(s.devices), fleets: map[string]*fleet{}, lanes: map[string]bool{}}
	m.timeline = newTimeline(newItemStore(s.events, s.lanes, s.end))
	for name, f := range s.fleets {
		m.fleets[name] = newFleet(*f, s.end, s.events)
	}
	for _, name := range sortedKeys(s.networks) { // each begins as it is declared
		m.timeline.add(place{"", "network " + name, states, 1, "up"}, 0, -1)
	}
	extra, singles := 0, 0
	for _, d := range s.devices {
		switch {
		case s.fleetOf(d) != nil:
			if extra < namedMembers && named(d) {
				m.lanes[d] = true
				extra++
			}
		case singles < maxDevices || named(d):
			m.lanes[d] = true
			singles++
		default:
			m.bare++
		}
	}
	return m
}

func (m *model) read(r io.Reader) error {
	_, _, err := read(r, m.take)
	if err == nil {
		err = m.err
	}
	if err == nil {
		err = m.lines.close()
	}
	return err
}

func (m *model) take(e *trace.Event) {
	at := e.At.Microseconds()
	m.latencies.take(e)
	if name, number, ok := splitMember(e.Device); ok && m.fleets[name] != nil {
		m.fleets[name].take(e, number, at)
	}
	if e.Device != "" && !m.lanes[e.Device] {
		return
	}
	m.plots.take(e, at)
	places := placesOf(e)
	if len(places) == 0 {
		return
	}
	line, err := m.lines.add(say(e))
	if err != nil && m.err == nil {
		m.err = err
	}
	for _, p := range places {
		m.timeline.add(p, at, line)
	}
}

// document is what the page draws from, beside the columns of items.
type document struct {
	End    int64    `json:"end"`   // microseconds
	Start  string   `json:"start"` // world time
	Groups []string `json:"groups"`
	Tracks []track  `json:"tracks"`
	Order  []int    `json:"order"`
	Kinds  []string `json:"kinds"`
	Merge  int64    `json:"merge"` // microseconds within which items were merged; 0: none were
	Chunks []int32  `json:"chunks"`
	Steps  []stage  `json:"steps"`
	Fails  []int64  `json:"fails"` // when something failed
	Plots  []plot   `json:"plots"`
	Fleets []heat   `json:"fleets"`
}

// stage is a step on the timeline.
type stage struct {
	Begin   int64  `json:"begin"`
	End     int64  `json:"end"`
	Text    string `json:"text"`
	Verdict string `json:"verdict"`
	Line    int    `json:"line"`
}

func (m *model) document() document {
	t := m.timeline
	d := document{End: max(m.survey.end.Microseconds(), 1), Start: m.survey.header.Start.UTC().Format(time.RFC3339Nano),
		Groups: []string{}, Tracks: []track{}, Order: t.order(), Kinds: append([]string{}, t.kinds...), Merge: t.items.merge,
		Chunks: []int32{}, Steps: []stage{}, Fails: []int64{}, Fleets: []heat{}}
	for _, g := range t.groups {
		d.Groups = append(d.Groups, visible.Line(g))
	}
	for _, x := range t.tracks {
		x.Label = visible.Line(x.Label)
		d.Tracks = append(d.Tracks, x)
	}
	for _, c := range m.lines.chunks {
		d.Chunks = append(d.Chunks, c.first)
	}
	list, _ := m.plots.list()
	d.Plots = append([]plot{}, list...)
	for _, name := range sortedKeys(m.fleets) {
		d.Fleets = append(d.Fleets, m.fleets[name].heat(m.survey.end))
	}
	return d
}

// leftOut tells what the report has no room for.
func (m *model) leftOut() []string {
	var notes []string
	if m.bare > 0 {
		notes = append(notes, counted(m.bare, "device")+" beyond the first have no lanes here; the trace has all.")
	}
	if _, left := m.plots.list(); left > 0 {
		notes = append(notes, counted(left, "plot")+" beyond the first are left out.")
	}
	if m.timeline.items.merge > 0 {
		notes = append(notes, "The trace is long: things of one kind that are less than "+clock(time.Duration(m.timeline.items.merge)*time.Microsecond)+" apart are drawn as one.")
	}
	if m.lines.lost > 0 {
		notes = append(notes, "The text of "+counted(m.lines.lost, "event")+" in the middle of the run is left out; the trace has all.")
	}
	return slices.Clip(notes)
}
