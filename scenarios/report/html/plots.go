package html

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/visible"
)

// series is a number over time. Where it changes often, each interval keeps its first, lowest, highest and last value.
type series struct {
	width  int64 // of an interval, in microseconds
	times  []int64
	values []float64
	slot   int64 // the interval of the last points
	from   int   // where they begin
}

func newSeries(end time.Duration) *series {
	return &series{width: end.Microseconds()/maxPoints + 1, slot: -1}
}

func (s *series) add(at int64, v float64) {
	if slot := at / s.width; slot != s.slot {
		s.slot, s.from = slot, len(s.times)
	}
	s.times, s.values = append(s.times, at), append(s.values, v)
	if n := len(s.values); n-s.from > 4 {
		// Of five points the one in the middle goes that is neither the lowest nor the highest of them.
		inner := s.values[s.from:n]
		for i := 1; i < len(inner)-1; i++ {
			if inner[i] != slices.Min(inner) && inner[i] != slices.Max(inner) || slices.Index(inner, inner[i]) < i {
				s.times, s.values = slices.Delete(s.times, s.from+i, s.from+i+1), slices.Delete(s.values, s.from+i, s.from+i+1)
				return
			}
		}
		s.times, s.values = slices.Delete(s.times, n-2, n-1), slices.Delete(s.values, n-2, n-1)
	}
}

// plot is a diagram of the page.
type plot struct {
	Device string  `json:"device"`
	Title  string  `json:"title"`
	Unit   string  `json:"unit,omitempty"`
	Curves []curve `json:"curves"`
	order  int
}

// curve is a line of a plot.
type curve struct {
	Label  string    `json:"label"`
	Times  []int64   `json:"t"` // as differences
	Values []float64 `json:"v"`
}

// plots collects what the devices with lanes measure and report.
type plots struct {
	end time.Duration
	all map[plotKey]*series
	// fields counts the numbers of a device's messages that are plotted.
	fields map[string]int
}

type plotKey struct {
	device, what string // what: the sensor, the field or the metric
	source       string // "sensor", "message" or "metric"
}

func newPlots(end time.Duration) *plots {
	return &plots{end: end, all: map[plotKey]*series{}, fields: map[string]int{}}
}

func (p *plots) add(key plotKey, at int64, v float64) {
	s := p.all[key]
	if s == nil {
		if key.source == "message" {
			if p.fields[key.device] >= maxFields {
				return
			}
			p.fields[key.device]++
		}
		s = newSeries(p.end)
		p.all[key] = s
	}
	s.add(at, v)
}

// take plots an event that has a number.
func (p *plots) take(e *trace.Event, at int64) {
	switch e.Kind {
	case trace.Sensor:
		p.add(plotKey{e.Device, e.Name, "sensor"}, at, e.Value)
	case trace.Battery:
		p.add(plotKey{e.Device, "battery", "metric"}, at, e.Value)
	case trace.Memory:
		p.add(plotKey{e.Device, "RAM", "metric"}, at, float64(e.Count))
	case trace.Traffic:
		p.add(plotKey{e.Device, "bytes sent", "metric"}, at, float64(e.Count))
	case trace.Publish:
		for _, f := range numbers(e) {
			p.add(plotKey{e.Device, f.name, "message"}, at, f.value)
		}
	}
}

type field struct {
	name  string
	value float64
}

// numbers returns the numbers of a message that is a JSON object, by name.
func numbers(e *trace.Event) []field {
	text := e.Payload
	if e.Decoded != "" {
		text = []byte(e.Decoded)
	}
	if len(text) == 0 || text[0] != '{' {
		return nil
	}
	var object map[string]any
	if json.Unmarshal(text, &object) != nil {
		return nil
	}
	var found []field
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if v, ok := object[name].(float64); ok {
			found = append(found, field{name, v})
		}
	}
	return found
}

// unitOf is the unit of what the devices record themselves.
func unitOf(k plotKey) string {
	if k.source != "metric" {
		return ""
	}
	return map[string]string{"battery": "%", "RAM": "bytes", "bytes sent": "bytes"}[k.what]
}

// list returns the plots: of each device its sensors, with what it says of them in its messages, then its
// battery, RAM and traffic, then other numbers in its messages.
func (p *plots) list() (list []plot, left int) {
	rank := map[string]int{"sensor": 0, "metric": 1, "message": 2}
	keys := slices.SortedFunc(maps.Keys(p.all), func(a, b plotKey) int {
		return cmp.Or(cmp.Compare(rank[a.source], rank[b.source]), strings.Compare(a.device, b.device), strings.Compare(a.what, b.what))
	})
	at := map[[2]string]int{}
	for _, k := range keys {
		s := p.all[k]
		if len(s.times) < 2 && k.source == "message" {
			continue // a number that was said once is no curve
		}
		c := curve{Label: map[string]string{"sensor": "sensor", "metric": k.what, "message": "reported"}[k.source], Times: differences(s.times), Values: s.values}
		if i, ok := at[[2]string{k.device, k.what}]; ok {
			list[i].Curves = append(list[i].Curves, c)
			continue
		}
		at[[2]string{k.device, k.what}] = len(list)
		list = append(list, plot{Device: visible.Line(cmp.Or(k.device, "the steps")), Title: visible.Line(k.what), Unit: unitOf(k), Curves: []curve{c}, order: rank[k.source]})
	}
	if len(list) > maxPlots {
		return list[:maxPlots], len(list) - maxPlots
	}
	return list, 0
}

func differences(times []int64) []int64 {
	out := make([]int64, len(times))
	var last int64
	for i, t := range times {
		out[i], last = t-last, t
	}
	return out
}
