package lang_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

func everything(t *testing.T, opts lang.Options) *lang.Scenario {
	t.Helper()
	data, err := os.ReadFile("testdata/everything.yaml")
	require.NoError(t, err)
	s, diags := lang.ParseScenario("everything.yaml", data, opts)
	require.Empty(t, diags)
	return s
}

func TestEveryKey(t *testing.T) {
	s := everything(t, lang.Options{})
	require.Equal(t, "every key of the language", s.Scenario)
	require.Equal(t, []string{"t1", "t2"}, s.Devices.Names())
	require.Equal(t, "90s", s.Devices[0].Value.Params["report_every"].Text)
	require.Equal(t, 49*24*time.Hour+16*time.Hour, s.Clock.Uptime.Duration)
	require.Equal(t, time.Date(2026, 3, 28, 23, 55, 0, 0, time.UTC), s.Clock.Start.UTC())
	cell := s.Networks[0].Value
	require.InDelta(t, 0.02, cell.Loss.Fraction, 1e-12)
	require.Equal(t, int64(64_000), cell.Rate.BitsPerSecond)
	require.Equal(t, int64(1_000_000), cell.Uplink.Rate.BitsPerSecond)
	require.Equal(t, 1500*time.Millisecond, cell.Downlink.Latency.Duration)

	steps := s.Steps
	require.Equal(t, "begin", steps[0].Name)
	require.Equal(t, "power", steps[0].Verb())
	require.Equal(t, []string{"t1", "t2"}, steps[0].Power.Names())
	require.Equal(t, lang.FlashCut{Pos: diag.Position{File: "everything.yaml", Line: 19, Col: 23}, FlashWrite: 17, Byte: 3}, *steps[3].Power[0].Value.Cut)
	require.Equal(t, 2*time.Second, *steps[4].Power[0].Value.Off)
	require.Equal(t, "cycle", steps[4].Power[0].Value.Action)
	require.Len(t, steps[6].Reset, 2)
	drive := steps[8].Drive[0].Value
	require.Equal(t, []any{"high", 200 * time.Millisecond, 3, time.Second}, []any{drive.Level, *drive.For, drive.Count, *drive.Every})
	require.Equal(t, 3, steps[10].Press[0].Value.Count)
	require.InDelta(t, 17.5, *steps[11].Sense[0].Value.Value, 0)
	sense := steps[11].Sense
	require.Equal(t, lang.Ramp{From: 20, To: 35, Over: 10 * time.Minute}, *sense[1].Value.Ramp)
	require.InDelta(t, 0.2, *sense[1].Value.Noise, 0)
	require.Equal(t, "triangle", sense[2].Value.Wave.Shape)
	file := *sense[3].Value.File
	require.Equal(t, []any{"office.csv", "lab", true, true}, []any{file.Name, file.Column, file.Steps, file.Repeat})
	require.Equal(t, []any{"dropout", 30 * time.Second}, []any{sense[4].Value.Fault, *sense[4].Value.For})
	require.Equal(t, []string{"high", "low", "nan", "stuck", "ok"}, []string{sense[5].Value.Fault, sense[6].Value.Fault, sense[7].Value.Fault, sense[8].Value.Fault, sense[9].Value.Fault})
	office := s.Environment[0].Value.Quantities
	require.Equal(t, []string{"temperature", "humidity"}, office.Names())
	require.InDelta(t, 1.5, office[0].Value.Offsets[0].Value, 0)
	require.Equal(t, "t1", steps[12].Send.Console)
	require.Equal(t, "\x03", *steps[13].Send.Bytes)
	require.Equal(t, "21.50", *steps[15].Publish.Payload, "text is kept as it was written")
	require.Equal(t, map[string]string{"a": "b"}, steps[15].Publish.Properties)
	change := steps[17].Network[0].Value
	require.Equal(t, 30*time.Second, change.For.Duration)
	require.InDelta(t, 1, change.Uplink.Loss.Fraction, 0)
	require.Equal(t, "down", steps[17].Network[1].Value.State)
	require.Equal(t, "kick", steps[19].Broker.Action)
	require.Equal(t, "t1.temperature > 17", steps[20].When.Source)
	require.Equal(t, 90*time.Second, steps[20].Wait.Duration)
	require.Equal(t, 3, steps[21].Repeat.Times)
	require.Equal(t, "steps[21].repeat.steps[1]", steps[21].Repeat.Steps[1].Path)
	require.Equal(t, int64(120), *steps[25].Expect.Gapless.To)
	require.Equal(t, lang.Comparison{Op: "<=", Value: 5, Pos: diag.Position{File: "everything.yaml", Line: 43, Col: 73}}, *steps[27].Expect.Count)
	require.True(t, steps[27].Expect.Matches.MatchString("xb"), "a $ before nothing is the end of the text")
	require.True(t, steps[29].Expect.Not)
	require.True(t, steps[31].Expect.IsEvent())
	require.Equal(t, "open", s.Broker.Auth)
	require.Equal(t, 2*time.Second, s.Always[0].Grace.Duration)
}

