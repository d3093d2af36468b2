package scenarios

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/need"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/internal/trial"
	"github.com/twinrig/twinrig/scenarios/run"
)

// export runs a scenario with everything that it can write for other programs.
func export(t *testing.T, file string) (events []trace.Event, pins, packets []byte) {
	t.Helper()
	o := trial.NewOptions()
	p, program, err := o.Load(file)
	require.NoError(t, err)
	var out, vcd, pcap bytes.Buffer
	result := run.Run(p, program, run.Options{Firmware: o.Firmware, Trace: &out, Exports: run.Exports{VCD: &vcd, Pcap: &pcap},
		Bubble: func(body func()) error { return vtime.Bubble(t, body) }})
	require.Equal(t, run.Pass, result.Verdict, "%s", explainResult(result))
	_, events, err = trace.Read(&out)
	require.NoError(t, err)
	return events, vcd.Bytes(), pcap.Bytes()
}

// exported are scenarios whose connections differ: taken over, over TLS, with a fleet.
func exported(t *testing.T) []string {
	t.Helper()
	return []string{libraryFile(t, "thermostat-client-id-collision"), libraryFile(t, "thermostat-certificate-1970"), "../docs/examples/language/fleets.yaml"}
}

// TestTsharkDecodesTheCapture holds what tshark makes of the capture against the trace: every message that
// the broker took or sent, and nothing that tshark finds fault with.
func TestTsharkDecodesTheCapture(t *testing.T) {
	tshark := need.Program(t, "tshark")
	for _, file := range exported(t) {
		t.Run(file, func(t *testing.T) {
			events, _, packets := export(t, file)
			name := filepath.Join(t.TempDir(), "mqtt.pcapng")
			require.NoError(t, os.WriteFile(name, packets, 0o600))
			faults := dissect(t, tshark, name, "_ws.malformed || _ws.expert.severity >= 6291456 || tcp.analysis.flags || tcp.checksum.status == 0", "frame.number", "_ws.expert.message")
			require.Empty(t, faults, "tshark finds fault with the capture")
			want := map[string]int{}
			for _, e := range events {
				switch {
				case e.Kind == trace.Publish && e.Device != "", e.Kind == trace.Deliver:
					want[e.Topic]++
				case e.Kind == trace.Will:
					want[e.Topic]-- // the broker itself published it
				}
			}
			require.NotEmpty(t, want)
			require.Equal(t, want, messages(dissect(t, tshark, name, "mqtt", "mqtt.msgtype", "mqtt.topic")), "messages by topic")
		})
	}
}

// messages counts the PUBLISH packets by topic. A line is a frame: the types of its MQTT packets, and the topics
// of those that have one. A SUBSCRIBE has one, as no firmware here asks for two at once.
func messages(frames string) map[string]int {
	const publish, subscribe = "3", "8"
	count := map[string]int{}
	for line := range strings.Lines(frames) {
		types, list, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		topics := strings.Split(list, ",")
		for kind := range strings.SplitSeq(types, ",") {
			if kind == publish {
				count[topics[0]]++
			}
			if kind == publish || kind == subscribe {
				topics = topics[1:]
			}
		}
	}
	return count
}

// dissect returns fields of the packets that a display filter takes.
func dissect(t *testing.T, tshark, file, filter string, fields ...string) string {
	t.Helper()
	args := []string{"-r", file, "-o", "tcp.check_checksum:TRUE", "-Y", filter, "-T", "fields"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	var said bytes.Buffer
	c := exec.Command(tshark, args...)
	c.Stderr = &said
	out, err := c.Output()
	require.NoError(t, err, "%s", &said)
	return string(out)
}

func TestExportsRepeatToTheByte(t *testing.T) {
	for _, file := range exported(t) {
		_, pins, packets := export(t, file)
		before := runtime.GOMAXPROCS(1)
		_, pinsAgain, packetsAgain := export(t, file)
		runtime.GOMAXPROCS(before)
		require.Equal(t, pins, pinsAgain, file)
		require.Equal(t, packets, packetsAgain, file)
	}
}

// TestVCDHasEveryEdge counts the edges of each pin, in the dump and in the trace.
func TestVCDHasEveryEdge(t *testing.T) {
	events, pins, _ := export(t, libraryFile(t, "thermostat-button"))
	head, changes, found := strings.Cut(string(pins), "$dumpvars")
	require.True(t, found)
	_, changes, _ = strings.Cut(changes, "$end\n")
	for _, pin := range []string{"HEATER", "BUTTON"} {
		id := ""
		for line := range strings.Lines(head) {
			if words := strings.Fields(line); len(words) == 6 && words[4] == pin {
				id = words[3]
			}
		}
		want := 0
		for _, e := range events {
			if e.Kind == trace.Pin && e.Name == pin {
				want++
			}
		}
		require.Positive(t, want)
		require.Equal(t, want, strings.Count(changes, "0"+id+"\n")+strings.Count(changes, "1"+id+"\n"), pin)
	}
}
