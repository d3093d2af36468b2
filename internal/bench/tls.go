package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// reconnections is how often the thermostat of reconnecting connects anew.
const reconnections = 500

// reconnecting is a scenario in which the broker ends the connection over and over.
func reconnecting(broker string) []byte {
	return fmt.Appendf(nil, `scenario: reconnecting
%sdevices:
  thermo: {kind: thermostat.kind.yaml, network: cell, params: {report_every: 12h}}
networks:
  cell: {latency: 50ms}
steps:
  - power: {thermo: on}
  - expect: {event: connack, device: thermo, within: 1m}
  - repeat:
      times: %d
      steps:
        - broker: {kick: thermo}
        - expect: {event: connack, device: thermo, within: 2m}
`, broker, reconnections)
}

// handshakes is what TLS adds to a reconnection, in processor time of the command and its worker.
func (b *bench) handshakes() ([]row, error) {
	var more []time.Duration
	for round := range b.rounds + 1 {
		plain, err := b.processor("run", "../plain.yaml")
		if err != nil {
			return nil, err
		}
		secure, err := b.processor("run", "../secure.yaml")
		if err != nil {
			return nil, err
		}
		if round > 0 {
			more = append(more, (secure-plain)/reconnections)
		}
	}
	return []row{{"a TLS handshake with certificates on both sides, in virtual time: processor time", median(more).Round(10 * time.Microsecond).String(), "under 3ms"}}, nil
}

// processor runs the command once and returns the processor time of it and of the workers that it waited for.
func (b *bench) processor(args ...string) (time.Duration, error) {
	b.calls++
	work := filepath.Join(b.dir, fmt.Sprint(b.calls))
	if err := os.Mkdir(work, 0o755); err != nil {
		return 0, err
	}
	c := exec.Command(b.binary, args...)
	c.Dir = work
	if out, err := c.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("twinrig %v: %w\n%s", args, err, out)
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime(), nil
}