// The position of an expression is that of its first character, for faults inside it.
func TestExpressionPositions(t *testing.T) {
	s := everything(t, lang.Options{})
	require.Equal(t, "everything.yaml:36:13", s.Steps[20].When.Pos.String())
	require.Equal(t, "everything.yaml:55:7", s.Always[0].Expr.Pos.String(), "below the |")
}

func TestVariables(t *testing.T) {
	s := everything(t, lang.Options{})
	want := map[string]any{"setpoint": 3.0, "text": "7", "quoted": "3", "list": []any{1.0, 2.5, true, nil}, "price": "$5"}
	require.Equal(t, want, s.Steps[14].Publish.JSON.Value, "$n is a number, $text and \"$n\" are texts")
	require.Equal(t, "devices/t1/command", s.Steps[14].Publish.Topic)

	set := everything(t, lang.Options{Set: map[string]string{"outage": "10m", "n": "5", "text": "8"}})
	require.Equal(t, 10*time.Minute, set.Steps[20].Wait.Duration)
	require.Equal(t, 5, set.Steps[21].Repeat.Times)
	require.Equal(t, "8", set.Steps[14].Publish.JSON.Value.(map[string]any)["text"], "what was a text stays one")
	require.Equal(t, "10m", set.Params["outage"].Text)

	data, err := os.ReadFile("testdata/everything.steps.yaml")
	require.NoError(t, err)
	steps, diags := lang.ParseSteps("s.yaml", data, lang.Options{Params: set.Params})
	require.Empty(t, diags)
	require.Equal(t, 10*time.Minute, steps.Steps[0].Wait.Duration)
	require.Equal(t, "s.yaml", steps.Steps[0].Pos.File)

	data, err = os.ReadFile("testdata/everything.kind.yaml")
	require.NoError(t, err)
	kind, diags := lang.ParseKind("k.yaml", data)
	require.Empty(t, diags)
	require.Equal(t, "$5", kind.Params["price"].Text, "a kind has no variables")
	require.Equal(t, "heap.free", kind.Metrics[0].Value.JSON)
	require.Equal(t, int64(65536), kind.Resources.Flash.Bytes)
	require.Len(t, kind.Identity.Topics, 2)
}

func TestAliases(t *testing.T) {
	s, diags := lang.ParseScenario("a.yaml", []byte(`
scenario: aliases of whole values
devices: {a: &d {kind: k.yaml}, b: *d}
steps:
  - wait: &w 5s
  - wait: *w
  - publish: {topic: t, json: &j {a: 1}}
  - publish: {topic: t, json: [*j, *j]}
`), lang.Options{})
	require.Empty(t, diags)
	require.Equal(t, "k.yaml", s.Devices[1].Value.Kind)
	require.Equal(t, 5*time.Second, s.Steps[1].Wait.Duration)
	require.Equal(t, []any{map[string]any{"a": 1.0}, map[string]any{"a": 1.0}}, s.Steps[3].Publish.JSON.Value)
}

