package run_test

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
)

// thief is a trace that takes the broker's address when the broker leaves it, and gives it back after a second and a half:
// on the wall clock, as that is where an address can be taken.
type thief struct {
	bytes.Buffer
	address string
	listen  net.Listener
}

func (w *thief) Write(p []byte) (int, error) {
	if w.listen == nil && bytes.Contains(p, []byte(`"event":"broker","name":"stop"`)) {
		if l, err := net.Listen("tcp", w.address); err == nil {
			w.listen = l
			time.AfterFunc(1500*time.Millisecond, func() { l.Close() })
		}
	}
	return w.Buffer.Write(p)
}

func TestRetry(t *testing.T) {
	for retry, want := range map[string]run.Verdict{"": run.Infra, "retry: 1, ": run.Infra, "retry: 3, ": run.Pass} {
		t.Run(retry, func(t *testing.T) {
			free, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			w := &thief{address: free.Addr().String()}
			require.NoError(t, free.Close())
			kind, err := filepath.Abs("../../fixtures/thermostat/thermostat.kind.yaml")
			require.NoError(t, err)
			file := filepath.Join(t.TempDir(), "s.yaml")
			steps := "  - power: {thermo: on}\n  - expect: {event: connack, device: thermo, within: 20s}\n  - broker: stop\n  - wait: 100ms\n  - {" + retry + "broker: start}\n"
			source := bytes.ReplaceAll([]byte(head+steps), []byte("KIND"), []byte(kind))
			require.NoError(t, os.WriteFile(file, source, 0o600))
			p, faults := plan.Load(plan.Options{File: file, Seed: seed.Seed(1), Firmware: []string{"thermostat"}, Mode: run.Live})
			require.NoError(t, faults.Err())
			program, faults := expect.Compile(p)
			require.NoError(t, faults.Err())
			result := run.Run(p, program, run.Options{Mode: run.Live, Firmware: fixtures.Firmware(), Trace: w, Listen: w.address})
			require.NotNil(t, w.listen, "the address was taken")
			require.Equal(t, want, result.Verdict, "%v", result.Failures)
			tries := bytes.Count(w.Bytes(), []byte(`"text":"retry broker start"`))
			require.Equal(t, map[string]int{"": 0, "retry: 1, ": 1, "retry: 3, ": 2}[retry], tries)
		})
	}
}
