package specs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/internal/trial"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// location is a place in a YAML file, as ginkgo names places.
func location(p diag.Position) types.CodeLocation {
	if strings.HasPrefix(p.File, library.Prefix) {
		return types.NewCustomCodeLocation(trial.Place(p))
	}
	whole, err := filepath.Abs(p.File)
	if err != nil {
		whole = p.File
	}
	return types.CodeLocation{FileName: whole, LineNumber: max(1, p.Line)}
}

// labels makes labels of tags; ginkgo refuses the suite where one holds what its filters are written with.
func labels(tags []string) ginkgo.Labels {
	all := ginkgo.Labels{}
	for _, tag := range tags {
		label := strings.TrimSpace(strings.Map(func(r rune) rune {
			if strings.ContainsRune("&|!,()/:", r) {
				return '-'
			}
			return r
		}, tag))
		if label != "" {
			all = append(all, label)
		}
	}
	return all
}

// artifacts is a folder for the run of a spec, or "" where none is asked for.
func artifacts(t *testing.T, spec types.SpecReport) string {
	all := trial.Artifacts(t)
	if all == "" {
		return ""
	}
	name := regexp.MustCompile(`[^A-Za-z0-9._=+-]+`).ReplaceAllString(spec.FullText(), "_")
	dir := filepath.Join(all, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		ginkgo.Fail("specs: " + err.Error())
	}
	return dir
}

// repeat is the command that runs a spec alone. A focus is looked for in the description of the suite, a space and the
// text of the spec.
func repeat(t *testing.T, spec string) string {
	return trial.Repeat(t.Name()) + " -ginkgo.focus=" + trial.Quote(" "+regexp.QuoteMeta(spec)+"$")
}

// annotate shows what add adds at the lines of the files, where a runner of GitHub Actions reads what ginkgo prints.
func annotate(add func(*report.Annotations)) {
	if !trial.OnGitHub() {
		return
	}
	var a report.Annotations
	add(&a)
	if err := a.GitHub(ginkgo.GinkgoWriter, os.Getenv("GITHUB_WORKSPACE")); err != nil {
		ginkgo.Fail(err.Error())
	}
}

// guarded is text that a runner of GitHub Actions does not obey.
func guarded(text string) string {
	if !trial.OnGitHub() {
		return text
	}
	var b strings.Builder
	if _, err := report.Guard(&b).Write([]byte(text)); err != nil {
		return err.Error()
	}
	return b.String()
}

// neverSeen fails the suite for what no run of a scenario saw. The runs may be other processes': their results come
// as report entries. Where a filter left some out, they may have seen it.
func neverSeen(container string, all *trial.Trial) {
	ginkgo.ReportAfterSuite(container+" saw what it must see sometimes", func(r ginkgo.Report) {
		var results []run.Result
		for _, spec := range r.SpecReports {
			for _, e := range spec.ReportEntries {
				if e.Name != resultEntry {
					continue
				}
				result, err := resultOf(e)
				if err != nil {
					ginkgo.Fail(err.Error())
				}
				if result.File == library.Display(all.File) {
					results = append(results, result)
				}
			}
		}
		if len(results) < all.Count() {
			return
		}
		text := ""
		for _, f := range run.NeverSeen(results) {
			text += trial.NeverSeen(f)
			annotate(func(a *report.Annotations) { a.Failure(all.Scenario.Scenario, f) })
		}
		if text != "" {
			ginkgo.Fail(guarded(text))
		}
	})
}

// resultOf reads a result from a report entry: the value itself, or its JSON where it came from another process.
func resultOf(e types.ReportEntry) (run.Result, error) {
	if r, ok := e.GetRawValue().(run.Result); ok {
		return r, nil
	}
	var r run.Result
	if err := json.Unmarshal([]byte(e.Value.AsJSON), &r); err != nil {
		return r, fmt.Errorf("specs: a result in the report of ginkgo: %w", err)
	}
	return r, nil
}
