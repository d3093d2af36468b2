package scenarios

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/docs/example/meter"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/internal/trial"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/run"
)

var golden = flag.Bool("golden", false, "rewrite the golden traces")

// outcome is what a scenario came to: a result and a trace, or the faults of its files.
type outcome struct {
	result run.Result
	trace  []byte
	faults string
}

func (o outcome) verdict() run.Verdict {
	if o.faults != "" {
		return run.Invalid
	}
	return o.result.Verdict
}

// simulate runs a scenario that need not pass. It may be called concurrently.
func simulate(t *testing.T, file string, opts ...Option) outcome {
	t.Helper()
	o := trial.NewOptions()
	o.Firmware["actor"], o.Firmware["meter"] = actorFirmware, meter.Firmware
	for _, opt := range opts {
		opt(&o)
	}
	p, program, err := o.Load(file)
	if err != nil {
		return outcome{faults: err.Error()}
	}
	var out bytes.Buffer
	result := run.Run(p, program, run.Options{Mode: o.Mode, Firmware: o.Firmware, Trace: &out,
		Bubble: func(body func()) error { return vtime.Bubble(t, body) }})
	return outcome{result: result, trace: out.Bytes()}
}

// String returns the outcome without its trace, as a golden file has it.
func (o outcome) String() string {
	if o.faults != "" {
		return "INVALID\n" + o.faults + "\n"
	}
	text := explainResult(o.result) + "\n"
	for _, s := range o.result.Steps {
		text += fmt.Sprintf("%s %s: %s to %s: %s\n", s.Pos, s.Path, s.Begin, s.End, s.Verdict)
	}
	return text
}

// explainResult says why a run ended as it did.
func explainResult(r run.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", strings.ToUpper(string(r.Verdict)), r.Scenario)
	if len(r.Cell) > 0 {
		b.WriteString(" (" + lang.CellText(r.Cell) + ")")
	}
	if r.Reason != "" {
		b.WriteString(": " + r.Reason)
	}
	if r.Sweep != nil {
		b.WriteString("\n" + strings.Join(r.Sweep.Describe(), "\n"))
	}
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "\n%s: %s", f.Pos, f.Message)
		for line := range strings.Lines(f.Detail) {
			b.WriteString("\n    " + strings.TrimRight(line, "\n"))
		}
	}
	for _, note := range r.Notes {
		b.WriteString("\nnote: " + note)
	}
	return b.String()
}

// lines returns the lines that the outcome blames.
func (o outcome) lines(t *testing.T, file string) []int {
	t.Helper()
	var lines []int
	for _, f := range o.result.Failures {
		require.Equal(t, file, f.Pos.File)
		lines = append(lines, f.Pos.Line)
	}
	for line := range strings.Lines(o.faults) {
		if rest, ok := strings.CutPrefix(line, file+":"); ok {
			number, _, _ := strings.Cut(rest, ":")
			n, err := strconv.Atoi(number)
			require.NoError(t, err, line)
			lines = append(lines, n)
		}
	}
	return lines
}

// scenarioFiles returns the scenarios of a folder, sorted.
func scenarioFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.yaml")
	require.NoError(t, err)
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, ".kind.yaml") })
	require.NotEmpty(t, files)
	return files
}

// TestGoldenRules runs the scenarios of testdata/rules, which show the rules of the language. The
// first line of each says how it ends, and the comment "# here" marks the line that must be blamed;
// neither is ever rewritten. The rest, and what happened when, is in the golden file beside it.
func TestGoldenRules(t *testing.T) {
	count := map[string]int{}
	for _, file := range scenarioFiles(t, "testdata/rules") {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		count[name[:2]]++
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			got := simulate(t, file)
			require.Equal(t, strings.HasSuffix(name, ".bad"), got.faults != "", "a file with faults is called .bad.yaml")
			first, _, _ := strings.Cut(string(text), "\n")
			require.Equal(t, first, "# verdict: "+string(got.verdict()), "%s", got)
			require.Equal(t, marked(string(text)), got.lines(t, file), "%s", got)
			if got.trace != nil {
				_, events, err := trace.Read(bytes.NewReader(got.trace))
				require.NoError(t, err)
				require.Equal(t, trace.Verdict, events[len(events)-1].Kind, "the verdict is the last event")
			}
			archive := &txtar.Archive{Files: []txtar.File{{Name: "outcome", Data: []byte(got.String())}, {Name: "trace.jsonl", Data: got.trace}}}
			compareGolden(t, strings.TrimSuffix(strings.TrimSuffix(file, ".yaml"), ".bad")+".golden", txtar.Format(archive))
		})
	}
	for rule := 1; rule <= 10; rule++ {
		require.Positive(t, count[fmt.Sprintf("%02d", rule)], "rule %d", rule)
	}
}

// marked returns the lines that a scenario expects to be blamed.
func marked(text string) []int {
	var lines []int
	n := 0
	for line := range strings.Lines(text) {
		if n++; strings.HasSuffix(strings.TrimSpace(line), "# here") {
			lines = append(lines, n)
		}
	}
	return lines
}

func compareGolden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *golden {
		require.NoError(t, os.WriteFile(file, got, 0o644))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}
