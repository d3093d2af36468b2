package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/run"
)

// Annotation is what CI shows at a line of a file.
type Annotation struct {
	Pos     diag.Position
	Verdict run.Verdict
	Step    string // its path, as in steps[3] or always[0]; may be empty
	Title   string // in one line
	Message string // in one line
	Detail  string // may have several lines; may be empty
	Runs    int    // how many runs say so
}

// Annotations are what a command or a test has to say to CI: one for each line and verdict, however many runs say it.
// The zero value is ready.
type Annotations struct {
	list  []Annotation
	index map[string]int // by the line, and what it is about
}

// List returns them in the order in which they came.
func (a *Annotations) List() []Annotation { return a.list }

// Result adds why a run did not pass; of one that passed or was skipped, nothing.
func (a *Annotations) Result(r run.Result) {
	if r.Verdict == run.Pass || r.Verdict == run.Skipped {
		return
	}
	title := fmt.Sprintf("%s (%s)", r.Scenario, which(r))
	for _, f := range r.Failures {
		a.add(Annotation{Pos: f.Pos, Verdict: f.Verdict, Step: f.Step, Title: title, Message: f.Message, Detail: f.Detail})
	}
	if r.Sweep != nil && len(r.Sweep.Failed) > 0 {
		for _, f := range r.Sweep.Failed[1:] { // the first one's failures are r's
			if f.Pos.File != "" {
				a.add(Annotation{Pos: f.Pos, Verdict: f.Verdict, Step: "sweep", Title: fmt.Sprintf("%s (%s, cut %s)", r.Scenario, which(r), f.Cut), Message: f.Message})
			}
		}
	}
	if r.Reason != "" || len(r.Failures) == 0 && r.Sweep == nil {
		a.add(Annotation{Pos: diag.Position{File: r.File}, Verdict: r.Verdict, Title: title, Message: r.Reason})
	}
}

// Failure adds a failure of no single run.
func (a *Annotations) Failure(scenario string, f run.Failure) {
	a.add(Annotation{Pos: f.Pos, Verdict: f.Verdict, Step: f.Step, Title: scenario, Message: f.Message, Detail: f.Detail})
}

// Faults adds what is wrong in files.
func (a *Annotations) Faults(faults diag.List) {
	for _, d := range faults {
		where := d.Position
		d.Position = diag.Position{}
		a.addAs(where.String()+d.Error(), Annotation{Pos: where, Verdict: run.Invalid, Title: "a fault in the file", Message: strings.TrimPrefix(d.Error(), ": ")})
	}
}

func (a *Annotations) add(x Annotation) { a.addAs(x.Pos.String()+" "+string(x.Verdict), x) }

func (a *Annotations) addAs(key string, x Annotation) {
	if at, ok := a.index[key]; ok {
		a.list[at].Runs++
		return
	}
	if a.index == nil {
		a.index = map[string]int{}
	}
	x.Runs = 1
	a.index[key] = len(a.list)
	a.list = append(a.list, x)
}

// more says that other runs came to the same.
func (x Annotation) more() string {
	if x.Runs < 2 {
		return ""
	}
	return fmt.Sprintf(" (the first of %d runs)", x.Runs)
}

// GitHub writes workflow commands, which a runner of GitHub Actions turns into annotations: one line each. Paths
// are relative to root, the folder that the repository is checked out to; a file outside of it is not named.
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
func (a *Annotations) GitHub(w io.Writer, root string) error {
	var b strings.Builder
	for _, x := range a.list {
		b.WriteString("::error ")
		if path, inside := relative(root, x.Pos.File); inside {
			b.WriteString("file=" + escapeProperty(visible.Line(path)) + ",")
			if x.Pos.Line > 0 {
				fmt.Fprintf(&b, "line=%d,col=%d,", x.Pos.Line, x.Pos.Col)
			}
		} else {
			x.Pos.File = library.Display(x.Pos.File)
			x.Message = x.Pos.String() + ": " + x.Message
		}
		title := strings.ToUpper(string(x.Verdict)) + ": " + x.Title + x.more()
		message := visible.Line(x.Message)
		if x.Detail != "" {
			message += "\n" + strings.TrimRight(x.Detail, "\n")
		}
		b.WriteString("title=" + escapeProperty(visible.Line(title)) + "::" + escapeData(visible.Text(message)) + "\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("report: annotations: %w", err)
	}
	return nil
}

// escapeData and escapeProperty escape what would end the message or a property of a workflow command, as the runner
// undoes it (actions/runner, ActionCommand.cs).
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}

// codeQuality is an entry of GitLab's report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
type codeQuality struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

// GitLab writes a code quality report, an empty list where all is well. Paths are relative to root. The
// fingerprint of a failure is the same as long as it is of the same step of the same file, on whatever line.
func (a *Annotations) GitLab(w io.Writer, root string) error {
	all := []codeQuality{}
	taken := map[string]int{}
	for _, x := range a.list {
		path, _ := relative(root, x.Pos.File)
		q := codeQuality{CheckName: "twinrig/" + string(x.Verdict), Severity: severity(x.Verdict)}
		q.Description = visible.Line(strings.ToUpper(string(x.Verdict)) + ": " + x.Title + x.more() + ": " + x.Message)
		q.Location.Path, q.Location.Lines.Begin = path, max(1, x.Pos.Line)
		same := strings.Join([]string{q.CheckName, path, x.Step}, "\x00")
		if x.Step == "" {
			same += "\x00" + x.Message
		}
		taken[same]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", same, taken[same]))
		q.Fingerprint = hex.EncodeToString(sum[:16])
		all = append(all, q)
	}
	return JSON(w, all)
}

// severity is GitLab's: what the device does wrong weighs most.
func severity(v run.Verdict) string {
	switch v {
	case run.Fail:
		return "critical"
	case run.Invalid:
		return "major"
	default:
		return "minor"
	}
}

// relative returns file as seen from root, with slashes, and whether it is inside. A file of the library is nowhere.
func relative(root, file string) (path string, inside bool) {
	if strings.HasPrefix(file, library.Prefix) || file == "" {
		return library.Display(file), false
	}
	real := func(path string) string {
		if all, err := filepath.EvalSymlinks(path); err == nil {
			return all
		}
		return path
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		return filepath.ToSlash(file), false
	}
	from, err := filepath.Abs(root)
	if err != nil {
		return filepath.ToSlash(file), false
	}
	for _, try := range [][2]string{{from, absolute}, {real(from), real(absolute)}} {
		if rel, err := filepath.Rel(try[0], try[1]); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel), true
		}
	}
	return filepath.ToSlash(file), false
}
