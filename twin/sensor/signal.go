package sensor

import (
	"math"
	"sort"
	"time"
)

// Signal is a quantity over time. It depends on nothing but the time since it began, so that it can be
// read at any instant, in any order.
type Signal interface {
	// At returns the value at since, which is not negative.
	At(since time.Duration) float64
	// Next returns the next instant after since at which the value is worth an event; ok is false where
	// there is none. What changes smoothly has a hundred such instants in its length (a ramp's, a wave's
	// period, the time between two samples), but none closer than a second to the one before unless the
	// signal ends, turns or jumps there.
	Next(since time.Duration) (next time.Duration, ok bool)
}

// Shape is the form of a wave.
type Shape string

// The shapes. Each begins at its lowest value.
const (
	Sine     Shape = "sine"
	Square   Shape = "square"
	Triangle Shape = "triangle"
)

// Constant is a value that stays.
type Constant float64

// At returns the value.
func (c Constant) At(time.Duration) float64 { return float64(c) }

// Next returns false.
func (c Constant) Next(time.Duration) (time.Duration, bool) { return 0, false }

// Ramp goes from From to To in Over, at an even pace, and stays there.
type Ramp struct {
	From, To float64
	Over     time.Duration // more than zero
}

// At returns the value.
func (r Ramp) At(since time.Duration) float64 {
	if since >= r.Over {
		return r.To
	}
	return r.From + (r.To-r.From)*float64(since)/float64(r.Over)
}

// Next returns the instants of the ramp, its end among them.
func (r Ramp) Next(since time.Duration) (time.Duration, bool) {
	if since >= r.Over {
		return 0, false
	}
	return min(tick(since, r.Over), r.Over), true
}

// Wave swings between Low and High, forever. It begins at Low and is at High after half a Period.
type Wave struct {
	Low, High float64
	Period    time.Duration // more than zero
	Shape     Shape         // "": Sine
}

// At returns the value.
func (w Wave) At(since time.Duration) float64 {
	phase := float64(since%w.Period) / float64(w.Period)
	var share float64
	switch w.Shape {
	case Square:
		if phase >= 0.5 {
			share = 1
		}
	case Triangle:
		share = 1 - math.Abs(2*phase-1)
	default:
		share = (1 - math.Cos(2*math.Pi*phase)) / 2
	}
	return w.Low + (w.High-w.Low)*share
}

// Next returns the instants of the wave. Of a wave shorter than two seconds these are the turning points.
func (w Wave) Next(since time.Duration) (time.Duration, bool) {
	half := (w.Period + 1) / 2 // rounded up: at the turn itself the value has turned
	begin := since - since%w.Period
	turn := begin + half
	if turn <= since {
		turn = begin + w.Period
	}
	if w.Shape == Square {
		return turn, true
	}
	return min(tick(since, w.Period), turn), true
}

// Sample is a value at a time since the start of the samples.
type Sample struct {
	At    time.Duration
	Value float64
}

// Samples are values with their times, in rising order; there is at least one. Before the first time its
// value holds, behind the last one that one's.
type Samples struct {
	Points []Sample
	Steps  bool // each value holds until the next; otherwise the values between lie on a straight line
	Repeat bool // at the time of the last sample it begins again; the last time is more than zero
}

// At returns the value.
func (s Samples) At(since time.Duration) float64 {
	since -= s.begin(since)
	i := s.behind(since)
	switch {
	case i == 0:
		return s.Points[0].Value
	case i == len(s.Points) || s.Steps:
		return s.Points[i-1].Value
	}
	a, b := s.Points[i-1], s.Points[i]
	return a.Value + (b.Value-a.Value)*float64(since-a.At)/float64(b.At-a.At)
}

// Next returns the times of the samples and, between them, instants of the line.
func (s Samples) Next(since time.Duration) (time.Duration, bool) {
	begin := s.begin(since)
	i := s.behind(since - begin)
	if i == len(s.Points) {
		return 0, false
	}
	end := begin + s.Points[i].At
	if s.Steps || i == 0 {
		return end, true
	}
	a := s.Points[i-1].At
	return min(begin+a+tick(since-begin-a, s.Points[i].At-a), end), true
}

// begin returns when the pass through the samples began that is under way at since.
func (s Samples) begin(since time.Duration) time.Duration {
	length := s.Points[len(s.Points)-1].At
	if !s.Repeat || length <= 0 {
		return 0
	}
	return since - since%length
}

// behind returns the index of the first sample after since.
func (s Samples) behind(since time.Duration) int {
	return sort.Search(len(s.Points), func(i int) bool { return s.Points[i].At > since })
}

// Shifted is a signal with something added.
type Shifted struct {
	Signal
	By float64
}

// At returns the value.
func (s Shifted) At(since time.Duration) float64 { return s.Signal.At(since) + s.By }

// tick returns the next instant after since of those that lie a hundredth of length apart, but at least
// a second.
func tick(since, length time.Duration) time.Duration {
	step := max(length/100, time.Second)
	return since - since%step + step
}
