package scenarios

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
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
		"library, unknown":  func(t *testing.T) { Run(t, "library:submarine") },
		"library, all":      func(t *testing.T) { Run(t, "library:all") },
		"campaign":          func(t *testing.T) { Run(t, "testdata/run/matrix.yaml", actor) },
		"campaign, a cell": func(t *testing.T) {
			Run(t, "testdata/run/matrix.yaml", actor, Set("backend", "v7"), Set("line", "two"), Seed(2))
		},
		"campaign, no such cell": func(t *testing.T) { Run(t, "testdata/run/matrix.yaml", actor, Set("backend", "v9")) },
		"folder":                 func(t *testing.T) { Run(t, "testdata/suite", actor) },
		"folder, parallel":       func(t *testing.T) { Run(t, "testdata/suite", actor, Parallel()) },
		"glob":                   func(t *testing.T) { Run(t, "testdata/suite/*/mat*.yaml", actor) },
		"glob, nothing":          func(t *testing.T) { Run(t, "testdata/suite/*/nothing*.yaml", actor) },
		"one, parallel":          func(t *testing.T) { Run(t, "testdata/suite/quick.yaml", actor, Parallel()) },
		"skipped":                func(t *testing.T) { Run(t, "testdata/skipped/needs.yaml", actor) },
		"several runs":           func(t *testing.T) { Run(t, "testdata/suite/deep/matrix.yaml", actor, Set("word", "v1.4.0")) },
		"library, some":          func(t *testing.T) { Run(t, "library:thermostat-boot,thermostat-button") },
		"sweep":                  func(t *testing.T) { Run(t, "testdata/rules/11-sweep-fails.yaml", actor) },
		"live":                   func(t *testing.T) { Run(t, "testdata/run/live.yaml", actor, Live()) },
		"commands from a device": func(t *testing.T) {
			Run(t, "testdata/rules/03-now-too-early.yaml", Firmware("actor", func(*twin.Hardware) error {
				return errors.New("device sends ::add-mask::a\n::add-mask::b\n  ::add-mask::c\r::add-mask::d\n##[add-mask]e")
			}))
		},
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
			"\n    HERE/testdata/rules/03-now-too-early.yaml:12:13: FAIL: d.LED is low\n",
			"expected: {pin: d.LED, is: high}\n",
			"0.000s      -2.000s  d power on\n",
			"FAIL: a state without a window does not wait (seed 1)\n",
			"to repeat: go test -run '^TestChild$' github.com/twinrig/twinrig/scenarios\n",
		}},
		"fail in a subtest":       {false, []string{"(seed 7)\n", "go test -run '^TestChild$/^part$' github", "--- FAIL: TestChild/part"}},
		"goes on after a failure": {false, []string{"d.LED is low", "went on"}},
		"vacuous":                 {false, []string{"INVALID: a cut in a flash write that never came", ".yaml:11:13: INVALID: power d: cut in flash write 2 touched nothing"}},
		"faults": {false, []string{
			"\n    HERE/testdata/rules/03-upper-bound-needs-during.bad.yaml:8:49: steps[1].expect.count: count:",
			"03-upper-bound-needs-during.bad.yaml:9:47: steps[2].expect.not: not needs during",
			"the scenario has faults; nothing was started\n",
		}},
		"faults, compiled": {false, []string{
			"misspelt.bad.yaml:3:5: steps[0]: unknown key \"expct\"; did you mean \"expect\"?\n",
			"misspelt.bad.yaml:4:24: steps[1].when: d has no pin, sensor or metric levl; did you mean \"level\"?\n",
			"misspelt.bad.yaml:6:26: always[0].expr: there is no hgh; did you mean \"high\"?\n",
		}},
		"firmware missing":  {false, []string{"the scenario has faults", "actor"}},
		"file missing":      {false, []string{"testdata/run/nothing.yaml: no such file or folder, and not library:NAME"}},
		"set":               {false, []string{"the scenario has faults", "library:thermostat-outage:", "soon"}},
		"set what is not":   {false, []string{"the scenario has faults", "outge", `did you mean "outage"`}},
		"library":           {true, []string{"--- PASS: TestChild"}},
		"library, misspelt": {false, []string{"library:thermostat-bot: no such scenario in the library", "thermostat-boot"}},
		"library, unknown":  {false, []string{"library:submarine: no such scenario in the library; see twinrig run --help"}},
		"library, all":      {true, []string{"--- PASS: TestChild/thermostat-boot", "--- PASS: TestChild/thermostat-outage"}},
		"library, some":     {true, []string{"--- PASS: TestChild/thermostat-boot", "--- PASS: TestChild/thermostat-button"}},
		"folder": {false, []string{
			"--- PASS: TestChild/quick",
			"--- PASS: TestChild/deep/matrix/word=v1.4.0/seed=3",
			"--- FAIL: TestChild/deep/matrix/word=a_b_(c)|d+/seed=1",
		}},
		"folder, parallel": {false, []string{"=== PAUSE TestChild/deep/matrix/word=v1.4.0/seed=2", "--- PASS: TestChild/quick", "--- PASS: TestChild/deep/matrix/word=v1.4.0/seed=2"}},
		"glob":             {false, []string{"--- FAIL: TestChild/deep/matrix/word=a_b_(c)|d+/seed=1"}},
		"glob, nothing":    {false, []string{"testdata/suite/*/nothing*.yaml: no scenario matches"}},
		"one, parallel":    {true, []string{"=== PAUSE TestChild/quick"}},
		"skipped":          {true, []string{"--- SKIP: TestChild", "not offered here: flash"}},
		"several runs":     {true, []string{"--- PASS: TestChild/matrix/word=v1.4.0/seed=3"}},
		"campaign": {false, []string{
			"FAIL: a campaign of cells and seeds (backend=v8 line=one, seed 1)\n",
			"matrix.yaml:13:13: FAIL: no such line on the console of d\n",
			"to repeat: go test -run '^TestChild$/^matrix$/^backend=v8,line=one$/^seed=1$' github",
			"to repeat: go test -run '^TestChild$/^matrix$/^backend=v8,line=one$/^seed=2$' github",
			"matrix.yaml:16:5: FAIL: it was true in none of the 6 runs: sometimes: {expr: 'd.level > 90'}",
		}},
		"campaign, a cell":       {true, []string{"--- PASS: TestChild "}},
		"campaign, no such cell": {false, []string{"--set backend=v9: the matrix has no such value"}},
		"sweep": {false, []string{
			"sweep over 2 flash writes of d, cut before and inside each: 4 runs, 2 did not pass\n",
			"with the power cut at flash write 2, before its first byte: the expression does not hold",
		}},
		"commands from a device": {false, []string{"note: "}},
		"live":                   {true, []string{"--- PASS: TestChild"}},
		"leftover":               {false, []string{"FAIL: hello", "goroutines of the firmware go on after the run"}},
	}
	here, err := os.Getwd()
	require.NoError(t, err)
	require.ElementsMatch(t, slices.Collect(maps.Keys(children())), slices.Collect(maps.Keys(cases)))
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			output, passed := runChild(t, name)
			require.Equal(t, c.passed, passed, output)
			for _, want := range c.wants {
				require.Contains(t, output, strings.ReplaceAll(want, "HERE", here))
			}
		})
	}
}

