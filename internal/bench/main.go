// Command bench measures what the project promises, as whole processes of the built binary, and prints
// one table in Markdown. Figures that are compared are taken in turn, so that a machine whose speed
// drifts does not decide.
package main

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/twinrig/twinrig/fixtures/thermostat"
)

//go:embed day.yaml
var day []byte

//go:embed sweep.yaml
var sweep []byte

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/twinrig", "the built command")
	flag.IntVar(&o.rounds, "rounds", 7, "how often each figure is taken")
	flag.BoolVar(&o.fleets, "fleets", false, "measure fleets alone")
	flag.BoolVar(&o.long, "long", false, "measure large fleets too, once each: some minutes")
	var child fleetOptions
	flag.StringVar(&child.file, "fleet-run", "", "only run this scenario of a fleet, and print what it took as JSON")
	flag.StringVar(&child.cpuProfile, "cpuprofile", "", "with -fleet-run: where the CPU profile goes")
	flag.StringVar(&child.memProfile, "memprofile", "", "with -fleet-run: where the profile of the live heap goes")
	base := flag.Bool("baseline-run", false, "only run the baseline of fleets, and print what it took as JSON")
	flag.Parse()
	var err error
	switch {
	case *base:
		err = runBaseline()
	case child.file != "":
		runFleet(child)
	default:
		err = measureAll(os.Stdout, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options say what to measure.
type options struct {
	binary       string
	rounds       int
	fleets, long bool
}

// row is one line of the table.
type row struct{ what, measured, wanted string }

type bench struct {
	binary string
	dir    string
	rounds int
	calls  int
}

func measureAll(w io.Writer, o options) error {
	binary, err := filepath.Abs(o.binary)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "twinrig-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder for temporary files
	b := &bench{binary: binary, dir: dir, rounds: o.rounds}
	files := map[string][]byte{
		"day.yaml": day, "sweep.yaml": sweep, "long.yaml": longScenario(2000),
		"day-c.yaml":           bytes.Replace(day, []byte("kind: thermostat.kind.yaml,"), []byte("kind: thermostat.kind.yaml, firmware: v1.4.0-c,"), 1),
		"thermostat.kind.yaml": thermostat.Kind, "thermostat.wasm": thermostat.Module,
		"plain.yaml": reconnecting(""), "secure.yaml": reconnecting("broker: {tls: {client: required}}\n"),
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	var rows []row
	measures := []func() ([]row, error){b.single, b.seeds, b.sweep, b.handshakes, b.check}
	if o.fleets {
		measures = nil
	}
	measures = append(measures, func() ([]row, error) { return b.fleets(o.long) })
	for _, measure := range measures {
		more, err := measure()
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	fmt.Fprintf(w, "%s, %d processors, %s/%s; the median of %d rounds.\n\n", runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, o.rounds)
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.Debug)
	fmt.Fprintln(t, "| what\tmeasured\twanted\t")
	fmt.Fprintln(t, "|---\t---\t---\t")
	for _, r := range rows {
		fmt.Fprintf(t, "| %s\t%s\t%s\t\n", r.what, r.measured, r.wanted)
	}
	return t.Flush()
}

// took runs the command once and returns its wall time, process start included.
func (b *bench) took(args ...string) (time.Duration, error) {
	// A folder of its own each time: to write over files, or soon after some were removed, costs
	// extra on some file systems.
	b.calls++
	work := filepath.Join(b.dir, fmt.Sprint(b.calls))
	if err := os.Mkdir(work, 0o755); err != nil {
		return 0, err
	}
	var said bytes.Buffer
	c := exec.Command(b.binary, args...)
	c.Dir, c.Stdout, c.Stderr = work, &said, &said
	c.Env = append(os.Environ(), "TWINRIG_CACHE=off") // each run is to be done
	start := time.Now()
	err := c.Run()
	d := time.Since(start)
	if err != nil {
		return 0, fmt.Errorf("twinrig %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return d, nil
}

// inTurn takes each command once a round, after one round that does not count.
func (b *bench) inTurn(commands ...[]string) ([][]time.Duration, error) {
	all := make([][]time.Duration, len(commands))
	for round := range b.rounds + 1 {
		for i, args := range commands {
			d, err := b.took(args...)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				all[i] = append(all[i], d)
			}
		}
	}
	return all, nil
}

func median(ds []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(ds))
	return sorted[len(sorted)/2]
}

// medianRatio is the median of a/b, pair by pair.
func medianRatio(a, b []time.Duration) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = float64(a[i]) / float64(b[i])
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

func ms(d time.Duration) string { return d.Round(time.Millisecond).String() }

func (b *bench) single() ([]row, error) {
	t, err := b.inTurn([]string{"--help"}, []string{"run", "library:thermostat-outage"}, []string{"run", "../day.yaml"}, []string{"run", "../day-c.yaml"})
	if err != nil {
		return nil, err
	}
	return []row{
		{"`twinrig --help`: process start", ms(median(t[0])), ""},
		{"`twinrig run library:thermostat-outage`, 10 virtual minutes", ms(median(t[1])), "under 300ms"},
		{"… as a multiple of a process start", fmt.Sprintf("%.1f ×", medianRatio(t[1], t[0])), ""},
		{"a virtual day with an outage every hour", ms(median(t[2])), "under 5s"},
		{"… virtual time per wall time", fmt.Sprintf("%.0f ×", float64(24*time.Hour)/float64(median(t[2]))), ""},
		{"the same day with the firmware in C, as WebAssembly", ms(median(t[3])), "under 5s"},
		{"… as a multiple of the firmware in Go", fmt.Sprintf("%.1f ×", medianRatio(t[3], t[2])), ""},
	}, nil
}

func (b *bench) seeds() ([]row, error) {
	args := func(jobs string) []string {
		return []string{"run", "library:thermostat-outage", "--seeds", "200", "--jobs", jobs}
	}
	t, err := b.inTurn(args("1"), args("2"))
	if err != nil {
		return nil, err
	}
	return []row{
		{"200 seeds of thermostat-outage, `--jobs 1`", ms(median(t[0])), ""},
		{"200 seeds of thermostat-outage, `--jobs 2`", ms(median(t[1])), ""},
		{"… as fast", fmt.Sprintf("%.2f ×", medianRatio(t[0], t[1])), "at least 1.8 ×"},
	}, nil
}

func (b *bench) sweep() ([]row, error) {
	args := func(jobs string) []string { return []string{"run", "../sweep.yaml", "--jobs", jobs} }
	t, err := b.inTurn(args("1"), args("2"))
	if err != nil {
		return nil, err
	}
	return []row{
		{"a sweep over 500 writes of a 60-second scenario, `--jobs 1`", ms(median(t[0])), ""},
		{"a sweep over 500 writes of a 60-second scenario, `--jobs 2`", ms(median(t[1])), "under 20s"},
	}, nil
}

func (b *bench) check() ([]row, error) {
	t, err := b.inTurn([]string{"--help"}, []string{"check", "../long.yaml"})
	if err != nil {
		return nil, err
	}
	return []row{
		{"`twinrig check` of a scenario of 2,000 lines", ms(median(t[1])), "under 100ms"},
		{"… as a multiple of a process start", fmt.Sprintf("%.1f ×", medianRatio(t[1], t[0])), ""},
	}, nil
}

// longScenario returns a scenario of that many lines, of steps as people write them.
func longScenario(lines int) []byte {
	var b bytes.Buffer
	b.WriteString("scenario: long\ndevices:\n  t1: {kind: thermostat.kind.yaml, network: cell}\nnetworks:\n  cell: {latency: 50ms}\nsteps:\n  - power: {t1: on}\n")
	kinds := []string{
		"  - wait: %ds\n",
		"  - expect: {mqtt: devices/t1/telemetry, json: {seq: \"> %d\"}, within: 20s}\n",
		"  - sense: {t1.temperature: %d}\n",
		"  - expect: {expr: 't1.temperature < %d && t1.HEATER == low', within: 5s}\n",
		"  - expect: {pin: t1.HEATER, is: low, for: %ds, within: 2m}\n",
	}
	for n := 7; n < lines; n++ {
		fmt.Fprintf(&b, kinds[n%len(kinds)], 1+n%30)
	}
	return b.Bytes()
}
