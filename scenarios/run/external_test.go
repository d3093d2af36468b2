package run_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures"
	"github.com/twinrig/twinrig/internal/need"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
)

// externalKind is the thermostat with the password secret-thermo.
const externalKind = `kind: thermostat
pins: {HEATER: {direction: out}, BUTTON: {direction: in, pull: up}}
sensors: {temperature: {unit: °C, range: [-40, 85], initial: 21}}
console: {baud: 115200}
resources: {flash: 64KiB}
identity: {password: "secret-{id}"}
firmware: {v1: {go: thermostat}}
params: {report_every: 300ms}
`

// external runs steps live against the broker at port: the thermostat knows the password secret-thermo.
func external(t *testing.T, url, steps string) run.Result {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "t.kind.yaml"), []byte(externalKind), 0o600))
	file := filepath.Join(dir, "s.yaml")
	text := "scenario: a broker elsewhere\nbroker: {url: '" + url + "'}\ndevices: {thermo: {kind: t.kind.yaml, network: cell}}\nnetworks: {cell: {latency: 20ms}}\nsteps:\n" + steps
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	p, faults := plan.Load(plan.Options{File: file, Seed: 1, Firmware: []string{"thermostat"}, Mode: run.Live})
	require.NoError(t, faults.Err())
	program, faults := expect.Compile(p)
	require.NoError(t, faults.Err())
	return run.Run(p, program, run.Options{Mode: run.Live, Firmware: fixtures.Firmware()})
}

// The few seconds of wall time are what a run against a real broker takes.
func TestExternalBroker(t *testing.T) {
	port := need.Mosquitto(t, map[string]string{"thermo": "secret-thermo", "backend": "hush"})
	url := fmt.Sprintf("mqtt://backend:hush@127.0.0.1:%d", port)
	t.Run("a device is seen, commanded and cut off", func(t *testing.T) {
		r := external(t, url, `
  - {name: begin, power: {thermo: on}}
  - expect: {mqtt: devices/thermo/status, json: {state: online}, retained: true, within: 10s}
  - publish: {topic: devices/thermo/command, json: {setpoint: 22}, qos: 1}
  - expect: {mqtt: devices/thermo/ack, json: {setpoint: 22}, within: 5s}
  - network: {cell: down}
  - wait: 700ms
  - network: {cell: up}
  - expect: {mqtt: devices/thermo/telemetry, since: begin, count: ">= 5", gapless: seq, within: 10s}
`)
		require.Equal(t, run.Pass, r.Verdict, "%v %s", r.Failures, r.Reason)
	})
	t.Run("what the device does wrong fails", func(t *testing.T) {
		r := external(t, url, "  - power: {thermo: on}\n  - expect: {mqtt: devices/thermo/telemetry, json: {setpoint: 99}, within: 1s}\n")
		require.Equal(t, run.Fail, r.Verdict, "%v", r.Failures)
	})
	t.Run("a backend that the broker refuses is a fault of the bench", func(t *testing.T) {
		r := external(t, fmt.Sprintf("mqtt://backend:wrong@127.0.0.1:%d", port), "  - power: {thermo: on}\n  - wait: 10ms\n")
		require.Equal(t, run.Infra, r.Verdict)
		require.Contains(t, r.Reason, "refuses the connection")
		require.NotContains(t, r.Reason, "wrong", "the password is nobody's business")
	})
	t.Run("so is a broker that is not there", func(t *testing.T) {
		r := external(t, "mqtt://127.0.0.1:1", "  - power: {thermo: on}\n  - wait: 10ms\n")
		require.Equal(t, run.Infra, r.Verdict)
		require.Contains(t, r.Reason, "connect to mqtt://127.0.0.1:1")
	})
}

func TestExternalBrokerThatGoes(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	go func() { // a broker that accepts, grants, and then goes
		c, err := ln.Accept()
		if err != nil {
			return
		}
		r := bufio.NewReader(c)
		packet(r)                         // CONNECT
		c.Write([]byte{0x20, 3, 0, 0, 0}) // CONNACK
		subscribe := packet(r)
		for subscribe != nil && len(subscribe) == 0 { // a PINGREQ may come before it
			subscribe = packet(r)
		}
		id := append(subscribe, 0, 0)[:2]            // its packet identifier; none where it did not come
		c.Write([]byte{0x90, 4, id[0], id[1], 0, 2}) // SUBACK
		time.Sleep(300 * time.Millisecond)           // until the run is under way
		c.Close()
	}()
	r := external(t, "mqtt://"+ln.Addr().String(), "  - power: {thermo: on}\n  - wait: 20s\n")
	require.Equal(t, run.Infra, r.Verdict, "%v", r.Failures)
	require.Contains(t, r.Reason, "ended the connection")
}

func TestExternalBrokerThatGoesBeforeItGrants(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		packet(bufio.NewReader(c))        // CONNECT
		c.Write([]byte{0x20, 3, 0, 0, 0}) // CONNACK
		c.Close()
	}()
	r := external(t, "mqtt://"+ln.Addr().String(), "  - power: {thermo: on}\n  - wait: 20s\n")
	require.Equal(t, run.Infra, r.Verdict, "%v", r.Failures)
	require.NotContains(t, r.Reason, "deadline", "the end of the connection is told at once, not waited out")
}

// packet reads an MQTT packet and returns what is behind its fixed header; nil where none comes.
func packet(r *bufio.Reader) []byte {
	if _, err := r.ReadByte(); err != nil {
		return nil
	}
	length, err := binary.ReadUvarint(r) // MQTT's variable byte integer is one (1.5.5)
	if err != nil {
		return nil
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil
	}
	return body
}
