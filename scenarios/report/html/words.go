package html

import (
	"fmt"
	"time"
)

// clock renders a time or a length of time with milliseconds: 12.310s, 2m03.500s, 1h02m03.000s.
func clock(d time.Duration) string {
	d = d.Round(time.Millisecond)
	s, ms := int64(d/time.Second), int64(d%time.Second/time.Millisecond)
	switch {
	case s < 60:
		return fmt.Sprintf("%d.%03ds", s, ms)
	case s < 3600:
		return fmt.Sprintf("%dm%02d.%03ds", s/60, s%60, ms)
	}
	return fmt.Sprintf("%dh%02dm%02d.%03ds", s/3600, s/60%60, s%60, ms)
}

// short renders a length of time in at most three digits or so: 85ms, 1.25s, 2m3s, 2h10m.
func short(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d < time.Microsecond:
		return d.String()
	case d < time.Millisecond:
		return fmt.Sprintf("%.3gµs", float64(d)/float64(time.Microsecond))
	case d < time.Second:
		return fmt.Sprintf("%.3gms", float64(d)/float64(time.Millisecond))
	case d < time.Minute:
		return fmt.Sprintf("%.3gs", d.Seconds())
	case d < time.Hour:
		return d.Round(time.Second).String()
	}
	h, m := d.Round(time.Minute)/time.Hour, d.Round(time.Minute)%time.Hour/time.Minute
	return fmt.Sprintf("%dh%02dm", h, m)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
