package html

import (
	"fmt"
	"slices"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/visible"
)

// fleet sums up the members of one: in cells of members and time, and over the run for each member.
type fleet struct {
	members
	perRow   int   // members in a row of the heat map
	rows     int   //
	width    int64 // of a column, microseconds
	columns  int
	messages []int
	away     []float64 // microseconds that members were not connected
	trouble  []int     // resets, faults, cuts
	each     map[string]*tally
	values   map[string]*spread
	skipped  int // messages since the last whose numbers were looked at
	stride   int // how many to skip
}

// tally is what one member did in the whole run.
type tally struct {
	row                                        int
	sent, received, connects, resets, troubled int
	connected                                  bool
	since                                      int64 // when connected changed
	away                                       int64 // microseconds
}

func newFleet(m members, end time.Duration, events int) *fleet {
	f := &fleet{members: m, each: make(map[string]*tally, m.count), values: map[string]*spread{}}
	f.perRow = (m.last-m.first)/heatRows + 1
	f.rows = (m.last-m.first)/f.perRow + 1
	f.width = end.Microseconds()/heatColumns + 1
	f.columns = int(end.Microseconds()/f.width) + 1
	n := f.rows * f.columns
	f.messages, f.away, f.trouble = make([]int, n), make([]float64, n), make([]int, n)
	f.stride = (events / (heatColumns * spreadSize)) | 1
	return f
}

func (f *fleet) take(e *trace.Event, number int, at int64) {
	m := f.each[e.Device]
	if m == nil {
		m = &tally{row: (number - f.first) / f.perRow}
		f.each[e.Device] = m
	}
	column := int(at / f.width)
	cell := m.row*f.columns + column
	switch e.Kind {
	case trace.Publish:
		m.sent++
		f.messages[cell]++
		f.look(e, column)
	case trace.Deliver:
		m.received++
	case trace.Connack:
		if e.Cause == "success" {
			m.connects++
			f.connect(m, true, at)
		}
	case trace.Disconnect:
		f.connect(m, false, at)
	case trace.Power:
		if e.Name != "on" {
			f.connect(m, false, at)
		}
	case trace.Reset, trace.Watchdog:
		m.resets++
		f.trouble[cell]++
	case trace.Fault:
		m.troubled++
		f.trouble[cell]++
	case trace.Sensor, trace.Battery:
		f.value(map[trace.Kind]string{trace.Sensor: e.Name, trace.Battery: "battery"}[e.Kind], column, e.Value)
	}
}

func (f *fleet) connect(m *tally, connected bool, at int64) {
	if connected == m.connected {
		return
	}
	f.settle(m, at)
	m.connected = connected
}

// settle counts the time since the last change of a member's connection.
func (f *fleet) settle(m *tally, at int64) {
	if !m.connected {
		m.away += at - m.since
		for from := m.since; from < at; {
			to := min(at, (from/f.width+1)*f.width)
			f.away[m.row*f.columns+int(from/f.width)] += float64(to - from)
			from = to
		}
	}
	m.since = at
}

// look takes the numbers of some of the messages.
func (f *fleet) look(e *trace.Event, column int) {
	if f.skipped++; f.skipped < f.stride {
		return
	}
	f.skipped = 0
	for _, x := range numbers(e) {
		if len(f.values) < maxFields || f.values[x.name] != nil {
			f.value(x.name, column, x.value)
		}
	}
}

func (f *fleet) value(name string, column int, v float64) {
	s := f.values[name]
	if s == nil {
		s = &spread{columns: make([]sample, f.columns)}
		f.values[name] = s
	}
	s.columns[column].add(v)
}

