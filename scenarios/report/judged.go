package report

import (
	"encoding/json"
	"time"

	"github.com/twinrig/twinrig/scenarios/run"
)

// Measurement is a distribution of a Summary, in seconds.
type Measurement struct {
	Position string   `json:"position"` // file:line:col
	Step     string   `json:"step"`
	Name     string   `json:"name,omitempty"`
	Count    int      `json:"count"`
	Lost     int      `json:"lost"`
	Min      float64  `json:"min"`
	Mean     float64  `json:"mean"`
	P50      float64  `json:"p50"`
	P90      float64  `json:"p90"`
	P95      float64  `json:"p95"`
	P99      float64  `json:"p99"`
	P999     float64  `json:"p999"`
	Max      float64  `json:"max"`
	Limits   []string `json:"limits,omitempty"`
	Missed   []string `json:"missed,omitempty"`
}

// Record is a noted value of a Summary.
type Record struct {
	Position string  `json:"position"`
	Step     string  `json:"step"`
	Name     string  `json:"name"`
	At       float64 `json:"at"`
	Value    any     `json:"value"` // null where it was not known
	Why      string  `json:"why,omitempty"`
}

// Sometimes is a sometimes of a Summary.
type Sometimes struct {
	Position string   `json:"position"`
	Text     string   `json:"text"`
	Seen     bool     `json:"seen"`
	At       *float64 `json:"at,omitempty"` // when first
}

// judged takes over what was measured, noted and seen.
func (s *Summary) judged(r run.Result) {
	for _, m := range r.Measured {
		s.Measured = append(s.Measured, Measurement{Position: m.Pos.String(), Step: m.Step, Name: m.Name, Count: m.Count, Lost: m.Lost, Min: m.Min.Seconds(), Mean: m.Mean.Seconds(),
			P50: m.P50.Seconds(), P90: m.P90.Seconds(), P95: m.P95.Seconds(), P99: m.P99.Seconds(), P999: m.P999.Seconds(), Max: m.Max.Seconds(), Limits: m.Limits, Missed: m.Missed})
	}
	for _, x := range r.Recorded {
		s.Recorded = append(s.Recorded, Record{Position: x.Pos.String(), Step: x.Step, Name: x.Name, At: x.At.Seconds(), Value: x.Value, Why: x.Why})
	}
	for _, x := range r.Sometimes {
		entry := Sometimes{Position: x.Pos.String(), Text: x.Text, Seen: x.Seen}
		if x.Seen {
			at := x.At.Seconds()
			entry.At = &at
		}
		s.Sometimes = append(s.Sometimes, entry)
	}
}

// judged writes what was measured, noted and seen.
func (t Text) judged(b *page, r run.Result) {
	if len(r.Measured)+len(r.Recorded)+len(r.Sometimes) > 0 {
		b.WriteString("\n")
	}
	for _, m := range r.Measured {
		name := m.Name
		if name == "" {
			name = m.Step
		}
		b.printf("measured %s: %d times, %d lost; min %s, mean %s, p50 %s, p90 %s, p95 %s, p99 %s, p99.9 %s, max %s\n", name, m.Count, m.Lost,
			fine(m.Min), fine(m.Mean), fine(m.P50), fine(m.P90), fine(m.P95), fine(m.P99), fine(m.P999), fine(m.Max))
	}
	for _, x := range r.Recorded {
		value := x.Why
		if text, err := json.Marshal(x.Value); err == nil && value == "" {
			value = string(text)
		}
		b.printf("recorded %s at %s: %s\n", x.Name, Duration(x.At), value)
	}
	for _, x := range r.Sometimes {
		seen := "not seen in this run"
		if x.Seen {
			seen = "first seen at " + Duration(x.At)
		}
		b.printf("%s: %s\n", x.Text, seen)
	}
}

// fine writes d with its first four digits.
func fine(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 10_000 {
		unit *= 10
	}
	return d.Round(unit).String()
}
