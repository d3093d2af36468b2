package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/twinrig/twinrig/fixtures"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/twin/wasm"
)

// fleetOptions is one run of a fleet in a process of its own.
type fleetOptions struct {
	file       string // the scenario; the last step but one is the wait that is measured, the last one another wait
	cpuProfile string // "": none; of the wait
	memProfile string // "": none; at the end of the wait
}

// fleetFigures is what a run of a fleet took.
type fleetFigures struct {
	Verdict  string
	Message  string
	Steps    map[int]time.Duration // wall time of each step, from 1; steps too short to be seen count with the one before
	Building time.Duration         // wall time until the first step
	Wall     time.Duration         // of the wait
	CPU      time.Duration         // of the wait
	Virtual  time.Duration         // of the wait
	Readings int                   // delivered to the backend in the wait
	Events   int                   // of the whole run
	Live     uint64                // bytes of live heap and stacks, the most seen
	Resident uint64                // bytes, the most there were
	Trace    int64                 // bytes of the trace
}

// runFleet does one run and prints its figures as JSON. It does not return.
func runFleet(o fleetOptions) {
	debug.SetGCPercent(100) // as the command's workers do with a fleet
	runtime.GOMAXPROCS(1)   // as they do
	vtime.Main(func(bubble func(func()) error) int {
		figures, err := fleet(o, bubble)
		if err == nil {
			err = json.NewEncoder(os.Stdout).Encode(figures)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			return 1
		}
		return 0
	})
}

func fleet(o fleetOptions, bubble func(func()) error) (fleetFigures, error) {
	firmware := fixtures.Firmware()
	backend := &readings{}
	firmware["bench-backend"] = backend.firmware
	read := func(file string) ([]byte, error) {
		if filepath.Base(file) == "backend.kind.yaml" {
			return backendKind(), nil
		}
		if strings.HasPrefix(filepath.Base(file), "meter.kind") || strings.HasPrefix(filepath.Base(file), "thermostat.") {
			return library.ReadFile(library.Prefix + filepath.Base(file))
		}
		return library.ReadFile(file)
	}
	p, faults := plan.Load(plan.Options{File: o.file, ReadFile: read, Seed: 1, Firmware: slices.Sorted(maps.Keys(firmware)), CheckModule: wasm.Check, Mode: run.Sim})
	if p == nil {
		return fleetFigures{}, faults.Err()
	}
	program, faults := expect.Compile(p)
	if err := faults.Err(); err != nil {
		return fleetFigures{}, err
	}
	out, err := os.CreateTemp(filepath.Dir(o.file), "trace")
	if err != nil {
		return fleetFigures{}, err
	}
	defer os.Remove(out.Name()) //nolint:errcheck // a temporary file
	buffered := bufio.NewWriterSize(out, 1<<20)
	w := &fleetWatch{o: o, position: new(run.Position), steps: len(p.Scenario.Steps), backend: backend, began: time.Now(), figures: fleetFigures{Steps: map[int]time.Duration{}}}
	stop := vtime.Every(2*time.Millisecond, w.look)
	modules := wasm.NewCache()
	defer modules.Close()
	result := run.Run(p, program, run.Options{Firmware: firmware, Bubble: bubble, Modules: modules, Trace: buffered, Position: w.position})
	stop()
	w.look()
	if err := buffered.Flush(); err != nil {
		return fleetFigures{}, err
	}
	f := w.figures
	f.Verdict, f.Message, f.Events = string(result.Verdict), result.Reason, result.Events
	if len(result.Failures) > 0 {
		f.Message = result.Failures[0].Message
	}
	if n := len(result.Steps) - 2; n >= 0 {
		f.Virtual = result.Steps[n].End - result.Steps[n].Begin
	}
	f.Resident = peakResident()
	if info, err := out.Stat(); err == nil {
		f.Trace = info.Size()
	}
	return f, nil
}

// fleetWatch looks at a run from outside of virtual time: when which step begins, and what it costs.
type fleetWatch struct {
	o        fleetOptions
	position *run.Position
	steps    int
	backend  *readings
	began    time.Time

	step     int
	since    time.Time
	cpu      time.Duration
	readings int
	profile  *os.File
	figures  fleetFigures
}

func (w *fleetWatch) look() {
	w.figures.Live = max(w.figures.Live, live())
	at, now := w.position.Load().Step, time.Now()
	if at == w.step {
		return
	}
	if w.step == 0 {
		w.figures.Building = now.Sub(w.began)
	} else {
		w.figures.Steps[w.step] = now.Sub(w.since)
	}
	w.step, w.since = at, now
	switch at {
	case w.steps - 1:
		w.begin()
	case w.steps:
		w.end()
	}
}

func (w *fleetWatch) begin() {
	w.cpu, w.readings = vtime.ProcessorTime(), int(w.backend.count.Load())
	if w.o.cpuProfile != "" {
		if f, err := os.Create(w.o.cpuProfile); err == nil {
			w.profile = f
			pprof.StartCPUProfile(f) //nolint:errcheck // no other is under way
		}
	}
}

func (w *fleetWatch) end() {
	w.figures.Wall, w.figures.CPU = w.figures.Steps[w.steps-1], vtime.ProcessorTime()-w.cpu
	w.figures.Readings = int(w.backend.count.Load()) - w.readings
	if w.profile != nil {
		pprof.StopCPUProfile()
		w.profile.Close()
	}
	if w.o.memProfile != "" {
		writeHeap(w.o.memProfile)
	}
}

// live returns the bytes of the heap's live objects, as of the last collection, and of stacks.
func live() uint64 {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() + samples[1].Value.Uint64()
}

// peakResident returns the most memory that the process had, from Linux's /proc; 0 elsewhere.
func peakResident() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		var kb uint64
		if n, _ := fmt.Sscanf(string(line), "VmHWM: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return 0
}

// writeHeap writes a heap profile of what is live.
func writeHeap(file string) {
	if f, err := os.Create(file); err == nil {
		runtime.GC()
		pprof.WriteHeapProfile(f) //nolint:errcheck // a profile
		f.Close()
	}
}
