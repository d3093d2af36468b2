package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// fleetCase is a fleet to measure, for a time after it has connected.
type fleetCase struct {
	what    string
	kind    string // and settings of the fleet
	count   int
	virtual time.Duration
	params  string
	wanted  fleetWanted
	long    bool // only with -long
}

// fleetWanted are the figures promised, as the table shows them; "" where there is none.
type fleetWanted struct{ ratio, speed, live, connect string }

func fleetCases() []fleetCase {
	quick := fleetWanted{ratio: "at most 5 ×, aim 2 ×"}
	return []fleetCase{
		{"1,000 meters, QoS 0", "kind: meter.kind.yaml", 1000, 20 * time.Minute, `report_every: 1m, qos: "0"`, quick, false},
		{"1,000 meters, QoS 1", "kind: meter.kind.yaml", 1000, 20 * time.Minute, `report_every: 1m, qos: "1"`, fleetWanted{}, false},
		{"10,000 meters, QoS 0", "kind: meter.kind.yaml", 10_000, time.Hour, `report_every: 1m, qos: "0"`,
			fleetWanted{ratio: "at most 5 ×, aim 2 ×", speed: "at least 100 ×, aim 400 ×"}, true},
		{"50,000 meters, QoS 0", "kind: meter.kind.yaml", 50_000, time.Hour, `report_every: 1m, qos: "0"`,
			fleetWanted{ratio: "1.3 × that of 1,000 at most", speed: "at least 25 ×, aim 100 ×", live: "under 1.6 GB", connect: "under 15s"}, true},
		{"5,000 thermostats in C, as WebAssembly", "kind: thermostat.kind.yaml, firmware: v1.4.0-c", 5000, time.Hour, "report_every: 1m",
			fleetWanted{speed: "at least 15 ×", live: "under 1 GB"}, true},
	}
}

// scenario is one in which the fleet connects, and then does what it does for the case's time. The last wait
// keeps what comes with the end of a run out of the figures.
func (c fleetCase) scenario() []byte {
	return fmt.Appendf(nil, `scenario: %s
devices:
  backend: {kind: backend.kind.yaml, network: lan}
  fleet: {%s, count: %d, network: cell, params: {%s}}
networks:
  lan: {latency: 1ms}
  cell: {latency: 40ms}
steps:
  - power: {backend: on}
  - expect: {event: connack, device: backend, within: 10s}
  - power: {fleet: on}
  - expect: {event: connack, device: fleet, within: 5m}
  - wait: 5s
  - wait: %s
  - wait: 30s
`, c.what, c.kind, c.count, c.params, c.virtual)
}

// connecting are the steps of the scenario in which the fleet connects.
const connectingFrom, connectingTo = 3, 4

// fleets measures each case right after a baseline, in processes of their own.
func (b *bench) fleets(long bool) ([]row, error) {
	var rows []row
	for _, c := range fleetCases() {
		if c.long && !long {
			continue
		}
		rounds := b.rounds
		if c.long {
			rounds = 1
		}
		more, err := b.fleetRows(c, rounds)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.what, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func (b *bench) fleetRows(c fleetCase, rounds int) ([]row, error) {
	file := filepath.Join(b.dir, "fleet.yaml")
	if err := os.WriteFile(file, c.scenario(), 0o644); err != nil {
		return nil, err
	}
	var base, own []float64
	var last fleetFigures
	for range rounds {
		var bare baselineFigures
		if err := itself(&bare, "-baseline-run"); err != nil {
			return nil, err
		}
		last = fleetFigures{}
		if err := itself(&last, "-fleet-run", file); err != nil {
			return nil, err
		}
		if last.Verdict != "pass" {
			return nil, fmt.Errorf("the run came to %s: %s", last.Verdict, last.Message)
		}
		base = append(base, perReading(bare.CPU, bare.Readings))
		own = append(own, perReading(last.CPU, last.Readings))
	}
	ratios := make([]float64, rounds)
	for i := range own {
		ratios[i] = own[i] / base[i]
	}
	var connect time.Duration
	for step := connectingFrom; step <= connectingTo; step++ {
		connect += last.Steps[step]
	}
	w := c.wanted
	return []row{
		{c.what + ": processor time of a delivered reading", micros(middle(own)), ""},
		{"… the bare broker's over loopback TCP, measured before it", micros(middle(base)), ""},
		{"… as a multiple of that", fmt.Sprintf("%.1f ×", middle(ratios)), w.ratio},
		{fmt.Sprintf("… %s of virtual time per wall time", c.virtual), fmt.Sprintf("%.0f ×", float64(last.Virtual)/float64(last.Wall)), w.speed},
		{"… building them, and connecting them all at once", fmt.Sprintf("%s, %s", tenths(last.Building), tenths(connect)), w.connect},
		{"… live heap and stacks, and the most that was resident", fmt.Sprintf("%d MB, %d MB", last.Live>>20, last.Resident>>20), w.live},
	}, nil
}

// itself runs this program with arguments, and reads what it prints.
func itself(figures any, args ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.Command(self, args...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("%v: %w", args, err)
	}
	return json.Unmarshal(out, figures)
}

func perReading(cpu time.Duration, readings int) float64 {
	return float64(cpu) / float64(max(1, readings))
}

func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func micros(ns float64) string { return fmt.Sprintf("%.1f µs", ns/1000) }

func tenths(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }
