package cli

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// campaignOf does a campaign of seeds, each of which fails with a message or, with "", passes, and returns how its
// causes stand. With "blind" it passes and does not see a sometimes.
func campaignOf(t *testing.T, file string, messages map[uint64]string) map[string]string {
	t.Helper()
	var jobs []job
	var ended []report.Ended
	for s := uint64(1); s <= 9; s++ {
		message, ok := messages[s]
		if !ok {
			continue
		}
		r := run.Result{Scenario: "x", File: "x.yaml", Mode: run.Sim, Seed: s, Verdict: run.Pass}
		r.Sometimes = []run.Sometimes{{Path: "sometimes[0]", Text: "it is dark", Seen: message != "blind"}}
		if message != "" && message != "blind" {
			r.Verdict = run.Fail
			r.Failures = []run.Failure{{Pos: diag.Position{File: "x.yaml", Line: 5, Col: 3}, Verdict: run.Fail, Message: message}}
		}
		jobs, ended = append(jobs, job{File: "x.yaml", Mode: run.Sim, Seed: seed.Seed(s)}), append(ended, report.Ended{Result: r})
	}
	c := report.NewCampaign(ended, 0, 0, func(int, string) string { return "" })
	require.NoError(t, compareWithKnown(file, &c, jobs, ended))
	status := map[string]string{}
	for _, x := range c.Causes {
		status[x.Evidence] = x.Status
	}
	return status
}

func TestACauseIsNewThenKnownAndBackAfterItHadGone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deep", "causes.json")
	require.Equal(t, map[string]string{"a gap of #": "new"}, campaignOf(t, file, map[uint64]string{1: "", 2: "a gap of 7"}))
	require.Equal(t, map[string]string{"a gap of #": "known", "too hot": "new"}, campaignOf(t, file, map[uint64]string{1: "too hot", 2: "a gap of 9"}))
	require.Empty(t, campaignOf(t, file, map[uint64]string{5: ""}), "another seed passed, which says nothing")
	require.Equal(t, map[string]string{"too hot": "known"}, campaignOf(t, file, map[uint64]string{1: "too hot", 2: ""}), "the gap has gone: the run that had it passed")
	require.Equal(t, map[string]string{"a gap of #": "back"}, campaignOf(t, file, map[uint64]string{3: "a gap of 1"}))
	require.Equal(t, map[string]string{"a gap of #": "known"}, campaignOf(t, file, map[uint64]string{3: "a gap of 1", 2: ""}), "one run passes, another has it")
}

func TestWhatNoRunSawIsKnownUntilOneSeesIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "causes.json")
	blind := "it was true in none of the # runs: it is dark"
	for _, want := range []string{"new", "known"} {
		require.Equal(t, map[string]string{blind: want}, campaignOf(t, file, map[uint64]string{1: "blind", 2: "blind"}))
	}
	require.Empty(t, campaignOf(t, file, map[uint64]string{1: ""}), "a single run says nothing")
	require.Equal(t, map[string]string{blind: "known"}, campaignOf(t, file, map[uint64]string{1: "blind", 2: "blind"}))
	require.Empty(t, campaignOf(t, file, map[uint64]string{1: "blind", 2: ""}))
	require.Equal(t, map[string]string{blind: "back"}, campaignOf(t, file, map[uint64]string{1: "blind", 2: "blind"}))
}

func TestADamagedFileOfCausesKnowsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "causes.json")
	for _, content := range []string{"", "{", "[]", `{"version":99,"scenarios":{}}`} {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		require.Equal(t, map[string]string{"hot": "new"}, campaignOf(t, file, map[uint64]string{1: "hot"}))
		require.Equal(t, map[string]string{"hot": "known"}, campaignOf(t, file, map[uint64]string{1: "hot"}))
	}
}

// Campaigns at once lose nothing of each other.
func TestCampaignsAtOnceKeepAllCauses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "causes.json")
	messages := []string{"hot", "cold", "wet", "dry", "dark", "loud"}
	var wg sync.WaitGroup
	for _, m := range messages {
		wg.Go(func() {
			if got := campaignOf(t, file, map[uint64]string{1: m}); got[m] != "new" {
				t.Errorf("%s: %v", m, got)
			}
		})
	}
	wg.Wait()
	for _, m := range messages {
		require.Equal(t, map[string]string{m: "known"}, campaignOf(t, file, map[uint64]string{1: m}))
	}
}

func TestTheWorstVerdictIsTheExitCode(t *testing.T) {
	order := []run.Verdict{run.Skipped, run.Pass, run.Fail, run.Invalid, run.Infra, run.Interrupted}
	for i, worst := range order {
		all := append([]run.Verdict{worst}, order[:i]...)
		code := 0
		if err, ok := verdictError(all).(*exit); ok { //nolint:errorlint // it is made here
			code = err.code
		}
		require.Equal(t, []int{0, 0, 1, 2, 3, 130}[i], code, "%v", all)
	}
}

// A pipe in the place of causes.json is an error: nobody waits for who writes to it.
func TestCausesAreNotReadFromAPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "causes.json")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	c := report.NewCampaign(nil, 0, 0, func(int, string) string { return "" })
	require.ErrorContains(t, compareWithKnown(name, &c, nil, nil), "causes.json is no file")
}
