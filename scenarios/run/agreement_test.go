package run_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2" // as ginkgo suites are written
	. "github.com/onsi/gomega"    // as ginkgo suites are written

	"github.com/twinrig/twinrig/fixtures"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
)

// The same scenarios in virtual time and on the wall clock: the live half takes the few seconds of
// wall time that it is about.
func TestSimAgreesWithLive(t *testing.T) {
	RegisterFailHandler(Fail)
	defineAgreement(t)
	RunSpecs(t, "sim and live")
}

const head = `
scenario: both ways
devices:
  thermo: {kind: KIND, network: cell, params: {report_every: 500ms}}
networks:
  cell: {latency: 20ms}
steps:
`

func defineAgreement(t *testing.T) {
	both := func(steps string) (sim, live outcome) {
		GinkgoHelper()
		dir := GinkgoT().TempDir()
		kind, err := filepath.Abs("../../fixtures/thermostat/thermostat.kind.yaml")
		Expect(err).NotTo(HaveOccurred())
		file := filepath.Join(dir, "s.yaml")
		source := bytes.ReplaceAll([]byte(head+steps), []byte("KIND"), []byte(kind))
		Expect(os.WriteFile(file, source, 0o600)).To(Succeed())
		return do(t, file, run.Sim), do(t, file, run.Live)
	}
	Describe("one scenario", func() {
		It("is told alike by both when all goes well", func() {
			sim, live := both(`
  - sense: {thermo.temperature: 17}
  - power: {thermo: on}
  - expect: {mqtt: devices/thermo/status, json: {state: online}, retained: true, within: 5s}
  - publish: {topic: devices/thermo/command, json: {setpoint: 22}, qos: 1}
  - expect: {mqtt: devices/thermo/ack, json: {setpoint: 22}, within: 5s}
  - expect: {mqtt: devices/thermo/telemetry, count: ">= 2", gapless: seq, within: 5s}
  - send: {console: thermo, line: version}
  - expect: {console: thermo, matches: v1, within: 1s}
`)
			Expect(sim.result.Verdict).To(Equal(run.Pass))
			Expect(live.result.Verdict).To(Equal(run.Pass), "%v", live.result.Failures)
			agree(sim, live)
		})
		It("is told alike by both over an outage and a power cut", func() {
			sim, live := both(`
  - {name: begin, power: {thermo: on}}
  - expect: {mqtt: devices/thermo/telemetry, count: ">= 1", within: 5s}
  - network: {cell: down}
  - wait: 700ms
  - network: {cell: up}
  - expect: {mqtt: devices/thermo/telemetry, since: begin, count: ">= 3", gapless: seq, within: 5s}
  - power: {thermo: {cycle: 100ms}}
  - expect: {console: thermo, matches: 'reset=power', within: 2s}
`)
			Expect(sim.result.Verdict).To(Equal(run.Pass))
			Expect(live.result.Verdict).To(Equal(run.Pass), "%v", live.result.Failures)
			agree(sim, live)
		})
		It("fails at the same step in both", func() {
			sim, live := both(`
  - power: {thermo: on}
  - expect: {pin: thermo.HEATER, is: high, within: 500ms}
`)
			Expect(sim.result.Verdict).To(Equal(run.Fail))
			Expect(live.result.Verdict).To(Equal(run.Fail))
			Expect(live.result.Failures[0].Step).To(Equal(sim.result.Failures[0].Step))
			Expect(live.result.Failures[0].Message).To(Equal(sim.result.Failures[0].Message))
		})
		It("is invalid in both where a fault touched nothing", func() {
			sim, live := both(`
  - network: {cell: down}
  - network: {cell: up}
`)
			Expect(sim.result.Verdict).To(Equal(run.Invalid))
			Expect(live.result.Verdict).To(Equal(run.Invalid))
		})
	})
}

type outcome struct {
	result run.Result
	events []trace.Event
}

func do(t *testing.T, file, mode string) outcome {
	GinkgoHelper()
	p, faults := plan.Load(plan.Options{File: file, Seed: seed.Seed(1), Firmware: []string{"thermostat"}, Mode: mode})
	Expect(faults.Err()).NotTo(HaveOccurred())
	program, faults := expect.Compile(p)
	Expect(faults.Err()).NotTo(HaveOccurred())
	var b bytes.Buffer
	result := run.Run(p, program, run.Options{
		Mode: mode, Firmware: fixtures.Firmware(), Trace: &b,
		Bubble: func(body func()) error { return vtime.Bubble(t, body) },
	})
	Expect(result.Leftover).To(BeFalse())
	_, events, err := trace.Read(&b)
	Expect(err).NotTo(HaveOccurred())
	return outcome{result, events}
}

// agree compares what the device did and said: the same in the same order, and on the wall clock never
// earlier than the model has it. How much later depends on the machine, so that is not judged.
func agree(sim, live outcome) {
	GinkgoHelper()
	s, l := told(sim.events), told(live.events)
	n := min(len(s), len(l))
	Expect(n).To(BeNumerically(">", 8))
	for i := range n {
		Expect(l[i].text).To(Equal(s[i].text), "event %d", i)
		Expect(l[i].at).To(BeNumerically(">=", s[i].at-clockSlack), "event %d: %s", i, s[i].text)
	}
}

// clockSlack is how far two readings of the wall clock may be apart that the runner takes as one.
const clockSlack = 10 * time.Millisecond

type fact struct {
	text string
	at   time.Duration
}

// told is what the firmware itself decides: its boots, its console, its pins, and what it publishes.
func told(events []trace.Event) []fact {
	var facts []fact
	for _, e := range events {
		switch e.Kind {
		case trace.Boot, trace.Console, trace.Pin:
			facts = append(facts, fact{fmt.Sprint(e.Kind, " ", e.Name, " ", e.Value, " ", e.Cause, " ", e.Text), e.At})
		case trace.Publish:
			if e.Device != "" && !e.Dup {
				facts = append(facts, fact{fmt.Sprint(e.Kind, " ", e.Topic), e.At})
			}
		}
	}
	return facts
}
