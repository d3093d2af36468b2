package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/run"
)

func TestEvidenceIsTheSameButForWhatDiffers(t *testing.T) {
	n := newNormaliser()
	for _, same := range [][]string{
		{"1 match, >= 20 wanted, the last one at 12.310s", "19 matches, >= 20 wanted, the last one at 2m03.500s", "3 matches, >= 20 wanted, the last one at 1h02m03.000s"},
		{"it misses seq 7 at 4.2s", "it misses seq 812 at 93.04s"},
		{"thermo.temperature is -3.5", "thermo.temperature is 21", "thermo.temperature is 1e-9"},
		{"no reading from 2 of the 200 members of meters: meters-0007, meters-0012", "no reading from 1 of the 200 members of meters: meters-0199",
			"no reading from 9 of the 200 members of meters: meters-0001, meters-0002, meters-0003 and 6 more"},
		{"fault at 0xc000123450: id 3f9a01bc77de", "fault at 0xc0009: id 0000000000001"},
		{"client 8c1d2a4e-1111-2222-3333-444455556666 was refused", "client 00000000-aaaa-bbbb-cccc-ddddeeee0000 was refused"},
	} {
		for _, message := range same {
			require.Equal(t, n.normal(same[0]), n.normal(message))
		}
	}
	for _, others := range [][2]string{
		{"no such message on a/b", "3 matches, >= 4 wanted"},
		{"kitchen is off", "hall is off"},
		{"the facade is closed", "the deadbeef is closed"}, // words that look like hexadecimal
		{"12 matches", "12 readings"},
	} {
		require.NotEqual(t, n.normal(others[0]), n.normal(others[1]))
	}
}

// runs draws runs with a few axes and a seed.
func runs(t *rapid.T, axes int, label string) [][]property {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) []property {
		var r []property
		for axis := range axes {
			r = append(r, property{fmt.Sprint("axis", axis), rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "value")})
		}
		return append(r, property{seedProperty, strconv.Itoa(rapid.IntRange(1, 9).Draw(t, "seed"))})
	}), 1, 12).Draw(t, label)
}

// tells reports whether the axes with these indices, each with the values of the failing runs, leave no passing run.
func tells(axes []int, failing, passing [][]property) bool {
	return !slices.ContainsFunc(passing, func(p []property) bool {
		for _, axis := range axes {
			in := false
			for _, f := range failing {
				in = in || f[axis].value == p[axis].value
			}
			if axis == len(p)-1 { // the seed
				in = number(p[axis].value) >= number(slices.MinFunc(failing, bySeed)[axis].value) && number(p[axis].value) <= number(slices.MaxFunc(failing, bySeed)[axis].value)
			}
			if !in {
				return false
			}
		}
		return true
	})
}

func bySeed(a, b []property) int {
	return int(number(a[len(a)-1].value)) - int(number(b[len(b)-1].value))
}

// What share says holds for each failing run; how many passing ones it holds for too is counted right; and where it
// names traits that tell, no fewer would do. Checked against every combination.
func TestWhatIsSharedIsShared(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const axes = 2
		failing, passing := runs(t, axes, "failing"), runs(t, axes, "passing")
		fewest := 0 // axes that tell; 0: none do
		for mask := 1; mask < 1<<(axes+1); mask++ {
			var some []int
			for axis := range axes + 1 {
				if mask>>axis&1 == 1 {
					some = append(some, axis)
				}
			}
			if tells(some, failing, passing) && (fewest == 0 || len(some) < fewest) {
				fewest = len(some)
			}
		}
		s := share(failing, passing)
		if s == nil {
			require.Zero(t, fewest, "they can be told apart")
			return
		}
		for _, f := range failing {
			for _, trait := range s.Traits {
				require.True(t, trait.has(f), "%v lacks %v", f, trait)
			}
		}
		require.Equal(t, with(s.Traits, passing), s.Passing)
		require.Less(t, s.Passing, len(passing), "what all have is no news")
		require.Equal(t, fewest > 0, s.Passing == 0)
		if fewest > 0 {
			require.Len(t, s.Traits, fewest)
		}
	})
}

func TestOneValueExplainsMoreThanSeveral(t *testing.T) {
	of := func(latency, firmware, seed string) []property {
		return []property{{"latency", latency}, {"firmware", firmware}, {seedProperty, seed}}
	}
	failing := [][]property{of("1s", "v2", "3"), of("2s", "v2", "4")}
	require.Equal(t, "all with firmware=v2; none of the 2 with firmware=v1", share(failing, [][]property{of("3s", "v1", "1"), of("4s", "v1", "2")}).String())
	require.Equal(t, "all with seeds 3–4; none of the 1 that passed", share(failing, [][]property{of("1s", "v2", "1")}).String())
	require.Equal(t, "all with firmware=v2, which 1 of the 2 that passed have too", share(failing, [][]property{of("1s", "v2", "3"), of("1s", "v1", "3")}).String())
}

