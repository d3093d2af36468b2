package scenarios

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
)

// childVariable names the entry of children that a process is started for.
const childVariable = "TWINRIG_TEST_CHILD"

// children are tests as a user writes them. Most of them fail, so each runs in a process of its own.
func children() map[string]func(t *testing.T) {
	actor := Firmware("actor", actorFirmware)
	return map[string]func(t *testing.T){
		"pass": func(t *testing.T) { Run(t, "testdata/rules/01-window-either-order.yaml", actor) },
		"fail": func(t *testing.T) { Run(t, "testdata/rules/03-now-too-early.yaml", actor) },
		"fail in a subtest": func(t *testing.T) {
			t.Run("part", func(t *testing.T) { Run(t, "testdata/rules/03-now-too-early.yaml", actor, Seed(7)) })
		},
		"goes on after a failure": func(t *testing.T) {
			Run(t, "testdata/rules/03-now-too-early.yaml", actor)
			t.Log("went on")
		},
		"vacuous":           func(t *testing.T) { Run(t, "testdata/rules/09-cut-never-came.yaml", actor) },
		"faults":            func(t *testing.T) { Run(t, "testdata/rules/03-upper-bound-needs-during.bad.yaml", actor) },
		"faults, compiled":  func(t *testing.T) { Run(t, "testdata/run/misspelt.bad.yaml", actor) },
		"firmware missing":  func(t *testing.T) { Run(t, "testdata/rules/03-now-too-early.yaml") },
		"file missing":      func(t *testing.T) { Run(t, "testdata/run/nothing.yaml") },
		"set":               func(t *testing.T) { Run(t, "library:thermostat-outage", Set("outage", "soon")) },
		"set what is not":   func(t *testing.T) { Run(t, "library:thermostat-outage", Set("outge", "1m")) },
		"library":           func(t *testing.T) { Run(t, "library:thermostat-boot") },
		"library, misspelt": func(t *testing.T) { Run(t, "library:thermostat-bot") },
		"library, all":      func(t *testing.T) { Run(t, "library:all") },
		"campaign":          func(t *testing.T) { Run(t, "testdata/run/matrix.yaml", actor) },
		"campaign, a cell": func(t *testing.T) {
			Run(t, "testdata/run/matrix.yaml", actor, Set("backend", "v7"), Set("line", "two"), Seed(2))
		},
		"campaign, no such cell": func(t *testing.T) { Run(t, "testdata/run/matrix.yaml", actor, Set("backend", "v9")) },
		"sweep":                  func(t *testing.T) { Run(t, "testdata/rules/11-sweep-fails.yaml", actor) },
		"live":                   func(t *testing.T) { Run(t, "testdata/run/live.yaml", actor, Live()) },
		"leftover": func(t *testing.T) {
			Run(t, "testdata/run/live.yaml", Firmware("actor", func(hw *twin.Hardware) error {
				time.Sleep(10 * time.Millisecond)
				if _, err := hw.Console().Write([]byte("hello\n")); err != nil {
					return err
				}
				<-hw.Context().Done()
				for {
					runtime.Gosched()
				}
			}))
		},
	}
}

// TestChild is what the processes run.
func TestChild(t *testing.T) {
	child, ok := children()[os.Getenv(childVariable)]
	if !ok {
		t.Skip("it is run by TestRun, in processes of its own")
	}
	child(t)
}

// runChild returns what a child printed, and whether it passed.
func runChild(t *testing.T, name string, args ...string) (output string, passed bool) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, append([]string{"-test.run=^TestChild$", "-test.v", "-test.count=1"}, args...)...)
	cmd.Env = append(os.Environ(), childVariable+"="+name)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// TestRun holds Run to what it prints, and to how the test ends.
