package doctor

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"
)

// Status says how well something works.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Limited Status = "limited" // it works, but not all of it
	Missing Status = "missing"
)

// Finding is what a check found.
type Finding struct {
	Status Status `json:"status"`
	Found  string `json:"found"`         // in a few words
	Get    string `json:"get,omitempty"` // a command, or what to do; "" where nothing helps or nothing is wrong
}

// Check is one thing to look at.
type Check struct {
	Name string
	For  string // what it is needed for
	Look func(Machine) Finding
}

// Result is what a check came to.
type Result struct {
	Name string `json:"name"`
	For  string `json:"for"`
	Finding
}

// Checks returns all checks, in the order in which they are shown; the first one is ModeSim.
func Checks() []Check {
	var all []Check
	for _, some := range [][]Check{modes(), compilers(), programs(), bench(), limits()} {
		all = append(all, some...)
	}
	return all
}

// Examine does the checks.
func Examine(m Machine, checks []Check) []Result {
	results := make([]Result, len(checks))
	for i, c := range checks {
		results[i] = Result{Name: c.Name, For: c.For, Finding: c.Look(m)}
	}
	return results
}

// Works tells whether scenarios run here at all.
func Works(results []Result) bool {
	for _, r := range results {
		if r.Name == ModeSim {
			return r.Status == OK
		}
	}
	return false
}

// Print writes a line for each result, and below it what to do.
func Print(w io.Writer, results []Result, colored bool) error {
	var name, found int
	for _, r := range results {
		name, found = max(name, width(r.Name)), max(found, width(r.Found))
	}
	found = min(found, 48) // a longer one pushes its own line's end to the right
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "%s  %s  %s  for %s\n", paint(r.Status, colored), pad(r.Name, name), pad(r.Found, found), r.For)
		if r.Get != "" {
			fmt.Fprintf(&b, "%s  → %s\n", strings.Repeat(" ", 7+2+name), r.Get)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// paint pads a status and gives it its colour.
func paint(s Status, colored bool) string {
	c := color.New(map[Status]color.Attribute{OK: color.FgGreen, Limited: color.FgYellow, Missing: color.FgRed}[s])
	if colored {
		c.EnableColor()
	} else {
		c.DisableColor()
	}
	return c.Sprint(pad(string(s), 7))
}

func width(s string) int { return utf8.RuneCountInString(s) }

func pad(s string, to int) string { return s + strings.Repeat(" ", max(0, to-width(s))) }
