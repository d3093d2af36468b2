package scenarios_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/scenarios"
	"github.com/twinrig/twinrig/twin"
)

// clockwork says what its clocks show, and who it is.
func clockwork(hw *twin.Hardware) error {
	show := func() {
		fmt.Fprintf(hw.Console(), "world=%s rtc=%s uptime=%s millis=%d\n", time.Now().UTC().Format(time.RFC3339), hw.Now().UTC().Format(time.RFC3339),
			hw.Uptime().Truncate(time.Second), hw.Millis())
	}
	fmt.Fprintf(hw.Console(), "client=%s param=%s\n", hw.Identity().ClientID, hw.Param("greeting"))
	show()
	if err := hw.Sleep(time.Hour); err != nil {
		return err
	}
	show()
	return nil
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
}

const clockKind = `
kind: clock
console: {}
params: {greeting: hello}
firmware:
  v1: {go: clock}
`

func TestClocksIdentityParamsAndIncludes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"clock.kind.yaml": clockKind,
		"common/hour.yaml": `
steps:
  - include: ../deeper.yaml
  - expect: {console: a, matches: 'world=2026-03-29T00:55:00Z rtc=1970-01-01T01:00:00Z uptime=1193h0m0s', within: 1h1m}
`,
		"deeper.yaml": `
steps:
  - expect: {console: a, matches: 'world=2026-03-28T23:55:00Z rtc=1970-01-01T00:00:00Z uptime=1192h0m0s millis=4291200000$', within: 1s}
`,
		"clock.yaml": `
scenario: clocks
params: {begin: "2026-03-29T00:55:00+01:00", who: a, up: 49d16h}
clock: {start: $begin, device: 1970-01-01T00:00:00Z, uptime: $up}
devices:
  a: {kind: clock.kind.yaml, params: {greeting: $(who)-$$5}}
  clone: {kind: clock.kind.yaml, identity: a}
steps:
  - power: {$who: on}
  - power: {clone: on}
  - expect: {console: a, matches: '^client=a param=a-\$5$', within: 1s}
  - expect: {console: clone, matches: '^client=a param=hello$', within: 1s}
  - include: common/hour.yaml
`})
	clock := scenarios.Firmware("clock", clockwork)
	scenarios.Run(t, filepath.Join(dir, "clock.yaml"), clock)
}
