package expect_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

var golden = flag.Bool("golden", false, "rewrite the golden parts of testdata") // a test flag

// kind is the device of every test here.
const kind = `kind: thermostat
pins:
  HEATER: {direction: out}
  BUTTON: {direction: in, pull: up}
sensors:
  temperature: {unit: °C, range: [-40, 85]}
console: {baud: 115200}
resources: {flash: 64KiB}
identity: {topics: "devices/{id}/#"}
firmware: {v1: {go: thermostat}}
metrics:
  heap: {mqtt: "devices/{id}/diag", json: heap}
  mode: {mqtt: diag, json: mode}
  cause: {console: 'reset=(\w+)'}
  boots: {console: 'boot #(\d+)'}
`

// TestGoldenRules runs each scenario of testdata over its trace and compares the verdicts with the golden ones.
// Each file shows one of the rules. A step lasts as long as it would in a run; stimuli take no time.
func TestGoldenRules(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			require.Equal(t, 3, len(archive.Files), "scenario, trace, verdicts") //nolint:testifylint // Len prints all bytes
			p := load(t, string(archive.Files[0].Data))
			events := parseTrace(t, string(archive.Files[1].Data))
			got := play(t, p, events)
			if *golden {
				archive.Files[2].Data = []byte(got)
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
				return
			}
			require.Equal(t, string(archive.Files[2].Data), got)
		})
	}
}

// load reads a scenario whose devices t1, t2… have the kind above; those it needs not name itself.
func load(t testing.TB, scenario string) *plan.Plan {
	t.Helper()
	if !strings.Contains(scenario, "\ndevices:") {
		scenario = "scenario: test\ndevices: {t1: {kind: kind.yaml}, t2: {kind: kind.yaml}}\n" + scenario
	}
	p, faults := plan.Load(plan.Options{File: "test.yaml", Firmware: []string{"thermostat"}, Mode: "sim", ReadFile: func(name string) ([]byte, error) {
		switch name {
		case "test.yaml":
			return []byte(scenario), nil
		case "kind.yaml":
			return []byte(kind), nil
		case "schema.json":
			return []byte(`{"type": "object", "required": ["seq"], "properties": {"seq": {"type": "integer"}, "a/b": {"$ref": "level.json"}}}`), nil
		case "level.json":
			return []byte(`{"enum": ["low", "high"]}`), nil
		}
		return nil, os.ErrNotExist
	}})
	require.NoError(t, faults.Err())
	return p
}

func compile(t testing.TB, p *plan.Plan) *expect.Program {
	t.Helper()
	program, faults := expect.Compile(p)
	require.NoError(t, faults.Err())
	return program
}

// parseTrace reads one event a line: time, device, kind, and what the kind needs.
func parseTrace(t testing.TB, text string) []trace.Event {
	t.Helper()
	var events []trace.Event
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		fields := strings.SplitN(line, " ", 4)
		for len(fields) < 4 {
			fields = append(fields, "")
		}
		at, err := time.ParseDuration(fields[0])
		require.NoError(t, err, line)
		e := trace.Event{At: at, Device: strings.Trim(fields[1], "-"), Kind: trace.Kind(fields[2])}
		fill(t, &e, fields[3])
		events = append(events, e)
	}
	return events
}

func fill(t testing.TB, e *trace.Event, rest string) {
	t.Helper()
	words := strings.Fields(rest)
	switch e.Kind {
	case trace.Power, trace.Broker:
		e.Name = rest
	case trace.Boot, trace.Reset, trace.Disconnect, trace.Connack:
		e.Cause = rest
	case trace.Pin:
		e.Name = words[0]
		if words[1] == "high" {
			e.Value = 1
		}
	case trace.Sensor:
		value, err := strconv.ParseFloat(words[1], 64)
		require.NoError(t, err)
		e.Name, e.Value = words[0], value
	case trace.Publish:
		e.Topic, e.Payload = words[0], []byte(words[1])
		e.Retain = strings.Contains(rest, " retain")
		e.Dup = strings.Contains(rest, " dup")
		if strings.Contains(rest, " qos1") {
			e.QoS = 1
		}
	default:
		e.Text = rest
	}
}

