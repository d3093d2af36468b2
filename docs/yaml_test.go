package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/docs/example/meter"
	"github.com/twinrig/twinrig/fixtures/station"
	"github.com/twinrig/twinrig/fixtures/thermostat"
	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/twin/wasm"
)

// skeleton is what a fragment is put into: each part that the fragment lacks.
func skeleton() [][2]string {
	return [][2]string{
		{"scenario", "scenario: fragment\n"},
		{"networks", "networks:\n  cell: {latency: 80ms}\n"},
		{"devices", "devices:\n  thermo: {kind: thermostat.kind.yaml, network: cell}\n  meter: {kind: meter.kind.yaml, network: cell}\n  hut: {kind: station.kind.yaml, network: cell}\n"},
		{"steps", "steps:\n  - {name: begin, power: {thermo: on}}\n"},
	}
}

// complete makes a scenario of a block: of a list of steps, or of some of a scenario's keys.
func complete(text string) string {
	var b strings.Builder
	for _, part := range skeleton() {
		if !hasKey(text, part[0]) {
			b.WriteString(part[1])
		}
	}
	if strings.HasPrefix(text, "- ") {
		for line := range strings.Lines(text) {
			b.WriteString("  " + line)
		}
		return b.String()
	}
	return b.String() + text
}

func hasKey(text, key string) bool {
	return regexp.MustCompile(`(?m)^` + key + `:`).MatchString(text)
}

// readFile knows the files that the pages speak of.
func readFile(scenario string) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		switch name {
		case "page.yaml":
			return []byte(scenario), nil
		case "thermostat.kind.yaml":
			return thermostat.Kind, nil
		case "meter.kind.yaml":
			return os.ReadFile(filepath.Join("example", name))
		case "station.kind.yaml":
			return station.Kind, nil
		case "office.csv", "telemetry.schema.json", "battery.kind.yaml", "logger.kind.yaml":
			return os.ReadFile(filepath.Join("examples", "language", name))
		case "blink.kind.yaml":
			return pageFile(wasmPage, name)
		case "blink.wasm":
			return wasm.Header, nil // its build is TestGuestInC's; there is a file
		case filepath.Join("common", "boot.yaml"):
			return []byte("steps: [{power: {meter: on}}]\n"), nil
		}
		if strings.HasPrefix(name, library.Prefix) {
			return library.ReadFile(name)
		}
		if strings.HasPrefix(name, filepath.Join("examples", "language")) {
			return os.ReadFile(name)
		}
		return nil, fs.ErrNotExist
	}
}

// faults returns every fault of a block.
func faults(b block) diag.List {
	switch {
	case strings.HasPrefix(b.text, "kind:"):
		_, faults := lang.ParseKind("page.yaml", []byte(b.text))
		return faults
	case strings.HasPrefix(b.text, "about:"): // a file of steps
		_, faults := lang.ParseSteps("page.yaml", []byte(b.text), lang.Options{})
		return faults
	}
	mode := "sim"
	if slices.Contains(b.words, "live") {
		mode = "live"
	}
	p, faults := plan.Load(plan.Options{File: "page.yaml", ReadFile: readFile(complete(b.text)), Seed: 1, Mode: mode})
	if p == nil {
		return faults
	}
	_, more := expect.Compile(p)
	return slices.Concat(faults, more)
}

// TestEveryYAMLBlockHolds checks each YAML block of every page as twinrig check does.
func TestEveryYAMLBlockHolds(t *testing.T) {
	n := 0
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if b.lang != "yaml" {
				continue
			}
			n++
			require.Empty(t, faults(b).Error(), "%s:\n%s", b, complete(b.text))
		}
	}
	require.Greater(t, n, 20)
}

func TestFaultyBlocksAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"- power: {thermos: on}\n":                       `unknown device "thermos"`,
		"- pwoer: {thermo: on}\n":                        `did you mean "power"`,
		"always:\n  - {expr: 'thermo.temprature > 3'}\n": "temprature",
		"kind: x\n":                       "firmware",
		"about: x\nstepps: []\n":          "stepps",
		"networks:\n  n: {latency: 80}\n": "unit",
	} {
		require.Contains(t, faults(block{text: text}).Error(), want)
	}
}

// TestCompleteScenariosPass runs the scenarios that a page shows as a whole. One that is meant to fail is marked
// `fails`, and run by the command behind it alone.
func TestCompleteScenariosPass(t *testing.T) {
	ran := 0
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if b.lang != "yaml" || !strings.HasPrefix(b.text, "scenario:") || b.option("as") == "blink.yaml" || slices.Contains(b.words, "fails") {
				continue // TestGuestInC runs the first of these
			}
			ran++
			dir := t.TempDir()
			for _, name := range []string{"meter.kind.yaml", "logger.kind.yaml", "battery.kind.yaml"} {
				kind, err := readFile("")(name)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), kind, 0o600))
			}
			file := filepath.Join(dir, "page.yaml")
			require.NoError(t, os.WriteFile(file, []byte(b.text), 0o600))
			t.Run(strings.ReplaceAll(b.String(), "../", ""), func(t *testing.T) {
				scenarios.Run(t, file, scenarios.Firmware("meter", meter.Firmware))
			})
		}
	}
	require.GreaterOrEqual(t, ran, 3)
}
