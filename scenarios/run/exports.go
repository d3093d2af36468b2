package run

import (
	"fmt"
	"io"
	"time"

	"github.com/twinrig/twinrig/internal/pcap"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vcd"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// Exports are files of a run for other programs. What is nil is not written. Each turn of the run is with the
// writer before the next one begins.
type Exports struct {
	VCD  io.Writer // the pins, a Value Change Dump
	Pcap io.Writer // the MQTT that the embedded broker reads and writes, pcapng
}

// exporters write a run's exports.
type exporters struct {
	pins    *vcd.Writer
	packets *pcap.Capture
}

// newExporters begins the files.
func newExporters(p *plan.Plan, to Exports) (x exporters, err error) {
	if to.VCD != nil {
		if x.pins, err = vcd.NewWriter(to.VCD, fmt.Sprintf("%s, seed %d", p.Scenario.Scenario, p.Seed), p.Start, pinsOf(p)); err != nil {
			return x, err
		}
	}
	if to.Pcap != nil {
		devices := make([]string, len(p.Devices))
		for i, d := range p.Devices {
			devices[i] = d.Name
		}
		x.packets, err = pcap.New(to.Pcap, devices)
	}
	return x, err
}

// pinsOf lists the pins of all devices, with the level that pulls give them.
func pinsOf(p *plan.Plan) []vcd.Pin {
	var all []vcd.Pin
	for i := range p.Devices {
		for _, pin := range p.Devices[i].Kind.Pins {
			all = append(all, vcd.Pin{Device: p.Devices[i].Name, Name: pin.Name, High: pin.Value.Pull == "up"})
		}
	}
	return all
}

// turn writes what happened in a turn.
func (x exporters) turn(events []trace.Event) error {
	if x.pins != nil {
		if err := x.pins.Write(events); err != nil {
			return err
		}
	}
	if x.packets != nil {
		return x.packets.Turn()
	}
	return nil
}

// end closes what a reader wants closed.
func (x exporters) end(at time.Duration) error {
	if x.pins != nil {
		return x.pins.End(at)
	}
	return nil
}
