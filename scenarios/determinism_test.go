package scenarios

import (
	"crypto/sha256"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures/thermostat"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/run"
)

// repeats is how often TestDeterminism runs everything: TWINRIG_REPEATS times, or twice. 0: once, and only all at once, which
// is what a race detector is for.
func repeats(t *testing.T) int {
	t.Helper()
	text, ok := os.LookupEnv("TWINRIG_REPEATS")
	if !ok {
		return 2
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "TWINRIG_REPEATS")
	require.GreaterOrEqual(t, n, 0, "TWINRIG_REPEATS")
	return n
}

// TestDeterminism runs every scenario of the project again and again, the library's in Go and in C: with GOMAXPROCS 1 and 2, on an
// idle machine, beside goroutines that keep it busy, and several runs at once. What each run comes to
// and its trace are the same to the byte.
func TestDeterminism(t *testing.T) {
	files := slices.Concat(scenarioFiles(t, "testdata/rules"), scenarioFiles(t, "testdata/determinism"), scenarioFiles(t, "../docs/example"))
	for _, name := range library.Names() {
		files = append(files, libraryFile(t, name))
	}
	for _, name := range thermostatScenarios() {
		files = append(files, inModule(t, name, thermostat.Module))
	}
	want := make([]outcome, len(files))
	for i, file := range files {
		want[i] = simulate(t, file)
		if !strings.HasPrefix(file, "testdata/rules") {
			require.Equal(t, run.Pass, want[i].verdict(), "%s", want[i])
		}
	}
	n := repeats(t)
	for _, procs := range []int{1, 2} {
		for _, load := range []int{0, 3} {
			t.Run(fmt.Sprintf("procs=%d,busy=%d", procs, load), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				defer keepBusy(load)()
				for range n {
					for i, file := range files {
						same(t, file, want[i], simulate(t, file))
					}
				}
			})
		}
		t.Run(fmt.Sprintf("procs=%d,at once", procs), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			for range max(n, 1) {
				for i, got := range atOnce(t, files) {
					same(t, files[i], want[i], got)
				}
			}
		})
	}
}

// atOnce runs all files at the same time, each in a bubble of its own.
func atOnce(t *testing.T, files []string) []outcome {
	t.Helper()
	got := make([]outcome, len(files))
	var runs sync.WaitGroup
	for i, file := range files {
		runs.Go(func() { got[i] = simulate(t, file) })
	}
	runs.Wait()
	return got
}

// keepBusy keeps n goroutines busy, and yields often, so that who runs next changes all the time. The
// function it returns ends them.
func keepBusy(n int) (stop func()) {
	done := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			sum := sha256.Sum256([]byte{byte(i)})
			for {
				select {
				case <-done:
					return
				default:
				}
				for range 1 + int(sum[0])%64 {
					sum = sha256.Sum256(sum[:])
				}
				runtime.Gosched()
			}
		})
	}
	return func() {
		close(done)
		all.Wait()
	}
}

// same holds two runs against each other and names the first line of the trace that differs.
func same(t *testing.T, file string, want, got outcome) {
	t.Helper()
	require.Equal(t, want.String(), got.String(), file)
	if sha256.Sum256(want.trace) == sha256.Sum256(got.trace) {
		return
	}
	a, b := strings.Split(string(want.trace), "\n"), strings.Split(string(got.trace), "\n")
	for i := range min(len(a), len(b)) {
		require.Equal(t, a[i], b[i], "%s: line %d of the trace", file, i+1)
	}
	require.Len(t, b, len(a), "%s: lines of the trace", file)
}

// The seed decides all chance: another one makes another trace, else the runs above would be alike for
// want of any chance in them.
func TestDeterminismIsOfTheSeed(t *testing.T) {
	file := libraryFile(t, "thermostat-outage")
	require.Equal(t, simulate(t, file, Seed(7)).trace, simulate(t, file, Seed(7)).trace)
	require.NotEqual(t, simulate(t, file, Seed(7)).trace, simulate(t, file, Seed(8)).trace)
}
