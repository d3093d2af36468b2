package html

import (
	"maps"
	"math"
	"slices"
)

// spreadSize is how many values of an interval are kept, at most.
const spreadSize = 200

// spread is how a number is distributed over a fleet, in each column of time.
type spread struct {
	columns []sample
}

// sample keeps some of the values it is given: every one, and where they become too many, every second, every
// fourth, and so on.
type sample struct {
	values []float64
	stride int
	passed int
}

func (s *sample) add(v float64) {
	if s.passed++; s.passed <= s.stride {
		return
	}
	s.passed = 0
	s.values = append(s.values, v)
	if len(s.values) == 2*spreadSize {
		for i := range spreadSize {
			s.values[i] = s.values[2*i]
		}
		s.values = s.values[:spreadSize]
		s.stride = 2*s.stride + 1
	}
}

// curves are the 95th, 50th and 5th percentile over time, of columns so many microseconds wide.
func (s *spread) curves(width int64) []curve {
	list := []curve{{Label: "p95"}, {Label: "p50"}, {Label: "p5"}}
	for column := range s.columns {
		values := slices.Sorted(slices.Values(s.columns[column].values))
		if len(values) == 0 {
			continue
		}
		for i, p := range []float64{95, 50, 5} {
			list[i].Times = append(list[i].Times, int64(column)*width)
			list[i].Values = append(list[i].Values, nearest(values, p))
		}
	}
	for i := range list {
		list[i].Times = differences(list[i].Times)
	}
	return list
}

// nearest is a percentile by nearest rank, of values that ascend.
func nearest[T int | float64](sorted []T, percent float64) T {
	rank := int(math.Ceil(percent / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
