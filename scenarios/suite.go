package scenarios

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/twinrig/twinrig/scenarios/internal/trial"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/twin/wasm"
)

// suite is one call of Run.
type suite struct {
	options trial.Options
	modules *wasm.Cache
	// spoiled says why no further run may begin: a run left goroutines behind; nil: none did.
	spoiled atomic.Pointer[string]
}

// newSuite returns a suite that is closed when t and all its subtests have ended.
func newSuite(t *testing.T, o trial.Options) *suite {
	s := &suite{options: o, modules: wasm.NewCache()}
	t.Cleanup(s.modules.Close)
	return s
}

// subtest is t.Run, of a parallel test where that is asked for.
func (s *suite) subtest(t *testing.T, name string, body func(*testing.T)) {
	t.Run(name, func(t *testing.T) {
		if s.options.Parallel {
			t.Parallel()
		}
		body(t)
	})
}

// campaign is a scenario with all its runs, and what those that were done came to.
type campaign struct {
	*suite
	trial   *trial.Trial
	mu      sync.Mutex   // guards what follows
	results []run.Result // by the index of the run
	done    int
}

func (s *suite) file(t *testing.T, file string) { s.load(t, file).all(t) }

// load lays out the runs of a scenario. It ends t where there are faults.
func (s *suite) load(t *testing.T, file string) *campaign {
	t.Helper()
	all, err := trial.New(file, s.options)
	if err != nil {
		faulty(t, err)
	}
	return &campaign{suite: s, trial: all, results: make([]run.Result, all.Count())}
}

// faulty ends t for what is wrong in files.
func faulty(t *testing.T, err error) {
	say(t, func(w io.Writer) error { return write(w, trial.Faults(err)) })
	annotate(t, func(a *report.Annotations) { trial.AnnotateFaults(a, err) })
	t.FailNow()
}

// all does all runs: a single one in t itself, others in subtests of t.
func (c *campaign) all(t *testing.T) {
	if c.trial.Count() == 1 {
		c.one(t, c.trial.Cells[0].Runs[0])
		return
	}
	t.Cleanup(func() { c.neverSeen(t) })
	for _, cell := range c.trial.Cells {
		if len(cell.Settings) == 0 {
			c.seeds(t, cell)
			continue
		}
		c.subtest(t, cellName(cell.Settings), func(t *testing.T) { c.seeds(t, cell) })
	}
}

// cellName names the subtest of a cell: firmware=v1.4.0,profile=lte-m. A slash would be a level of its own.
func cellName(cell []lang.Setting) string {
	words := make([]string, len(cell))
	for i, s := range cell {
		words[i] = strings.ReplaceAll(s.Name+"="+s.Value, "/", "_")
	}
	return strings.Join(words, ",")
}

func (c *campaign) seeds(t *testing.T, cell trial.Cell) {
	if len(cell.Runs) == 1 {
		c.one(t, cell.Runs[0])
		return
	}
	for _, r := range cell.Runs {
		c.subtest(t, fmt.Sprintf("seed=%d", r.Seed), func(t *testing.T) { c.one(t, r) })
	}
}

// one does a run in t, and fails or skips t as it came out.
func (c *campaign) one(t *testing.T, r trial.Run) {
	t.Helper()
	if why := c.spoiled.Load(); why != nil {
		t.Skip(*why)
	}
	o, err := r.Do(t, c.modules, trial.Artifacts(t), trial.Repeat(t.Name()))
	if err != nil {
		faulty(t, err)
	}
	if o.Leftover {
		why := fmt.Sprintf("not run: goroutines of %s still go on", t.Name())
		c.spoiled.Store(&why)
	}
	c.mu.Lock()
	c.results[r.Index] = o.Result
	c.done++
	c.mu.Unlock()
	bad := o.Verdict != run.Pass && o.Verdict != run.Skipped
	say(t, func(w io.Writer) error {
		if bad {
			if err := write(w, trial.Failed(o)); err != nil {
				return err
			}
		}
		if testing.Verbose() {
			return trial.Steps(w, o)
		}
		return nil
	})
	annotate(t, func(a *report.Annotations) { a.Result(o.Result) })
	switch {
	case bad:
		t.Fail()
	case o.Verdict == run.Skipped:
		t.Skipf("%s: %s", o.File, o.Reason)
	}
}

// neverSeen fails t for what none of all runs saw. Where -run left some out, they may have seen it.
func (c *campaign) neverSeen(t *testing.T) {
	if c.done < c.trial.Count() || c.trial.Short {
		return
	}
	for _, f := range run.NeverSeen(c.results) {
		say(t, func(w io.Writer) error { return write(w, trial.NeverSeen(f)) })
		annotate(t, func(a *report.Annotations) { a.Failure(c.trial.Scenario.Scenario, f) })
		t.Fail()
	}
}

// say writes to t's output. It is no t.Log, whose lines begin with a place in a Go file: these begin with one
// in the scenario.
func say(t *testing.T, write func(io.Writer) error) {
	w := t.Output()
	if trial.OnGitHub() {
		w = report.Guard(w)
	}
	if err := write(w); err != nil {
		t.Error(err)
	}
}

func write(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return err
}

// annotate shows what add adds at the lines of the files, where a runner of GitHub Actions reads what t prints.
func annotate(t *testing.T, add func(*report.Annotations)) {
	if !trial.OnGitHub() {
		return
	}
	var a report.Annotations
	add(&a)
	if err := a.GitHub(t.Output(), os.Getenv("GITHUB_WORKSPACE")); err != nil {
		t.Error(err)
	}
}