// ran returns the subtests that a child began, in their order.
func ran(output string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^=== RUN   TestChild/(.*)$`).FindAllStringSubmatch(output, -1) {
		names = append(names, m[1])
	}
	return names
}

// -run selects by scenario, cell and seed; what it leaves out is neither run nor judged.
func TestRunSelects(t *testing.T) {
	for pattern, want := range map[string][]string{
		"^TestChild$/^quick$": {"quick"},
		"^TestChild$/^deep$/^matrix$/word=v1.4.0": {"deep/matrix", "deep/matrix/word=v1.4.0",
			"deep/matrix/word=v1.4.0/seed=1", "deep/matrix/word=v1.4.0/seed=2", "deep/matrix/word=v1.4.0/seed=3"},
		"^TestChild$/deep/matrix/word=v1.4.0/seed=3": {"deep/matrix", "deep/matrix/word=v1.4.0", "deep/matrix/word=v1.4.0/seed=3"},
	} {
		output, passed := runChild(t, "folder", "-test.run="+pattern)
		require.True(t, passed, output)
		require.Equal(t, want, ran(output))
		require.Equal(t, strings.Count(output, "of virtual time in"), strings.Count(output, "PASS     "), output)
	}
	output, _ := runChild(t, "campaign", "-test.run=^TestChild$/matrix/backend=v7")
	require.NotContains(t, output, "it was true in none", "what was left out may have seen it")
}

// With -short a cell has one seed, and nothing is said of what the others would have seen; -count repeats.
func TestRunShort(t *testing.T) {
	output, passed := runChild(t, "several runs", "-test.short")
	require.True(t, passed, output)
	require.Empty(t, ran(output), "a single run is the test itself")
	output, _ = runChild(t, "campaign", "-test.short")
	require.Equal(t, []string{"matrix", "matrix/backend=v7,line=one", "matrix/backend=v7,line=two", "matrix/backend=v8,line=one"}, ran(output))
	require.NotContains(t, output, "it was true in none")
	output, passed = runChild(t, "several runs", "-test.count=2")
	require.True(t, passed, output)
	require.Equal(t, 2, strings.Count(output, "--- PASS: TestChild/matrix/word=v1.4.0/seed=3"), output)
}

// The command that is printed with a failure repeats it, pasted into a shell as it is.
func TestRunRepeats(t *testing.T) {
	output, passed := runChild(t, "folder")
	require.False(t, passed)
	command := regexp.MustCompile(`to repeat: (.*/\^seed=2\$.*)`).FindStringSubmatch(output)
	require.NotNil(t, command, output)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command[1]+" -v")
	cmd.Dir, cmd.Env = "..", append(os.Environ(), childVariable+"=folder")
	again, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, []string{"deep/matrix", "deep/matrix/word=a_b_(c)|d+", "deep/matrix/word=a_b_(c)|d+/seed=2"}, ran(string(again)), "%s\n%s", command[1], again)
	require.Contains(t, string(again), "matrix.yaml:12:13: FAIL: d.LED is low")
}

// TestRunKeepsTheTrace looks for what a run leaves where `go test -artifacts` puts things.
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

// Each subtest has a folder of its own.
func TestRunKeepsEachRun(t *testing.T) {
	dir := t.TempDir()
	output, _ := runChild(t, "folder, parallel", "-test.artifacts", "-test.outputdir="+dir)
	count := map[string]int{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			count[d.Name()]++
		}
		return err
	}))
	require.Equal(t, map[string]int{"trace.jsonl": 7, "junit.xml": 7, "summary.json": 7, "report.html": 7}, count, output)
	output, _ = runChild(t, "skipped", "-test.artifacts", "-test.outputdir="+dir)
	require.Contains(t, output, "--- SKIP", "a run that was not started has no trace to report")
	output, _ = runChild(t, "folder", "-test.outputdir="+dir)
	require.NotContains(t, output, "ARTIFACTS", "none where none are asked for")
}

// In GitHub Actions a failure is an annotation at its line, and nothing that a device says is a command to the runner.
func TestRunAnnotates(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	t.Setenv("GITHUB_ACTIONS", "true")
	t.Setenv("GITHUB_WORKSPACE", root)
	output, _ := runChild(t, "fail")
	require.Contains(t, output, "::error file=scenarios/testdata/rules/03-now-too-early.yaml,line=12,col=13,title=FAIL%3A a state without a window does not wait (seed 1)::d.LED is low%0A")
	output, _ = runChild(t, "faults")
	require.Contains(t, output, "::error file=scenarios/testdata/rules/03-upper-bound-needs-during.bad.yaml,line=8,col=49,title=INVALID%3A a fault in the file::steps[1].expect.count")
	output, _ = runChild(t, "commands from a device")
	require.Contains(t, output, "device sends ::add-mask")
	commands := regexp.MustCompile(`(?m)^\s*::.*$`).FindAllString(output, -1)
	require.Len(t, commands, 1, output)
	require.True(t, strings.HasPrefix(strings.TrimSpace(commands[0]), "::error file="), commands[0])
	require.Equal(t, strings.Count(commands[0], "##["), strings.Count(output, "##["), output)

	t.Setenv("GITHUB_ACTIONS", "")
	output, _ = runChild(t, "fail")
	require.NotContains(t, output, "::error")
}
