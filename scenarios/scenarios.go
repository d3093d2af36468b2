// Package scenarios runs scenario files from `go test`.
//
//	func TestOutage(t *testing.T) {
//		scenarios.Run(t, "outage.yaml", scenarios.Firmware("meter", meter.Firmware))
//	}
//
// The command `twinrig run` does the same from a shell; package scenarios/cli is that command as a
// function, for a program with firmware of its own. Package scenarios/specs makes specs for ginkgo.
package scenarios

import (
	"io"
	"testing"

	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/scenarios/internal/trial"
	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/scenarios/target"
	"github.com/twinrig/twinrig/twin"
)

// Option changes how Run runs scenarios.
type Option func(*trial.Options)

// Firmware registers Go firmware under the name that kind files use: firmware: {v1.0.0: {go: NAME}}.
// It may take the place of the built-in `thermostat`.
func Firmware(name string, firmware twin.Firmware) Option {
	return func(o *trial.Options) { o.Firmware[name] = firmware }
}

// Set sets a param of the scenario, as --set does. Of a matrix it picks the cells with that value.
func Set(name, value string) Option { return func(o *trial.Options) { o.Set[name] = value } }

// Seed sets the seed of all chance; it is 1 otherwise, or goes through the seeds of the scenario from 1 upwards.
func Seed(s uint64) Option { return func(o *trial.Options) { x := seed.Seed(s); o.Seed = &x } }

// Live runs on the wall clock over loopback TCP instead of in virtual time.
func Live() Option { return func(o *trial.Options) { o.Mode = run.Live } }

// Trace writes the trace to w instead of to the artifact folder; of several runs the first one's.
func Trace(w io.Writer) Option { return func(o *trial.Options) { o.Trace = w } }

// Parallel makes each run a parallel subtest, as t.Parallel does. As with any parallel subtests, Run returns
// before they have begun: what follows it must not count on their end; t.Cleanup is for that. Firmware that keeps
// state in package variables is shared by them.
func Parallel() Option { return func(o *trial.Options) { o.Parallel = true } }

// Run runs scenarios, and fails t where one does not pass: with the position in the YAML file, why, and the command
// that repeats the run. name is a file; a folder, for all scenarios in it and below; a glob; or library:NAME[,NAME…],
// where library:all is every one.
//
// The runs are subtests of t, so that -run selects them, and what is not selected is not run:
//
//	go test -run 'TestRig/outage/firmware=v1.4.0,profile=lte-m/seed=3'
//
// The first level is the scenario: the name of its file, below the folder that name names, without .yaml. The second is
// the cell of its matrix, where it has one, and the third the seed, where it has several. A scenario with a single run has
// no further levels; and a file, or one library:NAME, with a single run is no subtest but t itself, unless Parallel is
// given. With -short each cell has one seed.
//
// A scenario with faults, or one that tested nothing, fails its test as well; one that is skipped skips it. With
// -artifacts each run leaves trace.jsonl, junit.xml, summary.json and report.html in the artifact folder of its test. With -v each names its
// steps. In GitHub Actions, where GITHUB_ACTIONS is true, failures are annotations at the lines of the files.
//
// t must not be inside a bubble of testing/synctest: each run makes its own.
func Run(t *testing.T, name string, opts ...Option) {
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
	s := newSuite(t, o)
	one, single := target.One(name)
	if !single {
		for i, x := range targets {
			if i > 0 {
				s.options.Trace = nil
			}
			s.subtest(t, x.Name, func(t *testing.T) { s.file(t, x.File) })
		}
		return
	}
	c := s.load(t, one.File)
	if c.trial.Count() == 1 && !o.Parallel {
		c.all(t)
		return
	}
	s.subtest(t, one.Name, c.all)
}