func TestRun(t *testing.T) {
	cases := map[string]struct {
		passed bool
		wants  []string
	}{
		"pass": {true, []string{"--- PASS: TestChild"}},
		"fail": {false, []string{
			"FAIL: a state without a window does not wait\n",
			"testdata/rules/03-now-too-early.yaml:12:13: d.LED is low\n",
			"expected: {pin: d.LED, is: high}\n",
			"0.000s      -2.000s  d power on\n",
			"to repeat (testdata/rules/03-now-too-early.yaml, seed 1): go test -run '^TestChild$'\n",
		}},
		"fail in a subtest":       {false, []string{"seed 7): go test -run '^TestChild$/^part$'\n", "--- FAIL: TestChild/part"}},
		"goes on after a failure": {false, []string{"d.LED is low", "went on"}},
		"vacuous":                 {false, []string{"INVALID: a cut in a flash write that never came", ".yaml:11:13: power d: cut in flash write 2 touched nothing"}},
		"faults": {false, []string{
			"the scenario has faults\n",
			"03-upper-bound-needs-during.bad.yaml:8:49: steps[1].expect.count: count:",
			"03-upper-bound-needs-during.bad.yaml:9:47: steps[2].expect.not: not needs during",
		}},
		"faults, compiled": {false, []string{
			"misspelt.bad.yaml:3:5: steps[0]: unknown key \"expct\"; did you mean \"expect\"?\n",
			"misspelt.bad.yaml:4:24: steps[1].when: d has no pin, sensor or metric levl; did you mean \"level\"?\n",
			"misspelt.bad.yaml:6:26: always[0].expr: there is no hgh; did you mean \"high\"?\n",
		}},
		"firmware missing":  {false, []string{"the scenario has faults", "actor"}},
		"file missing":      {false, []string{"the scenario has faults", "testdata/run/nothing.yaml: cannot be read"}},
		"set":               {false, []string{"the scenario has faults", "library:thermostat-outage.yaml:", "soon"}},
		"set what is not":   {false, []string{"the scenario has faults", "outge", `did you mean "outage"`}},
		"library":           {true, []string{"--- PASS: TestChild"}},
		"library, misspelt": {false, []string{"library:thermostat-bot: no such scenario in the library", "thermostat-boot"}},
		"library, all":      {false, []string{"library:all: Run runs one scenario; one of thermostat-boot, "}},
		"campaign": {false, []string{
			"FAIL: a campaign of cells and seeds (backend=v8 line=one)\n",
			"matrix.yaml:13:13: no such line on the console of d\n",
			"to repeat (testdata/run/matrix.yaml, seed 1, backend=v8, line=one): go test",
			"to repeat (testdata/run/matrix.yaml, seed 2, backend=v8, line=one): go test",
			"matrix.yaml:16:5: it was true in none of the 6 runs: sometimes: {expr: 'd.level > 90'}",
		}},
		"campaign, a cell":       {true, []string{"--- PASS: TestChild"}},
		"campaign, no such cell": {false, []string{"--set backend=v9: the matrix has no such value"}},
		"sweep": {false, []string{
			"sweep over 2 flash writes of d, cut before and inside each: 4 runs, 2 did not pass\n",
			"with the power cut at flash write 2, before its first byte: the expression does not hold",
		}},
		"live":     {true, []string{"--- PASS: TestChild"}},
		"leftover": {false, []string{"FAIL: hello", "goroutines of the firmware go on after the run"}},
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(children())), slices.Collect(maps.Keys(cases)))
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			output, passed := runChild(t, name)
			require.Equal(t, c.passed, passed, output)
			for _, want := range c.wants {
				require.Contains(t, output, want)
			}
		})
	}
}

// TestRunKeepsTheTrace looks for the trace where `go test -artifacts` puts things.
func TestRunKeepsTheTrace(t *testing.T) {
	dir := t.TempDir()
	output, passed := runChild(t, "pass", "-test.artifacts", "-test.outputdir="+dir)
	require.True(t, passed, output)
	files, err := filepath.Glob(dir + "/_artifacts/*/trace.jsonl")
	require.NoError(t, err)
	require.Len(t, files, 1, output)
	kept, err := os.ReadFile(files[0])
	require.NoError(t, err)

	var given bytes.Buffer
	Run(t, "testdata/rules/01-window-either-order.yaml", Firmware("actor", actorFirmware), Trace(&given))
	require.Equal(t, given.String(), string(kept), "the trace of another process, and at another place")
	_, events, err := trace.Read(&given)
	require.NoError(t, err)
	require.Equal(t, trace.Event{At: 2 * time.Second, Kind: trace.Verdict, Name: "pass"}, events[len(events)-1])
}
