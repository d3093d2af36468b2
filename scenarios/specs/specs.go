// Package specs makes ginkgo specs of scenarios.
//
//	func TestRig(t *testing.T) {
//		gomega.RegisterFailHandler(ginkgo.Fail)
//		specs.Scenarios(t, "scenarios", scenarios.Firmware("meter", meter.Firmware))
//		ginkgo.RunSpecs(t, "rig")
//	}
//
// It is for teams whose tests are ginkgo suites already; scenarios.Run is the same for `go test` alone.
package specs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/onsi/ginkgo/v2"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios"
	"github.com/twinrig/twinrig/scenarios/internal/trial"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/scenarios/target"
	"github.com/twinrig/twinrig/twin/wasm"
)

// Scenarios adds a container for each scenario that name stands for, with a spec for each run: each cell of its matrix and
// each of its seeds. name and the options are those of scenarios.Run; but Parallel says nothing, since ginkgo -p makes
// specs parallel, in processes.
//
// Call it in the test function, before RunSpecs and outside of containers: a run needs virtual time, which testing/synctest
// gives to a real *testing.T alone, and that is t, not GinkgoT().
//
// A container is called like the scenario's file, and has the scenario's tags as labels, with a dash for what a label may not
// hold. Its place is that of the scenario in the YAML file. A spec that fails begins its message with the place that failed, and has
// what the run left as report entries: the folder of trace.jsonl, junit.xml, summary.json and report.html, where `-artifacts` is given.
func Scenarios(t *testing.T, name string, opts ...scenarios.Option) {
	t.Helper()
	o := trial.NewOptions()
	for _, opt := range opts {
		opt(&o)
	}
	o.Short = testing.Short()
	targets, err := target.Expand(name)
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{t: t, modules: wasm.NewCache(), options: o}
	t.Cleanup(s.modules.Close)
	for i, x := range targets {
		if i > 0 {
			s.options.Trace = nil
		}
		s.scenario(x)
	}
}

// suite is one call of Scenarios.
type suite struct {
	t       *testing.T
	options trial.Options
	modules *wasm.Cache
	spoiled string // why no further run of this process may begin; "": it may
}

func (s *suite) scenario(x target.Target) {
	all, err := trial.New(x.File, s.options)
	if err != nil {
		ginkgo.Describe(x.Name, location(diag.Position{File: x.File}), func() {
			ginkgo.It("has no faults", location(diag.Position{File: x.File}), func() {
				annotate(func(a *report.Annotations) { trial.AnnotateFaults(a, err) })
				ginkgo.Fail(guarded(trial.Faults(err)))
			})
		})
		return
	}
	at := location(all.Scenario.Pos)
	ginkgo.Describe(x.Name, at, labels(all.Scenario.Tags), func() {
		for _, cell := range all.Cells {
			for _, r := range cell.Runs {
				ginkgo.It(specName(all, cell, r), at, func() { s.one(r) })
			}
		}
	})
	if len(all.Scenario.Sometimes) > 0 && all.Count() > 1 && !all.Short {
		neverSeen(x.Name, all)
	}
}

// specName tells the runs of a scenario apart: its name in words where there is one.
func specName(all *trial.Trial, cell trial.Cell, r trial.Run) string {
	var words []string
	if len(cell.Settings) > 0 {
		words = append(words, visible.Line(lang.CellText(cell.Settings)))
	}
	if len(cell.Runs) > 1 {
		words = append(words, fmt.Sprintf("seed=%d", r.Seed))
	}
	if len(words) == 0 {
		return visible.Line(all.Scenario.Scenario)
	}
	return strings.Join(words, " ")
}

// one is the body of a spec.
func (s *suite) one(r trial.Run) {
	if s.spoiled != "" {
		ginkgo.Skip(s.spoiled)
	}
	spec := ginkgo.CurrentSpecReport()
	dir := artifacts(s.t, spec)
	o, err := r.Do(s.t, s.modules, dir, repeat(s.t, spec.FullText()))
	if err != nil {
		ginkgo.Fail(guarded(trial.Faults(err)))
	}
	if o.Leftover {
		s.spoiled = "goroutines of " + spec.FullText() + " still go on"
	}
	ginkgo.AddReportEntry(resultEntry, o.Result, ginkgo.ReportEntryVisibilityNever)
	if dir != "" {
		ginkgo.AddReportEntry("artifacts", dir, ginkgo.ReportEntryVisibilityFailureOrVerbose)
	}
	var steps strings.Builder
	if err := trial.Steps(&steps, o); err != nil {
		ginkgo.Fail(err.Error())
	}
	fmt.Fprint(ginkgo.GinkgoWriter, guarded(steps.String()))
	annotate(func(a *report.Annotations) { a.Result(o.Result) })
	switch o.Verdict {
	case run.Pass:
	case run.Skipped:
		ginkgo.Skip(o.Reason)
	default:
		ginkgo.Fail(guarded(trial.Failed(o)))
	}
}

// resultEntry is the name of the report entry with a run.Result.
const resultEntry = "twinrig result"
