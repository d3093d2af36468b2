// Package vcd writes the pins of a run as a Value Change Dump (IEEE 1364-2005, clause 18), which GTKWave,
// PulseView and Surfer show. It is not a dump of anything else: sensors and messages are in the trace.
package vcd

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/twinrig/twinrig/internal/trace"
)

// Pin is a pin of a device, with its level before the first event.
type Pin struct {
	Device, Name string
	High         bool
}

// Writer writes a dump. Its methods are called from one goroutine.
type Writer struct {
	w   *bufio.Writer
	ids map[[2]string]string // device and pin to what the dump calls it
	at  int64                // the last time written, in ticks
}

// tick is the dump's unit of time. Viewers keep a sample a tick, and a day of nanoseconds is too many; edges
// within one microsecond stand at the same time, in their order.
const tick = time.Microsecond

// NewWriter writes the header: a module for each device, with its pins in the order given. Pins of a device
// stand together. Time zero of the dump is start.
func NewWriter(w io.Writer, scenario string, start time.Time, pins []Pin) (*Writer, error) {
	v := &Writer{w: bufio.NewWriter(w), ids: make(map[[2]string]string, len(pins))}
	fmt.Fprintf(v.w, "$date %s $end\n$version twinrig $end\n$comment %s $end\n$timescale 1 us $end\n",
		start.Format(time.RFC3339Nano), strings.ReplaceAll(word(scenario), "_", " "))
	module := ""
	for i, p := range pins {
		if p.Device != module || i == 0 {
			if i > 0 {
				fmt.Fprintln(v.w, "$upscope $end")
			}
			module = p.Device
			fmt.Fprintf(v.w, "$scope module %s $end\n", word(module))
		}
		id := identifier(i)
		v.ids[[2]string{p.Device, p.Name}] = id
		fmt.Fprintf(v.w, "$var wire 1 %s %s $end\n", id, word(p.Name))
	}
	if len(pins) > 0 {
		fmt.Fprintln(v.w, "$upscope $end")
	}
	fmt.Fprint(v.w, "$enddefinitions $end\n#0\n$dumpvars\n")
	for i, p := range pins {
		fmt.Fprintf(v.w, "%s%s\n", level(p.High), identifier(i))
	}
	fmt.Fprintln(v.w, "$end")
	return v, v.flush()
}

// Write appends the pins' changes among events, which are in the order of the trace. They are with the
// underlying writer when it returns.
func (v *Writer) Write(events []trace.Event) error {
	wrote := false
	for i := range events {
		e := &events[i]
		id, ok := v.ids[[2]string{e.Device, e.Name}]
		if e.Kind != trace.Pin || !ok {
			continue
		}
		v.moveTo(e.At)
		fmt.Fprintf(v.w, "%s%s\n", level(e.Value != 0), id)
		wrote = true
	}
	if !wrote {
		return nil
	}
	return v.flush()
}

// End tells viewers how long the run was.
func (v *Writer) End(at time.Duration) error {
	v.moveTo(at)
	return v.flush()
}

func (v *Writer) moveTo(at time.Duration) {
	if ticks := int64(at / tick); ticks > v.at {
		v.at = ticks
		fmt.Fprintf(v.w, "#%d\n", ticks)
	}
}

func (v *Writer) flush() error {
	if err := v.w.Flush(); err != nil {
		return fmt.Errorf("vcd: %w", err)
	}
	return nil
}

func level(high bool) string {
	if high {
		return "1"
	}
	return "0"
}

// identifier numbers variables in printable characters, as short as can be (clause 18.2.1).
func identifier(n int) string {
	const first, count = '!', '~' - '!' + 1
	id := ""
	for {
		id += string(rune(first + n%count))
		if n = n/count - 1; n < 0 {
			return id
		}
	}
}

// word makes one token of a name: white space ends a name in a dump, and `$` begins a keyword.
func word(name string) string {
	w := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '$' {
			return '_'
		}
		return r
	}, name)
	if w == "" {
		return "_"
	}
	return w
}