// player is a run without devices: what they do comes from a trace.
type player struct {
	t       testing.TB
	program *expect.Program
	h       *expect.History
	watch   *expect.Watch
	now     time.Duration
	events  []trace.Event
	log     strings.Builder
	failed  bool
}

func play(t testing.TB, p *plan.Plan, events []trace.Event) string {
	t.Helper()
	pl := &player{t: t, program: compile(t, p), h: expect.NewHistory(p), events: events}
	pl.watch = pl.program.Watch(pl.h)
	window, named := pl.h.Mark(0, "start"), map[string]expect.Window{}
	for i := range p.Scenario.Steps {
		step := &p.Scenario.Steps[i]
		if do, err := pl.program.When(step, pl.h, pl.now); err != nil || !do {
			fmt.Fprintf(&pl.log, "%8s  line %d: skipped %v\n", pl.now, step.Pos.Line, err)
			continue
		}
		word := step.Name
		if word == "" {
			word = step.Verb()
		}
		mark := pl.h.Mark(pl.now, word)
		named[step.Name] = mark
		switch {
		case step.Wait != nil:
			pl.until(pl.now + step.Wait.Duration)
			window = pl.h.Mark(pl.now, word)
		case step.Record != nil:
			records, err := pl.program.Records(step, pl.h, pl.now)
			require.NoError(t, err)
			for _, r := range records {
				fmt.Fprintf(&pl.log, "%8s  line %d: %s = %v %s\n", pl.now, r.Pos.Line, r.Name, r.Value, r.Why)
			}
		case step.Expect != nil:
			w := window
			if step.Expect.Since == "here" {
				w = mark
			} else if step.Expect.Since != "" {
				w = named[step.Expect.Since]
			}
			pl.expect(step, w)
		default:
			window = mark
		}
		if pl.failed {
			return pl.log.String()
		}
	}
	pl.report(pl.watch.Finish(pl.now))
	for _, s := range pl.watch.Sometimes() {
		fmt.Fprintf(&pl.log, "%s %v %s\n", s.Text, s.Seen, s.At)
	}
	return pl.log.String()
}

// until lets time pass, and the events up to then happen.
func (pl *player) until(end time.Duration) {
	for pl.now < end && !pl.failed {
		pl.turn(end)
	}
}

// turn goes on to the next instant at which something happens or may be decided, at most to limit.
func (pl *player) turn(limit time.Duration) {
	next := limit
	if len(pl.events) > 0 {
		next = min(next, pl.events[0].At)
	}
	if at, ok := pl.watch.Next(); ok {
		next = min(next, at)
	}
	pl.now = max(pl.now, next)
	n := 0
	for n < len(pl.events) && pl.events[n].At <= pl.now {
		n++
	}
	pl.h.Append(pl.events[:n])
	pl.events = pl.events[n:]
	pl.report(pl.watch.Judge(pl.now))
}

func (pl *player) report(failures []expect.Failure) {
	for _, f := range failures {
		pl.failed = true
		fmt.Fprintf(&pl.log, "%8s  %s\n%s\n", pl.now, f.Verdict, f)
	}
}

func (pl *player) expect(step *lang.Step, w expect.Window) {
	a := pl.program.Begin(step, pl.h, pl.now, w)
	for a.Judge(pl.now) == expect.Pending && !pl.failed {
		next, ok := a.Next()
		require.True(pl.t, ok)
		require.Greater(pl.t, next, pl.now, "time must go on")
		pl.turn(next)
	}
	if pl.failed {
		return
	}
	verdict := a.Judge(pl.now)
	fmt.Fprintf(&pl.log, "%8s  line %d: %s\n", a.At(), step.Pos.Line, verdict)
	if m, ok := a.Measurement(); ok {
		fmt.Fprintf(&pl.log, "%d times, %d lost, min %s mean %s p50 %s p90 %s p99 %s max %s; %s\n", m.Count, m.Lost, m.Min, m.Mean, m.P50, m.P90, m.P99, m.Max, strings.Join(m.Limits, ", "))
	}
	if verdict != expect.Passed {
		fmt.Fprintln(&pl.log, a.Explain())
		pl.failed = true
	}
}