// ended makes a run of a cell; message "" passes.
func ended(group int, seed uint64, firmware, latency, message string) Ended {
	r := run.Result{Scenario: fmt.Sprint("scenario ", group), File: "a.yaml", Mode: run.Sim, Seed: seed, Verdict: run.Pass, Elapsed: time.Minute,
		Cell: []lang.Setting{{Name: "firmware", Value: firmware}, {Name: "latency", Value: latency}}}
	if message != "" {
		r.Verdict = run.Fail
		r.Failures = []run.Failure{{Pos: diag.Position{File: "a.yaml", Line: 8, Col: 5}, Step: "steps[2]", Verdict: run.Fail, Message: message, Detail: "of seed " + fmt.Sprint(seed)}}
	}
	return Ended{Group: group, Result: r, Out: fmt.Sprint("runs/", seed)}
}

func repeat(i int, cut string) string { return fmt.Sprintf("repeat %d %s", i, cut) }

func TestCausesNotRuns(t *testing.T) {
	var all []Ended
	for seed := uint64(1); seed <= 3; seed++ {
		for _, firmware := range []string{"v1.4.0", "v1.5.0"} {
			for _, latency := range []string{"20ms", "800ms"} {
				message := ""
				switch {
				case firmware == "v1.5.0":
					message = fmt.Sprintf("a gap of %d at %ds", seed, 10*seed)
				case seed == 2:
					message = "the heater is low"
				}
				all = append(all, ended(0, seed, firmware, latency, message))
			}
		}
	}
	slices.Reverse(all)
	broken := ended(1, 1, "v1.4.0", "20ms", "")
	broken.Result.Verdict, broken.Result.Reason = run.Infra, "a full disk"
	all = append([]Ended{broken}, all...)
	c := NewCampaign(all, 0, time.Second, repeat)

	require.Equal(t, 3, c.ExitCode)
	require.Len(t, c.Causes, 3)
	gap, low, disk := c.Causes[0], c.Causes[1], c.Causes[2]
	require.Equal(t, []int{6, 12}, []int{gap.Runs, gap.Of})
	require.Equal(t, []uint64{1, 2, 3}, gap.Seeds)
	require.Equal(t, "a gap of 1 at 10s", gap.Message, "of the lowest seed")
	require.Equal(t, "of seed 1", gap.Detail)
	require.Equal(t, "6 of 12 runs: all with firmware=v1.5.0; none of the 4 with firmware=v1.4.0", gap.howMany())
	require.Equal(t, "firmware=v1.5.0 latency=800ms", gap.Cell, "the first in order")
	require.Equal(t, "2 of 12 runs: all with seed 2; none of the 4 that passed", low.howMany())
	require.Equal(t, run.Infra, disk.Verdict, "what is not the device's comes last, whatever the order of the scenarios")
	require.NotEqual(t, gap.Key, low.Key)
}

func TestCausesOfASweep(t *testing.T) {
	cuts := run.Cuts([]int{8, 8}, []string{"none", "half"})
	pos := diag.Position{File: "a.yaml", Line: 9, Col: 3}
	r := run.Result{Scenario: "swept", File: "a.yaml", Seed: 1, Verdict: run.Fail, Sweep: &run.SweepResult{Device: "d", Torn: []string{"none", "half"}, Sizes: []int{8, 8}, Runs: 4,
		Failed: []run.FailedCut{{Cut: cuts[1], Verdict: run.Fail, Pos: pos, Message: "torn at 4"}, {Cut: cuts[3], Verdict: run.Fail, Pos: pos, Message: "torn at 12"}}}}
	c := NewCampaign([]Ended{{Result: r}}, 0, 0, repeat)
	require.Len(t, c.Causes, 1)
	require.Equal(t, "2 of 4 runs: all with torn=half; none of the 2 with torn=none", c.Causes[0].howMany())
	require.Equal(t, "repeat 0 1/half", c.Causes[0].Repeat)
}

func TestARunCountsOnceForACause(t *testing.T) {
	twice := ended(0, 1, "v1", "1s", "late by 3s")
	twice.Result.Failures = append(twice.Result.Failures, twice.Result.Failures[0])
	c := NewCampaign([]Ended{twice}, 0, 0, repeat)
	require.Len(t, c.Causes, 1)
	require.Equal(t, "the only run", c.Causes[0].howMany())
}

func TestInterruptedRunsAreNoCause(t *testing.T) {
	x := ended(0, 1, "v1", "1s", "")
	x.Result.Verdict = run.Interrupted
	c := NewCampaign([]Ended{x}, 4, 0, repeat)
	require.Empty(t, c.Causes)
	require.Equal(t, 130, c.ExitCode)
	c = NewCampaign([]Ended{ended(0, 1, "v1", "1s", "")}, 1, 0, repeat)
	require.Equal(t, 130, c.ExitCode, "what was not begun is missing")
}

func TestDetailsAreCutShort(t *testing.T) {
	x := ended(0, 1, "v1", "1s", "panic")
	x.Result.Failures[0].Detail = strings.Repeat("goroutine\n", 100)
	var b strings.Builder
	require.NoError(t, Text{W: &b}.Campaign(NewCampaign([]Ended{x}, 0, 0, repeat)))
	require.Equal(t, maxDetail, strings.Count(b.String(), "goroutine"))
	require.Contains(t, b.String(), "… 86 more lines in runs/1")
}
