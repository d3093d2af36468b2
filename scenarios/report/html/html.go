package html

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// The names of files in the folder of a run.
const (
	FileName    = "report.html"
	traceName   = "trace.jsonl"
	summaryName = "summary.json"
)

// ErrNoRun means that a folder holds no run: it has no trace.
var ErrNoRun = errors.New("there is no trace.jsonl in it, so it is not the folder of a run")

// Input is what a report is made of.
type Input struct {
	// Summary is what the run came to; nil: as far as the trace tells.
	Summary *report.Summary
	// Trace opens the trace, which is read twice; nil: there is none.
	Trace func() (io.ReadCloser, error)
	Name  string // of the trace, for errors
	// ReadFile reads a file of the scenario by the name that positions have; nil: the source is not shown.
	ReadFile func(name string) ([]byte, error)
}

// FromDir takes the summary and the trace of a run's folder, or of the folder of a trace file.
func FromDir(path string) (Input, error) {
	file := path
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return Input{}, fmt.Errorf("html: %s: no such file or folder", path)
	} else if err != nil {
		return Input{}, fmt.Errorf("html: %w", err)
	} else if info.IsDir() {
		file = filepath.Join(path, traceName)
	}
	// A device, such as the /dev/full of a test, has no end; an empty file is what a run leaves that never began.
	if info, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || info.Size() == 0) {
		return Input{}, fmt.Errorf("html: %s: %w", path, ErrNoRun)
	}
	in := Input{Trace: func() (io.ReadCloser, error) { return os.Open(file) }, Name: file}
	if info, err := os.Stat(filepath.Join(filepath.Dir(file), summaryName)); err == nil && !info.Mode().IsRegular() {
		return in, nil // a pipe would wait for who writes to it
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(file), summaryName))
	if errors.Is(err, fs.ErrNotExist) {
		return in, nil
	}
	if err != nil {
		return Input{}, fmt.Errorf("html: %w", err)
	}
	in.Summary = new(report.Summary)
	if err := json.Unmarshal(data, in.Summary); err != nil {
		return Input{}, fmt.Errorf("html: %s: %w", filepath.Join(filepath.Dir(file), summaryName), err)
	}
	in.ofCut(filepath.Dir(file))
	return in, nil
}

// ofCut takes the trace of the first run of a sweep that did not pass, whose steps and failures the summary has:
// the trace beside the summary is that of the run that counted the writes.
func (in *Input) ofCut(dir string) {
	s := in.Summary.Sweep
	if s == nil || len(s.Failed) == 0 {
		return
	}
	file := filepath.Join(dir, "cut-"+strings.ReplaceAll(s.Failed[0].Cut.String(), "/", "-"), traceName)
	if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
		in.Trace = func() (io.ReadCloser, error) { return os.Open(file) }
	}
}

// WriteFile writes the report to a file, whole or not at all.
func WriteFile(name string, in Input) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+FileName+"-*")
	if err != nil {
		return fmt.Errorf("html: %w", err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it was renamed
	err = errors.Join(Write(f, in), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("html: write %s: %w", name, err)
	}
	return nil
}

// Write writes the report.
func Write(w io.Writer, in Input) error {
	s, err := surveyOf(in)
	if err != nil {
		return err
	}
	sum := in.Summary
	if sum == nil {
		sum = summarize(s)
	}
	sum = shown(*sum)
	m := newModel(s, namedIn(sum))
	if in.Trace != nil {
		if err := reading(in, m.read); err != nil {
			return err
		}
	}
	return write(w, newPage(m, sum, in.ReadFile), m)
}

func surveyOf(in Input) (*survey, error) {
	if in.Trace == nil {
		return &survey{fleets: map[string]*members{}, end: seconds(in.Summary.Elapsed)}, nil
	}
	var s *survey
	err := reading(in, func(r io.Reader) (err error) {
		s, err = takeSurvey(r)
		return err
	})
	return s, err
}

func reading(in Input, read func(io.Reader) error) error {
	r, err := in.Trace()
	if err != nil {
		return fmt.Errorf("html: %w", err)
	}
	defer r.Close()
	if err := read(r); err != nil {
		return fmt.Errorf("html: %s: %w", cmp.Or(in.Name, traceName), err)
	}
	return nil
}

// summarize says what a run came to as far as its trace tells.
func summarize(s *survey) *report.Summary {
	sum := &report.Summary{Scenario: s.header.Scenario, Mode: s.header.Mode, Seed: s.header.Seed, Elapsed: s.end.Seconds(), Events: s.events,
		Verdict: run.Interrupted, Reason: "the trace ends without a verdict", Steps: []report.Step{}}
	if s.verdict != nil {
		sum.Verdict, sum.Reason = run.Verdict(s.verdict.Name), s.verdict.Text
	}
	for i, e := range s.steps {
		end, verdict := s.end, sum.Verdict
		if i+1 < len(s.steps) {
			end, verdict = s.steps[i+1].At, run.Pass
		}
		if text, skipped := strings.CutPrefix(e.Text, "skip "); skipped {
			e.Text, verdict = text, run.Skipped
		}
		sum.File = s.steps[0].File
		sum.Steps = append(sum.Steps, report.Step{Line: e.Line, Path: e.Name, Text: strings.TrimPrefix(e.Text, "begin "), Begin: e.At.Seconds(), End: end.Seconds(), Verdict: verdict})
	}
	return sum
}

// namedIn returns whether a failure names a device.
func namedIn(sum *report.Summary) func(device string) bool {
	var words strings.Builder
	for _, f := range sum.Failures {
		words.WriteString(f.Message + "\n" + f.Detail + "\n")
	}
	text := words.String()
	return func(device string) bool { return strings.Contains(text, device) }
}

func micro(s float64) int64 { return int64(s * float64(time.Second/time.Microsecond)) }
