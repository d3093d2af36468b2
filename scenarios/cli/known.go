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
	present := map[string]bool{}
	for i := range c.Causes {
		x := &c.Causes[i]
		id := identities[causeOwner(x.Scenario, x.File)]
		present[id+x.Key] = true
		known.mark(id, x)
	}
	for i, e := range ended {
		known.settle(scenarioIdentity(jobs[i]), e.Result, present)
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
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
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
	k.Scenarios[id][x.Key] = knownCause{Position: x.Position, Evidence: x.Evidence, Campaigns: before.Campaigns + 1, Seed: x.Seed, Cell: x.Cell}
}

// settle takes note of a run that passed: what it had before has gone, unless another run has it now.
func (k *knownFile) settle(id string, r run.Result, present map[string]bool) {
	if r.Verdict != run.Pass {
		return
	}
	for key, x := range k.Scenarios[id] {
		if !present[id+key] && x.Seed == r.Seed && x.Cell == lang.CellText(r.Cell) {
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