// heat is a fleet as the page reads it. The cells go row by row.
type heat struct {
	Name     string    `json:"name"`
	Members  int       `json:"members"`
	First    int       `json:"first"`
	PerRow   int       `json:"perRow"`
	Rows     int       `json:"rows"`
	Columns  int       `json:"columns"`
	Width    int64     `json:"width"`
	Messages []int     `json:"messages"`
	Away     []float64 `json:"away"` // share of the row's members, 0 to 1
	Trouble  []int     `json:"trouble"`
	Plots    []plot    `json:"plots"`
}

func (f *fleet) heat(end time.Duration) heat {
	perRow := make([]int, f.rows)
	for _, m := range f.each {
		f.settle(m, end.Microseconds())
		perRow[m.row]++
	}
	h := heat{Name: f.name, Members: f.count, First: f.first, PerRow: f.perRow, Rows: f.rows, Columns: f.columns, Width: f.width,
		Messages: f.messages, Trouble: f.trouble, Away: make([]float64, len(f.away))}
	for row, n := range perRow {
		for column := range f.columns {
			i := row*f.columns + column
			width := min(f.width, end.Microseconds()-int64(column)*f.width)
			if n > 0 && width > 0 {
				h.Away[i] = float64(int(1000*f.away[i]/float64(int64(n)*width)+0.5)) / 1000
			}
		}
	}
	h.Plots = f.plots(h.Away, perRow)
	return h
}

// plots are the fleet over time: how many are connected, how much they say, and percentiles of what they measure.
func (f *fleet) plots(away []float64, perRow []int) []plot {
	connected, rate := curve{Label: "connected"}, curve{Label: "messages a second"}
	for column := range f.columns {
		on, said := 0.0, 0
		for row := range f.rows {
			i := row*f.columns + column
			on += (1 - away[i]) * float64(perRow[row])
			said += f.messages[i]
		}
		at := int64(column) * f.width
		connected.Times, connected.Values = append(connected.Times, at), append(connected.Values, on)
		rate.Times, rate.Values = append(rate.Times, at), append(rate.Values, float64(said)*1e6/float64(f.width))
	}
	connected.Times, rate.Times = differences(connected.Times), differences(rate.Times)
	list := []plot{{Device: f.name, Title: "connected members", Curves: []curve{connected}},
		{Device: f.name, Title: "messages a second", Curves: []curve{rate}}}
	for _, name := range sortedKeys(f.values) {
		list = append(list, plot{Device: f.name, Title: visible.Line(name), Curves: f.values[name].curves(f.width)})
	}
	return list
}

// ranking is how one thing is distributed over the members of a fleet.
type ranking struct {
	What    string
	Values  []string // by the percentiles in rankings
	Highest string   // the member
}

// percentiles are the columns of a table of rankings.
func percentiles() []float64 { return []float64{0, 5, 50, 95, 99, 100} }

func (f *fleet) rankings(end time.Duration) []ranking {
	for _, m := range f.each {
		f.settle(m, end.Microseconds())
	}
	count := func(n int) string { return fmt.Sprint(n) }
	of := func(what string, value func(*tally) int, text func(int) string) ranking {
		r := ranking{What: what}
		all := make([]int, 0, len(f.each))
		highest := -1
		for _, name := range sortedKeys(f.each) {
			v := value(f.each[name])
			all = append(all, v)
			if v > highest {
				highest, r.Highest = v, name
			}
		}
		slices.Sort(all)
		for _, p := range percentiles() {
			r.Values = append(r.Values, text(nearest(all, p)))
		}
		if all[0] == all[len(all)-1] {
			r.Highest = "all alike"
		}
		return r
	}
	return []ranking{
		of("messages sent", func(t *tally) int { return t.sent }, count),
		of("messages received", func(t *tally) int { return t.received }, count),
		of("connections", func(t *tally) int { return t.connects }, count),
		of("time not connected", func(t *tally) int { return int(t.away) }, func(n int) string { return clock(time.Duration(n) * time.Microsecond) }),
		of("resets", func(t *tally) int { return t.resets }, count),
		of("faults", func(t *tally) int { return t.troubled }, count),
	}
}
