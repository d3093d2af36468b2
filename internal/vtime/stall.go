package vtime

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Limits after which virtual time that stands still counts as stalled.
const (
	// A goroutine that never blocks burns processor time; a machine under load does not make it look
	// so, because processor time is this process's own.
	spinLimit = 3 * time.Second
	// A goroutine that waits for a mutex whose holder waits for time burns none.
	freezeLimit = 10 * time.Second
	watchEvery  = 200 * time.Millisecond
)

// Stall says why virtual time stands still.
type Stall struct {
	Device string // whose goroutine is at fault; "" where none is labelled
	Reason string // in one line
	Stack  string // of that goroutine
}

// Error returns the reason, with the device.
func (s Stall) Error() string {
	who := "a goroutine"
	if s.Device != "" {
		who = "the firmware of " + s.Device
	}
	return fmt.Sprintf("virtual time stands still: %s %s", who, s.Reason)
}

// Watch looks from outside the bubble whether heartbeat (such as Loop.Heartbeat's first value) moves
// on, and calls stalled once when it does not. slack is how much longer than usual it may stand still, now: while ten
// thousand devices are built, say. It must be called outside the bubble. stop ends it.
func Watch(heartbeat func() int64, slack func() time.Duration, stalled func(Stall)) (stop func()) {
	return watch(heartbeat, slack, stalled, spinLimit, freezeLimit)
}

func watch(heartbeat func() int64, slack func() time.Duration, stalled func(Stall), spin, freeze time.Duration) (stop func()) {
	done := make(chan struct{})
	var once sync.Once
	go func() {
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		last, since, cpu := heartbeat(), time.Now(), ProcessorTime()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			if b := heartbeat(); b != last {
				last, since, cpu = b, time.Now(), ProcessorTime()
				continue
			}
			if more := slack(); ProcessorTime()-cpu > spin+more || time.Since(since) > freeze+more {
				stalled(diagnose())
				return
			}
		}
	}()
	return func() { once.Do(func() { close(done) }) }
}

// ProcessorTime returns the processor time that this process has used.
func ProcessorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

var (
	goroutineHead = regexp.MustCompile(`^goroutine \d+ \[([^\],]+)[^\]]*synctest bubble`)
	deviceLabel   = regexp.MustCompile(`labels:\{[^}]*"device": "([^"]*)"`)
)

// DeviceOf returns the device that a goroutine's traceback names in its labels, or "". The labels are
// there where GODEBUG holds tracebacklabels=1.
func DeviceOf(traceback string) string {
	if m := deviceLabel.FindStringSubmatch(traceback); m != nil {
		return m[1]
	}
	return ""
}

// diagnose finds the goroutine of a bubble that keeps virtual time from moving: one that runs, or
// one in a wait that does not count as durable.
func diagnose() Stall {
	// The run is over, so it does no harm that tracebacks show labels from now on.
	os.Setenv("GODEBUG", strings.TrimPrefix(os.Getenv("GODEBUG")+",tracebacklabels=1", ",")) //nolint:errcheck // at worst the device goes unnamed
	buf := make([]byte, 8<<20)
	found, best := Stall{Reason: "is at work for longer than a run may stand still"}, 0
	for goroutine := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		head, _, _ := strings.Cut(goroutine, "\n")
		m := goroutineHead.FindStringSubmatch(head)
		if m == nil || strings.Contains(m[1], "(durable)") || strings.HasPrefix(m[1], "synctest.") {
			continue
		}
		why, weight := reason(m[1])
		device := DeviceOf(head)
		if device != "" {
			weight += 10
		}
		if weight > best {
			found, best = Stall{Device: device, Stack: goroutine, Reason: why}, weight
		}
	}
	return found
}

// reason explains a goroutine's state, and says how likely it is the one to blame.
func reason(state string) (why string, weight int) {
	switch state {
	case "running", "runnable":
		return "never blocks; a loop must sleep, or wait for something", 3
	case "sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock":
		return "waits for a mutex (" + state + ") that stays locked: its holder waits for time, or for this goroutine", 2
	}
	return "waits in " + state + ", which virtual time does not count as waiting", 1
}
