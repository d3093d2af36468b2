package html

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/twinrig/twinrig/scenarios/report"
)

// failure is one failure of the run.
type failure struct {
	report.Failure
	Verdict verdict
	When    string
	Micro   int64 // when, in microseconds
	Says    []fact
	Nearest []near
	Rest    string // what is in another form
}

// near is something that did happen, from the detail of a failure.
type near struct {
	At, Since, What, Why string
	Micro                int64 // microseconds; -1: not known
}

func newFailure(f report.Failure) failure {
	x := failure{Failure: f, Verdict: markOf(f.Verdict), When: clock(seconds(f.At)), Micro: micro(f.At)}
	named := regexp.MustCompile(`^  (\w+): +(.*)$`)
	timed := regexp.MustCompile(`^ {4,}(\S+s) +([-+]\S+s) +(.*)$`)
	var rest []string
	for line := range strings.Lines(f.Detail) {
		line = strings.TrimRight(line, "\n")
		if m := timed.FindStringSubmatch(line); m != nil {
			what, why, _ := strings.Cut(m[3], "  ← ")
			x.Nearest = append(x.Nearest, near{m[1], m[2], strings.TrimRight(what, " "), why, microOf(m[1])})
		} else if m := named.FindStringSubmatch(line); m != nil {
			x.Says = append(x.Says, fact{m[1], m[2]})
		} else if strings.TrimSpace(line) != "nearest:" {
			rest = append(rest, line)
		}
	}
	x.Rest = strings.Join(rest, "\n")
	return x
}

// microOf reads a time as clock writes it; -1 where it is none.
func microOf(text string) int64 {
	d, err := time.ParseDuration(text)
	if err != nil {
		return -1
	}
	return d.Microseconds()
}

// splitPosition splits file:line:col; the file may have colons.
func splitPosition(pos string) (file string, line int) {
	rest, col, ok := cutLast(pos)
	if !ok {
		return pos, 0
	}
	file, number, ok := cutLast(rest)
	if !ok {
		return rest, col
	}
	return file, number
}

// cutLast cuts the number behind the last colon.
func cutLast(s string) (before string, number int, ok bool) {
	at := strings.LastIndexByte(s, ':')
	if at < 0 {
		return s, 0, false
	}
	n, err := strconv.Atoi(s[at+1:])
	if err != nil {
		return s, 0, false
	}
	return s[:at], n, true
}
