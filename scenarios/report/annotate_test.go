package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// failing is a run that fails at a line of a file, with a message.
func failing(file string, line int, message string) run.Result {
	return run.Result{Scenario: "rides, out: an outage", File: file, Mode: run.Sim, Seed: 7, Verdict: run.Fail, Cell: []lang.Setting{{Name: "firmware", Value: "v1"}},
		Failures: []run.Failure{{Pos: diag.Position{File: file, Line: line, Col: 5}, Step: "steps[2]", Verdict: run.Fail, Message: message, Detail: "expected: x\nnearest: y\n"}}}
}

// workflowCommand is what a runner makes of a line, as actions/runner reads it (ActionCommand.TryParseV2).
func workflowCommand(t *testing.T, line string) (name string, properties map[string]string, message string) {
	t.Helper()
	parts := regexp.MustCompile(`^\s*::([a-z-]+)(?: (.*?))?::(.*)$`).FindStringSubmatch(line)
	require.NotNil(t, parts, line)
	unescape := func(s string) string {
		return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(s)
	}
	properties = map[string]string{}
	for p := range strings.SplitSeq(parts[2], ",") {
		key, value, _ := strings.Cut(p, "=")
		properties[key] = unescape(value)
	}
	return parts[1], properties, unescape(parts[3])
}

// lines returns what a runner would see: it takes a carriage return for the end of a line, too.
func lines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
}

func TestGitHubAnnotation(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "rig", "a,b:100%.yaml")
	var a report.Annotations
	a.Result(failing(file, 3, "50% of it, as in a::b"))
	var out bytes.Buffer
	require.NoError(t, a.GitHub(&out, root))
	require.Equal(t, 1, strings.Count(out.String(), "\n"))
	name, properties, message := workflowCommand(t, strings.TrimSpace(out.String()))
	require.Equal(t, "error", name)
	require.Equal(t, map[string]string{"file": "rig/a,b:100%.yaml", "line": "3", "col": "5", "title": "FAIL: rides, out: an outage (firmware=v1, seed 7)"}, properties)
	require.Equal(t, "50% of it, as in a::b\nexpected: x\nnearest: y", message)
}

// What devices and files say makes no second command, whatever is in it.
func TestAnnotationsCannotBeInjected(t *testing.T) {
	evil := "x\n::add-mask::a\r\n::error file=b,line=1::c\r::set-output name=d::e%0A::warning::f\u0085::g\u2028::h"
	root := t.TempDir()
	r := failing(filepath.Join(root, evil+".yaml"), 3, evil)
	r.Scenario, r.Failures[0].Detail, r.Cell[0].Value = evil, evil, evil
	var a report.Annotations
	a.Result(r)
	a.Faults(diag.List{{Position: diag.Position{File: filepath.Join(root, evil), Line: 1, Col: 1}, Path: evil, Message: evil, Hint: evil}})
	a.Failure(evil, run.Failure{Pos: diag.Position{File: evil}, Verdict: run.Fail, Message: evil})
	var out bytes.Buffer
	require.NoError(t, a.GitHub(&out, root))
	seen := lines(out.String())
	require.Len(t, seen, 3, out.String())
	for _, line := range seen {
		name, properties, _ := workflowCommand(t, line)
		require.Equal(t, "error", name)
		for key := range properties {
			require.Contains(t, []string{"file", "line", "col", "title"}, key)
		}
	}
}

