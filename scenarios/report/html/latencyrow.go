package html

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/twinrig/twinrig/scenarios/report"
)

// latencyRow is a distribution of times, as a row of a table.
type latencyRow struct {
	Name   string
	Count  int
	Lost   int
	Cells  []string // p50, p95, p99 and the highest
	Scale  *scale   // of the box; nil: all times are 0
	Bars   []bar
	Limits []limit
}

// limit is a bound that a scenario puts on a measured time.
type limit struct {
	Text string
	Why  string // how it is instead, where it does not hold
}

// scale is where the percentiles lie between the ends of an axis, which is logarithmic; from 0 to 200.
type scale struct {
	Min, P50, P95, P99, Max float64
	Low, High               string // the ends
}

// bar is a bar of a histogram: of all things between two times.
type bar struct {
	X, Y, Width, Height float64 // in a picture of 200 by 32
	Title               string
}

const pictureWidth, pictureHeight = 200.0, 32.0

// rows returns the topic patterns, those whose messages lay longest first.
func (l *latencies) rows() []latencyRow {
	names := sortedKeys(l.patterns)
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(l.patterns[b].held.ValueAtQuantile(99), l.patterns[a].held.ValueAtQuantile(99))
	})
	var rows []latencyRow
	for _, name := range names {
		d := l.patterns[name]
		r := latencyRow{Name: name, Count: d.count}
		for _, q := range []float64{50, 95, 99, 100} {
			r.Cells = append(r.Cells, short(time.Duration(d.held.ValueAtQuantile(q))*time.Microsecond))
		}
		r.Bars = histogram(d.held)
		rows = append(rows, r)
	}
	return rows
}

// histogram draws how many times are how long: a bar for a third of a decade, the first for 0 alone.
func histogram(h *hdrhistogram.Histogram) []bar {
	if h.Max() == 0 {
		return nil
	}
	const perDecade = 3
	slot := func(micros int64) int {
		if micros <= 0 {
			return 0
		}
		return 1 + int(math.Log10(float64(micros))*perDecade+1e-9)
	}
	counts := make([]int64, slot(h.Max())+1)
	for _, b := range h.Distribution() {
		if b.Count > 0 {
			counts[min(slot(b.From), len(counts)-1)] += b.Count
		}
	}
	width := pictureWidth / float64(len(counts))
	most := float64(slices.Max(counts))
	var bars []bar
	for i, n := range counts {
		if n == 0 {
			continue
		}
		title := fmt.Sprintf("%d at once", n)
		if i > 0 {
			from := math.Pow(10, float64(i-1)/perDecade)
			title = fmt.Sprintf("%d from %s to %s", n, shortMicros(from), shortMicros(from*math.Pow(10, 1.0/perDecade)))
		}
		height := math.Max(1.5, pictureHeight*float64(n)/most)
		bars = append(bars, bar{round(float64(i) * width), round(pictureHeight - height), round(width - 1), round(height), title})
	}
	return bars
}

func shortMicros(micros float64) string {
	return short(time.Duration(micros * float64(time.Microsecond)))
}

func round(x float64) float64 { return math.Round(x*100) / 100 }

// measuredRows returns what measure steps found.
func measuredRows(list []report.Measurement) []latencyRow {
	var rows []latencyRow
	for _, m := range list {
		r := latencyRow{Name: cmp.Or(m.Name, m.Step), Count: m.Count, Lost: m.Lost, Scale: newScale(m)}
		for _, s := range []float64{m.P50, m.P95, m.P99, m.Max} {
			r.Cells = append(r.Cells, short(seconds(s)))
		}
		for _, text := range m.Limits {
			if len(m.Missed) == 0 {
				text = "✓ " + text
			}
			r.Limits = append(r.Limits, limit{Text: text})
		}
		for _, why := range m.Missed {
			r.Limits = append(r.Limits, limit{Text: "missed", Why: why})
		}
		rows = append(rows, r)
	}
	return rows
}

func newScale(m report.Measurement) *scale {
	low, high := m.Min, m.Max
	if high <= 0 || m.Count == 0 {
		return nil
	}
	low = math.Max(low, high/1e4)
	from, to := math.Log(low), math.Log(high)
	if to-from < 0.1 {
		from, to = from-0.05, to+0.05
	}
	x := func(s float64) float64 {
		return round(pictureWidth * (math.Log(math.Max(s, low)) - from) / (to - from))
	}
	return &scale{x(m.Min), x(m.P50), x(m.P95), x(m.P99), x(m.Max), short(seconds(m.Min)), short(seconds(m.Max))}
}
