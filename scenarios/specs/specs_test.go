package specs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/ginkgo/v2/types"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/scenarios"
	"github.com/twinrig/twinrig/scenarios/specs"
)

// An own device in a ginkgo suite.
func ExampleScenarios() {
	_ = func(t *testing.T) {
		// gomega.RegisterFailHandler(ginkgo.Fail)
		specs.Scenarios(t, "scenarios", scenarios.Set("outage", "10m"))
		// ginkgo.RunSpecs(t, "rig")
	}
}

// TestSuite runs the suite of testdata in every way.
func TestSuite(t *testing.T) {
	file := binary(t)
	for name, test := range map[string]func(*testing.T, string){
		"serial and parallel": serialAndParallel, "labels": labelsSelect, "repeat": repeats, "artifacts and annotations": artifactsAndAnnotations,
	} {
		t.Run(name, func(t *testing.T) { test(t, file) })
	}
}

// binary is the suite of testdata.
func binary(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "suite.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", file, "./testdata/suite")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return file
}

// ran is what a suite came to.
type ran struct {
	output string
	passed bool
	report types.Report
}

// states are the specs that were not left out, by their text.
func (r ran) states() map[string]string {
	all := map[string]string{}
	for _, s := range r.report.SpecReports {
		text := s.FullText()
		if s.ContainerHierarchyTexts != nil && s.ContainerHierarchyTexts[0] == "thermostat-boot" {
			text = "thermostat-boot" // whatever the library calls it
		}
		if s.State != types.SpecStateSkipped {
			all[text] = s.State.String()
		}
	}
	return all
}

// suite runs a command on the suite, with flags for the report behind its arguments.
func suite(t *testing.T, command string, args ...string) ran {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	flags := []string{"-ginkgo.no-color", "-ginkgo.json-report=" + file}
	if command == "go" {
		flags = []string{"--no-color", "--json-report=" + file}
	}
	cmd := exec.CommandContext(t.Context(), command, append(args, flags...)...)
	cmd.Dir = "testdata/suite"
	out, err := cmd.CombinedOutput()
	data, readErr := os.ReadFile(file)
	require.NoError(t, readErr, "%s", out)
	var reports []types.Report
	require.NoError(t, json.Unmarshal(data, &reports))
	require.Len(t, reports, 1)
	return ran{string(out), err == nil, reports[0]}
}

func everything() map[string]string {
	return map[string]string{
		"faulty has no faults":                  "failed",
		"greets firmware=v1 seed=1":             "passed",
		"greets firmware=v1 seed=2":             "passed",
		"greets firmware=v2 seed=1":             "passed",
		"greets firmware=v2 seed=2":             "passed",
		"shouts it shouts":                      "failed",
		"thermostat-boot":                       "passed",
		"a spec of another kind passes":         "passed",
		"greets saw what it must see sometimes": "failed",
	}
}

// The same with `go test`, and with the ginkgo command in two processes.
func serialAndParallel(t *testing.T, file string) {
	serial := suite(t, file)
	parallel := suite(t, "go", "run", "github.com/onsi/ginkgo/v2/ginkgo", "--procs=2")
	require.Equal(t, 2, parallel.report.SuiteConfig.ParallelTotal)
	for _, r := range []ran{serial, parallel} {
		require.False(t, r.passed)
		require.Equal(t, everything(), r.states(), r.output)
		for _, want := range []string{
			"/testdata/suite/rig/shouts.yaml:7:13: FAIL: no such line on the console of d\n",
			"/testdata/suite/rig/faulty.yaml:5:13: steps[0].power.e: unknown device \"e\"",
			"/testdata/suite/rig/greets.yaml:13:5: FAIL: it was true in none of the 4 runs: sometimes: {console: d, matches: 'v3'}",
			"/testdata/suite/rig/shouts.yaml:1\n", // the place of the spec
		} {
			require.Contains(t, r.output, want)
		}
	}
}

// Labels come from tags; what is left out is not run, and what it may have seen is not asked for.
func labelsSelect(t *testing.T, file string) {
	r := suite(t, file, "-ginkgo.label-filter=smoke", "-ginkgo.focus=v2|another")
	require.True(t, r.passed, r.output)
	require.Equal(t, map[string]string{"greets firmware=v2 seed=1": "passed", "greets firmware=v2 seed=2": "passed",
		"a spec of another kind passes": "passed", "greets saw what it must see sometimes": "passed"}, r.states())
	for _, s := range r.report.SpecReports {
		require.Equal(t, s.State != types.SpecStatePassed || s.LeafNodeType != types.NodeTypeIt || strings.HasPrefix(s.FullText(), "a spec"), len(s.ReportEntries) == 0, s.FullText())
	}
	r = suite(t, file, "-ginkgo.label-filter=slow-er && a- b")
	require.Equal(t, "failed", r.states()["shouts it shouts"], r.output)
}

// The command that is printed with a failure repeats that spec alone, pasted into a shell as it is.
func repeats(t *testing.T, file string) {
	r := suite(t, file, "-ginkgo.label-filter=slow-er")
	command := regexp.MustCompile(`to repeat: (.*)`).FindStringSubmatch(r.output)
	require.NotNil(t, command, r.output)
	again := suite(t, "sh", "-c", command[1]+` "$0" "$@"`)
	require.Equal(t, "failed", again.states()["shouts it shouts"], again.output)
	require.Contains(t, again.output, "Will run 1 of 8 specs")
}

func artifactsAndAnnotations(t *testing.T, file string) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	t.Setenv("GITHUB_ACTIONS", "true")
	t.Setenv("GITHUB_WORKSPACE", root)
	dir := t.TempDir()
	r := suite(t, file, "-test.artifacts", "-test.outputdir="+dir)
	for _, name := range []string{"trace.jsonl", "junit.xml", "summary.json", "report.html"} {
		files, err := filepath.Glob(dir + "/_artifacts/*/*/" + name)
		require.NoError(t, err)
		require.Len(t, files, 6, r.output)
	}
	for _, s := range r.report.SpecReports {
		if s.FullText() == "shouts it shouts" {
			require.True(t, slices.ContainsFunc(s.ReportEntries, func(e types.ReportEntry) bool { return e.Name == "artifacts" && strings.Contains(e.Value.AsJSON, dir) }))
		}
	}
	annotations := regexp.MustCompile(`(?m)^\s*::error (file=[^,]*,line=\d+,col=\d+)`).FindAllStringSubmatch(r.output, -1)
	var places []string
	for _, a := range annotations {
		places = append(places, a[1])
	}
	const rig = "file=scenarios/specs/testdata/suite/rig/"
	require.ElementsMatch(t, []string{rig + "shouts.yaml,line=7,col=13", rig + "faulty.yaml,line=5,col=13", rig + "greets.yaml,line=13,col=5"}, places, r.output)
}