// What goes through Guard is never a command, however it is cut into writes; and JSON keeps its meaning.
func TestGuard(t *testing.T) {
	device := "::add-mask::a\n  ::error::b\n\u00a0\u2003::error::c\rd\r::error::e\n##[error]f, g ##[add-mask]h ###[debug]i\nok: j :: k [l] ## m\n\x1b[1m::n"
	text, err := json.Marshal(map[string]string{"device": device})
	require.NoError(t, err)
	for _, size := range []int{1, 2, 3, 1000} {
		var out, asJSON bytes.Buffer
		w, j := report.Guard(&out), report.Guard(&asJSON)
		for chunk := range chunks(device, size) {
			n, err := w.Write([]byte(chunk))
			require.NoError(t, err)
			require.Len(t, chunk, n)
		}
		for chunk := range chunks(string(text), size) {
			_, err := j.Write([]byte(chunk))
			require.NoError(t, err)
		}
		for _, line := range lines(out.String()) {
			require.False(t, strings.HasPrefix(strings.TrimSpace(line), "::"), line)
		}
		require.NotContains(t, out.String(), "##[")
		require.Contains(t, out.String(), "\nok: j :: k [l] ## m\n", "what is harmless stays")
		require.NotContains(t, asJSON.String(), "##[")
		var back map[string]string
		require.NoError(t, json.Unmarshal(asJSON.Bytes(), &back))
		require.Equal(t, device, back["device"])
	}
}

// chunks yields s in pieces of size bytes.
func chunks(s string, size int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for ; len(s) > size; s = s[size:] {
			if !yield(s[:size]) {
				return
			}
		}
		yield(s)
	}
}

type codeQuality struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string
		Lines struct{ Begin int }
	}
}

func gitLab(t *testing.T, root string, results ...run.Result) []codeQuality {
	t.Helper()
	var a report.Annotations
	for _, r := range results {
		a.Result(r)
	}
	var out bytes.Buffer
	require.NoError(t, a.GitLab(&out, root))
	d := json.NewDecoder(&out)
	d.DisallowUnknownFields()
	var all []codeQuality
	require.NoError(t, d.Decode(&all))
	return all
}

func TestGitLabCodeQuality(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "rig", "a.yaml")
	got := gitLab(t, root, failing(file, 3, "no such message"))
	require.Len(t, got, 1)
	require.Equal(t, "FAIL: rides, out: an outage (firmware=v1, seed 7): no such message", got[0].Description)
	require.Equal(t, []any{"twinrig/fail", "critical", "rig/a.yaml", 3}, []any{got[0].CheckName, got[0].Severity, got[0].Location.Path, got[0].Location.Lines.Begin})

	moved := gitLab(t, root, failing(file, 9, "another 17 messages"))
	require.Equal(t, got[0].Fingerprint, moved[0].Fingerprint, "the same step, on another line")
	other := gitLab(t, root, failing(filepath.Join(root, "b.yaml"), 3, "no such message"))
	require.NotEqual(t, got[0].Fingerprint, other[0].Fingerprint)

	var empty bytes.Buffer
	require.NoError(t, new(report.Annotations).GitLab(&empty, root))
	require.JSONEq(t, "[]", empty.String())
}

// A line has one annotation, however many runs fail there.
func TestAnnotationsOfManyRuns(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "a.yaml")
	pass := run.Result{Scenario: "x", File: file, Verdict: run.Pass}
	infra := run.Result{Scenario: "x", File: file, Verdict: run.Infra, Reason: "disk full"}
	got := gitLab(t, root, failing(file, 3, "one"), pass, failing(file, 3, "two"), failing(file, 4, "three"), infra)
	require.Len(t, got, 3)
	require.Contains(t, got[0].Description, "(the first of 2 runs): one")
	require.NotEqual(t, got[0].Fingerprint, got[1].Fingerprint, "GitLab keeps one of each")
	require.Equal(t, []any{"twinrig/infra", 1}, []any{got[2].CheckName, got[2].Location.Lines.Begin})
}

// A file outside of the checkout, and one of the library, is named in the message.
func TestAnnotationWithoutAFile(t *testing.T) {
	root := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(root, link))
	file := filepath.Join(root, "a.yaml")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, c := range []struct{ root, file, want string }{
		{root, filepath.Join(t.TempDir(), "a.yaml"), "::error title="},
		{root, "library:thermostat-outage.yaml", "::library:thermostat-outage:3:5: m%0A"},
		{link, file, "::error file=a.yaml,line=3,"},
	} {
		var a report.Annotations
		a.Result(failing(c.file, 3, "m"))
		var out bytes.Buffer
		require.NoError(t, a.GitHub(&out, c.root))
		require.Contains(t, out.String(), c.want)
	}
}