func TestCRLFAndByteOrderMark(t *testing.T) {
	text := "\ufeffscenario: x\r\ndevices: {t: {kind: k.yaml}}\r\nsteps:\r\n  - wait: 5\r\n"
	_, diags := lang.ParseScenario("a.yaml", []byte(text), lang.Options{})
	require.EqualError(t, diags.Err(), "a.yaml:4:11: steps[0].wait: a duration needs a unit: 5; 5ms or 5s?")
}

func TestTooLarge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "large.yaml")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.NoError(t, os.Truncate(file, 100<<20))
	_, err := lang.ReadFile(file)
	require.EqualError(t, err, "it has 100 MiB; at most 4 MiB are read")
	_, err = lang.ReadFile("/dev/zero")
	require.EqualError(t, err, "it has more than 4 MiB, which are the most that is read")
	_, err = lang.ReadFile(t.TempDir())
	require.EqualError(t, err, "it is a directory")
	_, err = lang.ReadFile(filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, diags := lang.ParseScenario("large.yaml", make([]byte, lang.MaxFileSize+1), lang.Options{})
	require.EqualError(t, diags.Err(), "large.yaml: it has more than 4 MiB, which are the most that is read")
}

// What is read takes time in proportion to its size, whatever is in it.
func TestLargeFilesEnd(t *testing.T) {
	head := "scenario: x\ndevices: {t: {kind: k.yaml}}\nsteps:\n"
	for name, unit := range map[string]string{
		"flow": "[", "mapping": "{a: ", "list": "- ", "steps": "  - wait: 1\n", "quotes": "  - publish: {topic: t, json: {a: 'b'}}\n", "keys": "? ",
	} {
		data := []byte(head + strings.Repeat(unit, lang.MaxFileSize/4/len(unit)))
		start := time.Now()
		_, diags := lang.ParseScenario("x.yaml", data, lang.Options{})
		t.Logf("%s: %d faults in %v", name, len(diags), time.Since(start))
		require.Equal(t, name == "quotes", len(diags) == 0, name)
		require.Less(t, len(diags), 1100, name)
	}
}

func TestFileType(t *testing.T) {
	for text, want := range map[string]string{
		"scenario: x\n": "scenario", "about: a\nkind: x\n": "kind", "steps: []\n": "steps", "{scenario: x}": "scenario", "a: b\n": "",
		"steps: []\nscenario: x\n": "scenario", "scenario: x\n\tfaulty: [\n": "scenario", "": "", "- scenario: x\n": "", "[": "",
	} {
		require.Equal(t, want, lang.FileType([]byte(text)), text)
	}
	require.True(t, lang.IsScenario("testdata/everything.yaml"))
	require.False(t, lang.IsScenario("testdata/everything.kind.yaml"))
	require.False(t, lang.IsScenario("testdata"))
}

// Every YAML file of the repository is read without a fault, and its schema accepts it.
func TestFilesOfTheRepository(t *testing.T) {
	schemas := compileSchemas(t)
	seen := map[string]int{}
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && strings.HasPrefix(name, ".") && name != ".." {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".yaml" || strings.Contains(name, ".bad.") {
			return nil
		}
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		kind := lang.FileType(data)
		if kind == "" {
			return nil // another tool's
		}
		seen[kind]++
		var diags diag.List
		switch kind {
		case "scenario":
			_, diags = lang.ParseScenario(path, data, lang.Options{})
		case "kind":
			_, diags = lang.ParseKind(path, data)
		case "steps":
			_, diags = lang.ParseSteps(path, data, lang.Options{Params: paramsIn(data)})
		}
		require.Empty(t, diags, path)
		document, ok := decode(data)
		require.True(t, ok, path)
		require.NoError(t, schemas[kind].Validate(document), path)
		return nil
	})
	require.NoError(t, err)
	for _, kind := range []string{"scenario", "kind", "steps"} {
		require.NotZero(t, seen[kind], kind)
	}
}

// paramsIn gives a value to each variable of a file of steps, whose scenario is not known here.
func paramsIn(data []byte) map[string]lang.Scalar {
	params := map[string]lang.Scalar{}
	for _, match := range regexp.MustCompile(`\$\(?(\w+)`).FindAllSubmatch(data, -1) {
		params[string(match[1])] = lang.Scalar{Text: "5s"}
	}
	return params
}
