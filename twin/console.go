package twin

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

const (
	frameBits   = 10   // of a byte on the line: start, 8 data, stop
	lineLimit   = 4096 // bytes of a line; a longer one is split
	inputBuffer = 4096 // bytes that wait for the firmware
	inputChunk  = 64   // bytes that arrive in one action, at the most
)

// uart is the console. Its state is the device's: output of a boot that reset itself still goes out in
// the next one.
type uart struct {
	t *Twin

	// Output. When each byte leaves is settled when it is written, so lines are put together then.
	idle  time.Time // when the last byte written has left
	lines []*line   // that have not left; but for the last they are complete
	timer *vtime.Timer

	// Input.
	heard time.Time // when the last byte sent has arrived
	input []byte
	cond  *sync.Cond // with the twin's mutex
}

// line is a line on its way out.
type line struct {
	parts    []part
	size     int
	complete bool
	left     time.Time // when its last byte has left
}

// part is bytes that pass the line without a gap.
type part struct {
	start time.Time
	bytes []byte
}

func (u *uart) init(t *Twin) {
	u.t = t
	u.cond = sync.NewCond(&t.mu)
}

// span is how long n bytes take.
func (u *uart) span(n int) time.Duration {
	return time.Duration(int64(n) * frameBits * int64(time.Second) / int64(u.t.cfg.Baud))
}

// write sends p after what was written before. The caller holds mu.
func (u *uart) write(p []byte) {
	start := time.Now()
	if u.idle.After(start) {
		start = u.idle
	}
	p = bytes.Clone(p)
	for sent := 0; sent < len(p); {
		if len(u.lines) == 0 || u.lines[len(u.lines)-1].complete {
			u.lines = append(u.lines, &line{})
		}
		l := u.lines[len(u.lines)-1]
		rest := p[sent:]
		n := min(len(rest), lineLimit-l.size)
		if end := bytes.IndexByte(rest, '\n'); end >= 0 && end <= n {
			n = end + 1
			l.complete = true
		}
		l.parts = append(l.parts, part{start.Add(u.span(sent)), rest[:n]})
		l.size += n
		l.complete = l.complete || l.size >= lineLimit
		sent += n
		l.left = start.Add(u.span(sent))
	}
	u.idle = start.Add(u.span(len(p)))
	u.schedule()
}

func (u *uart) schedule() {
	if !u.timer.Pending() && len(u.lines) > 0 && u.lines[0].complete {
		u.timer = u.t.cfg.Source.After(time.Until(u.lines[0].left), vtime.Hardware, u.lineLeft)
	}
}

func (u *uart) lineLeft() {
	u.t.mu.Lock()
	defer u.t.unlock()
	if len(u.lines) == 0 || !u.lines[0].complete {
		return
	}
	u.emit(u.lines[0].until(u.lines[0].left, u))
	u.lines = u.lines[1:]
	u.schedule()
}

// cut stops output where it stands, and input. The caller holds mu.
func (u *uart) cut(now time.Time) {
	u.timer.Stop()
	for _, l := range u.lines {
		if text := l.until(now, u); len(text) > 0 {
			u.emit(text)
		}
	}
	u.lines = nil
	u.idle = now
	u.flushInput()
}

// until returns the bytes of l that have left by now.
func (l *line) until(now time.Time, u *uart) []byte {
	var text []byte
	for _, p := range l.parts {
		text = append(text, p.bytes[:p.passed(now, u)]...)
	}
	return text
}

// passed returns how many bytes of p have passed the line by now.
func (p part) passed(now time.Time, u *uart) int {
	switch n := len(p.bytes); {
	case !now.After(p.start):
		return 0
	case !now.Before(p.start.Add(u.span(n))):
		return n
	}
	return int(int64(now.Sub(p.start)) * int64(u.t.cfg.Baud) / (frameBits * int64(time.Second)))
}

func (u *uart) emit(text []byte) {
	text = bytes.TrimSuffix(text, []byte("\n"))
	text = bytes.TrimSuffix(text, []byte("\r"))
	u.t.emit(trace.Event{Kind: trace.Console, Text: strings.ToValidUTF8(string(text), "\uFFFD")})
}

func (u *uart) flushInput() { u.input = nil }

// Send puts bytes on the line to the device's console, after what was sent before. They arrive 10 bit
// times each; a device that runs no firmware at that instant does not hear them. For the firmware they
// arrive in pieces: up to a newline or 64 bytes at a time, when the last of them is there.
func (t *Twin) Send(p []byte) {
	t.mu.Lock()
	defer t.unlock()
	u := &t.uart
	start := time.Now()
	if u.heard.After(start) {
		start = u.heard
	}
	p = bytes.Clone(p)
	for sent := 0; sent < len(p); {
		n := min(inputChunk, len(p)-sent)
		if end := bytes.IndexByte(p[sent:sent+n], '\n'); end >= 0 {
			n = end + 1
		}
		chunk := p[sent : sent+n]
		sent += n
		u.heard = start.Add(u.span(sent))
		first := u.heard.Add(-u.span(n))
		t.cfg.Source.After(time.Until(u.heard), vtime.Hardware, func() { u.arrive(part{first, chunk}) })
	}
}

func (u *uart) arrive(chunk part) {
	u.t.mu.Lock()
	defer u.t.unlock()
	if u.t.boot == nil {
		return
	}
	// The firmware does not hear what passed before it started.
	p := chunk.bytes[chunk.passed(u.t.boot.started, u):]
	u.t.heard += int64(len(p))
	u.input = append(u.input, p[:min(len(p), inputBuffer-len(u.input))]...)
	u.cond.Broadcast()
	u.t.cameIn()
}

// console is the console of one boot.
type console struct{ hw *Hardware }

func (c console) Write(p []byte) (int, error) {
	err := c.hw.do(func() error {
		c.hw.t.uart.write(p)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteConsole is a Write to the console through a transmit buffer of that many bytes, as a driver that does
// not wait has it: it returns how many bytes of p there was room for. The first time that some find no room in a boot is
// recorded as a fault.
func (hw *Hardware) WriteConsole(p []byte, buffer int) (n int) {
	if hw.enter() != nil {
		return 0
	}
	defer hw.t.unlock()
	u := &hw.t.uart
	waiting := int(max(0, time.Until(u.idle)) / u.span(1))
	n = min(len(p), max(0, buffer-waiting))
	u.write(p[:n])
	if n < len(p) && !hw.lossy {
		hw.lossy = true
		hw.t.emit(trace.Event{Kind: trace.Fault, Text: fmt.Sprintf("prints faster than the console sends: what does not fit its transmit buffer of %d bytes is lost", buffer)})
	}
	return n
}

// ReadConsole is a Read from the console that does not wait: it returns how many bytes there were, up to len(p).
func (hw *Hardware) ReadConsole(p []byte) (n int) {
	if hw.enter() != nil {
		return 0
	}
	defer hw.t.unlock()
	u := &hw.t.uart
	n = copy(p, u.input)
	u.input = u.input[n:]
	return n
}

func (c console) Read(p []byte) (int, error) {
	n := 0
	err := c.hw.do(func() error {
		u := &c.hw.t.uart
		for len(p) > 0 && len(u.input) == 0 && c.hw.ended == nil {
			u.cond.Wait()
		}
		if c.hw.ended != nil {
			return c.hw.ended
		}
		c.hw.awake()
		n = copy(p, u.input)
		u.input = u.input[n:]
		return nil
	})
	return n, err
}
