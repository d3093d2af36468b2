package run_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/scenarios/run"
)

func TestTheWorstVerdictCounts(t *testing.T) {
	order := []run.Verdict{run.Interrupted, run.Infra, run.Invalid, run.Fail, run.Pass, run.Skipped}
	codes := []int{130, 3, 2, 1, 0, 0}
	for i, a := range order {
		require.Equal(t, codes[i], a.ExitCode())
		for j, b := range order {
			require.Equal(t, order[min(i, j)], a.Worse(b))
		}
	}
}
