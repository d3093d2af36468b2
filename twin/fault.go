package twin

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strings"

	"github.com/twinrig/twinrig/internal/trace"
)

// stackDepth is how many frames of a panic the console shows.
const stackDepth = 32

// address matches what fmt prints of a pointer. It differs from run to run.
var address = regexp.MustCompile(`0x[0-9a-f]{6,16}\b`)

// spawn starts a goroutine of the firmware. What it starts in turn inherits the label by which a stall
// of virtual time names the device.
func (hw *Hardware) spawn(f func() error) {
	go func() {
		pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("device", hw.t.cfg.Name)))
		hw.supervise(f)
	}()
}

// supervise calls f and makes an error or a panic into a fault of the device. runtime.Goexit is an end
// like any other.
func (hw *Hardware) supervise(f func() error) {
	defer func() {
		if r := recover(); r != nil {
			text := address.ReplaceAllString(fmt.Sprint("panic: ", r), "0x…")
			hw.fault(text, stack())
		}
	}()
	if err := f(); err != nil {
		hw.fault(err.Error(), nil)
	}
}

// fault prints what went wrong and reboots. After the end of the boot it does nothing: a firmware that
// has no power may return or panic as it likes.
func (hw *Hardware) fault(text string, stack []string) {
	t := hw.t
	t.mu.Lock()
	defer t.unlock()
	if hw.ended != nil {
		return
	}
	reason := text
	if len(stack) > 0 { // the console may be cut short; the event says where it was
		reason += " at " + path.Base(strings.TrimPrefix(stack[0], "  at "))
	}
	t.emit(trace.Event{Kind: trace.Fault, Text: reason})
	lines := append(strings.Split("FAULT: "+text, "\n"), stack...)
	t.uart.write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
	t.reset(CauseFault)
}

// stack returns the frames from where the panic under way was raised up to the firmware's entry, each
// as "  at function file:line": no addresses, goroutine numbers or directories, which would differ
// from run to run or from machine to machine.
func stack() []string {
	pcs := make([]uintptr, 4*stackDepth)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var lines []string
	raised := false
	for more := true; more && len(lines) < stackDepth; {
		var f runtime.Frame
		f, more = frames.Next()
		if f.Function == "runtime.gopanic" {
			// What was collected so far is this package's own deferred call.
			lines, raised = nil, true
			continue
		}
		if strings.HasSuffix(f.Function, "twin.(*Hardware).supervise") {
			break
		}
		if raised && !strings.HasPrefix(f.Function, "runtime.") {
			lines = append(lines, fmt.Sprintf("  at %s %s:%d", f.Function, path.Base(f.File), f.Line))
		}
	}
	return lines
}
