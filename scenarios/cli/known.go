package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// knownFile is what causes.json holds: the causes of the campaigns before, by the identity of the scenario, which
// is its file and its mode, and by the key of the cause.
type knownFile struct {
	Version   int                              `json:"version"`
	Scenarios map[string]map[string]knownCause `json:"scenarios"`
}

const knownVersion = 1

// knownCause is a cause of a campaign before.
type knownCause struct {
	Position  string `json:"position"`
	Evidence  string `json:"evidence"`
	Campaigns int    `json:"campaigns"` // how many had it
	Gone      bool   `json:"gone"`      // the run below passed since
	Seed      uint64 `json:"seed"`      // of the smallest run that had it
	Cell      string `json:"cell,omitempty"`
	Never     bool   `json:"never,omitempty"` // no run has it: it is what none of all saw
}

// causesFile is where the causes of the campaigns are kept that have their results in base.
func (f runFlags) causesFile() string {
	if f.out == "" {
		return filepath.Join(".twinrig", "causes.json")
	}
	return filepath.Join(f.out, "causes.json")
}

// compareWithKnown says of each cause of c whether campaigns before had it, and keeps the causes for those to come.
// Campaigns at once do so one after the other.
func compareWithKnown(name string, c *report.Campaign, jobs []job, ended []report.Ended) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	unlock, err := waitForFile(name + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	known, err := readKnown(name)
	if err != nil {
		return err
	}
	identities := map[string]string{} // by the name of the scenario in c
	for i, e := range ended {
		identities[causeOwner(e.Result.Scenario, e.Result.File)] = scenarioIdentity(jobs[i])
	}
	present := map[string]bool{} // of what no run saw
	for i := range c.Causes {
		x := &c.Causes[i]
		id := identities[causeOwner(x.Scenario, x.File)]
		present[id+x.Key] = x.Never
		known.mark(id, x)
	}
	for i, e := range ended {
		again := i > 0 && scenarioIdentity(jobs[i-1]) == scenarioIdentity(jobs[i])
		known.settle(scenarioIdentity(jobs[i]), e.Result, again, present)
	}
	return writeFile(name, func(f *os.File) error {
		enc := json.NewEncoder(f)
		enc.SetIndent("", " ")
		return enc.Encode(known)
	})
}

func causeOwner(scenario, file string) string { return scenario + "\x00" + file }

// scenarioIdentity tells scenarios apart: the same for every run of one file in one mode.
func scenarioIdentity(j job) string { return identityOf(job{File: j.File, Mode: j.Mode}) }

// readKnown returns what the file holds; nothing where there is none, or none that can be read.
func readKnown(name string) (knownFile, error) {
	none := knownFile{Version: knownVersion, Scenarios: map[string]map[string]knownCause{}}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err == nil && !info.Mode().IsRegular() { // a pipe would wait for who writes to it
		return none, fmt.Errorf("%s is no file, so that no causes can be kept there", name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return none, err
	}
	var known knownFile
	if json.Unmarshal(data, &known) != nil || known.Version != knownVersion || known.Scenarios == nil {
		return none, nil
	}
	return known, nil
}

// mark says how a cause stands, and counts it.
func (k *knownFile) mark(id string, x *report.Cause) {
	if k.Scenarios[id] == nil {
		k.Scenarios[id] = map[string]knownCause{}
	}
	before, ok := k.Scenarios[id][x.Key]
	switch {
	case !ok:
		x.Status = report.StatusNew
	case before.Gone:
		x.Status = report.StatusBack
	default:
		x.Status = report.StatusKnown
	}
	k.Scenarios[id][x.Key] = knownCause{Position: x.Position, Evidence: x.Evidence, Campaigns: before.Campaigns + 1, Seed: x.Seed, Cell: x.Cell, Never: x.Never}
}

// settle takes note of a run that passed: the cause that it was the smallest run of has gone. What no run saw has
// gone where there were several, of which again is one, and some saw it.
func (k *knownFile) settle(id string, r run.Result, again bool, present map[string]bool) {
	if r.Verdict != run.Pass {
		return
	}
	for key, x := range k.Scenarios[id] {
		passed := x.Seed == r.Seed && x.Cell == lang.CellText(r.Cell)
		if x.Never {
			passed = again && !present[id+key]
		}
		if passed {
			x.Gone = true
			k.Scenarios[id][key] = x
		}
	}
}

// waitForFile is lockFile for short work: it waits until nobody else has the file.
func waitForFile(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil && !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, syscall.ENOSYS) {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return func() { f.Close() }, nil
}
