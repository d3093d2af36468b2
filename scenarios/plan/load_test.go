package plan_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/netsim"
	"github.com/twinrig/twinrig/scenarios/plan"
)

const kinds = `
-- k.kind.yaml --
kind: widget
pins:
  HEATER: {direction: out}
  BUTTON: {direction: in, pull: up}
sensors:
  temperature: {unit: °C, range: [-40, 85]}
console: {}
resources: {flash: 64KiB}
identity: {client_id: "c-{id}", username: "u-{id}", topics: ["x/{id}/#", all]}
firmware:
  v2: {go: new}
  v1: {go: old}
params: {report_every: 10s, color: red}
-- bare.kind.yaml --
kind: bare
firmware: {v1: {go: old}}
`

func mustLoad(t testing.TB, main string) *plan.Plan {
	t.Helper()
	p, diags := load(txtar.Parse([]byte("-- main.yaml --\n" + strings.TrimPrefix(main, "\n") + kinds)))
	require.Empty(t, diags)
	return p
}

func TestResolved(t *testing.T) {
	p := mustLoad(t, `
scenario: resolved
devices:
  clone: {kind: bare.kind.yaml, identity: middle, network: slow}
  middle: {kind: bare.kind.yaml, identity: a, network: slow}
  a: {kind: k.kind.yaml, firmware: v2, network: fast, params: {color: 5}}
  b: {kind: bare.kind.yaml, network: fast}
networks:
  fast: {}
  slow: {latency: 80ms, jitter: 20ms, loss: 2%, rate: 64kbit, limit: 10, downlink: {rate: 1mbit, loss: 0%}}
broker: {auth: open}
clock: {device: 1970-01-01T00:00:00Z, uptime: 49d16h}
steps:
  - power: {a: on}
`)
	a := p.Device("a")
	require.Equal(t, []any{"v2", "new", "fast", map[string]string{"report_every": "10s", "color": "5"}}, []any{a.Version, a.Firmware, a.Network, a.Params})
	require.Equal(t, plan.Identity{ClientID: "c-a", Username: "u-a", Password: fmt.Sprintf("%x", seed.Seed(7).Token("a", "password", 8)), Topics: []string{"x/a/#", "all"}}, a.Identity)
	require.Equal(t, a.Identity, p.Device("middle").Identity)
	require.Equal(t, a.Identity, p.Device("clone").Identity, "an identity is followed to its end")
	b := p.Device("b")
	require.Equal(t, plan.Identity{ClientID: "b", Username: "b", Password: b.Identity.Password, Topics: []string{"devices/b/#"}}, b.Identity)
	require.NotEqual(t, a.Identity.Password, b.Identity.Password)
	require.Same(t, p.Device("clone").Kind, b.Kind, "a kind is read once")
	both := netsim.Direction{Latency: 80 * time.Millisecond, Jitter: 20 * time.Millisecond, Loss: 0.02, Rate: 64_000, Limit: 10}
	down := both
	down.Rate, down.Loss = 1_000_000, 0
	require.Equal(t, []plan.Network{{Name: "fast"}, {Name: "slow", Profile: netsim.Profile{Uplink: both, Downlink: down}}}, p.Networks)
	require.True(t, p.Open)
	require.Equal(t, plan.DefaultStart(), p.Start)
	require.Equal(t, time.Unix(0, 0).UTC(), p.Clock.RTC)
	require.Equal(t, 49*24*time.Hour+16*time.Hour, p.Clock.Uptime)
	require.Nil(t, p.Device("none"))
}

func TestDefaults(t *testing.T) {
	p := mustLoad(t, "scenario: x\ndevices: {a: {kind: k.kind.yaml}}\nnetworks: {cell: {}}\nsteps: [{wait: 1s}]\n")
	require.Equal(t, []any{"v1", "cell", false, p.Start}, []any{p.Devices[0].Version, p.Devices[0].Network, p.Open, p.Start}, "the last firmware, the only network")
	p = mustLoad(t, "scenario: x\ndevices: {a: {kind: k.kind.yaml}}\nclock: {start: 2026-03-29T00:55:00+01:00}\nsteps: [{wait: 1s}]\n")
	require.Empty(t, p.Devices[0].Network)
	require.Equal(t, "2026-03-28T23:55:00Z", p.Start.UTC().Format(time.RFC3339))
	require.Zero(t, p.Clock.RTC, "world time")
}

// default_within is the within of every expectation that has no window.
func TestDefaultWithin(t *testing.T) {
	p := mustLoad(t, `
scenario: x
devices: {a: {kind: k.kind.yaml}}
default_within: 7s
steps:
  - expect: {mqtt: a}
  - expect: {mqtt: a, within: 1s}
  - expect: {mqtt: a, during: 1s}
  - repeat: {times: 2, steps: [{expect: {pin: a.HEATER, is: high}}]}
always: [{pin: a.HEATER, is: low}]
`)
	s := p.Scenario.Steps
	require.Equal(t, 7*time.Second, s[0].Expect.Within.Duration)
	require.Equal(t, time.Second, s[1].Expect.Within.Duration)
	require.Nil(t, s[2].Expect.Within)
	require.Equal(t, 7*time.Second, s[3].Repeat.Steps[0].Expect.Within.Duration)
	require.Nil(t, p.Scenario.Always[0].Within)
}

func TestInclude(t *testing.T) {
	p, diags := load(txtar.Parse([]byte(`
set pause=9s
-- main.yaml --
scenario: x
devices: {a: {kind: k.kind.yaml}}
params: {pause: 1s}
steps:
  - include: sub/one.yaml
  - repeat: {times: 2, steps: [{include: sub/two.yaml}]}
  - include: sub/two.yaml
-- sub/one.yaml --
steps:
  - wait: $pause
  - include: two.yaml
-- sub/two.yaml --
steps: [{press: {a.BUTTON: 1s}}]
` + kinds)))
	require.Empty(t, diags)
	s := p.Scenario.Steps
	require.Len(t, s, 4)
	require.Equal(t, 9*time.Second, s[0].Wait.Duration)
	require.Equal(t, filepath.Join("sub", "one.yaml")+":2:5", s[0].Pos.String())
	require.Equal(t, filepath.Join("sub", "two.yaml")+":1:9", s[1].Pos.String())
	require.Equal(t, "press", s[2].Repeat.Steps[0].Verb())
	require.Equal(t, "press", s[3].Verb())
}

func TestResolve(t *testing.T) {
	for _, c := range []struct{ from, name, want string }{
		{"a/b.yaml", "k.yaml", "a/k.yaml"}, {"a/b.yaml", "../k.yaml", "k.yaml"}, {"b.yaml", "/abs/k.yaml", "/abs/k.yaml"},
		{"library:boot", "k.yaml", "library:k.yaml"}, {"library:/boot.yaml", "k.yaml", "library:/k.yaml"}, {"library:a/boot.yaml", "../k.yaml", "library:k.yaml"},
		{"a/b.yaml", "library:k.yaml", "library:k.yaml"}, {"a:b/c.yaml", "k.yaml", "a:b/k.yaml"},
	} {
		require.Equal(t, c.want, filepath.ToSlash(plan.Resolve(filepath.FromSlash(c.from), c.name)), "%s in %s", c.name, c.from)
	}
}

func TestFilesOnDisk(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("k.yaml", "kind: k\nfirmware: {v1: {go: any}}\n")
	write("s.yaml", "scenario: x\ndevices: {a: {kind: k.yaml}}\nsteps: [{power: {a: on}}]\n")
	p, diags := plan.Load(plan.Options{File: filepath.Join(dir, "s.yaml")})
	require.Empty(t, diags, "with no list of firmware every name goes")
	require.Equal(t, "any", p.Devices[0].Firmware)
	_, diags = plan.Load(plan.Options{File: filepath.Join(dir, "s.yaml"), Firmware: []string{}})
	require.ErrorContains(t, diags.Err(), `no Go firmware is registered as "any"; none is registered`)
	p, diags = plan.Load(plan.Options{File: filepath.Join(dir, "none.yaml")})
	require.Nil(t, p)
	require.EqualError(t, diags.Err(), filepath.Join(dir, "none.yaml")+": cannot be read: no such file or directory")
}

func ExampleLoad() {
	files := map[string]string{
		"boot.yaml":   "scenario: it boots\ndevices: {thermo: {kind: t.kind.yaml}}\nsteps:\n  - power: {termo: on}\n  - wait: 5\n",
		"t.kind.yaml": "kind: thermostat\nfirmware: {v1: {go: thermostat}}\n",
	}
	read := func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}
	_, faults := plan.Load(plan.Options{File: "boot.yaml", ReadFile: read, Firmware: []string{"thermostat"}})
	fmt.Println(faults.Err())
	// Output:
	// boot.yaml:4:13: steps[0].power.termo: unknown device "termo"; did you mean "thermo"?
	// boot.yaml:5:11: steps[1].wait: a duration needs a unit: 5; 5ms or 5s?
}

// long returns a scenario of about lines lines, one step a line or two.
func long(lines int) string {
	var b strings.Builder
	b.WriteString("scenario: long\nparams: {pause: 10s}\ndevices:\n  a: {kind: k.kind.yaml}\nnetworks:\n  cell: {latency: 50ms}\nsteps:\n")
	for n := 7; n < lines; n += 8 {
		fmt.Fprintf(&b, `  - {name: step%d, power: {a: cycle}}
  - expect: {mqtt: x/a/status, json: {state: online, seq: "> %d"}, retained: true, within: 20s}
  - sense: {a.temperature: 17.5}
  - expect: {pin: a.HEATER, is: high, within: 2s}
  - wait: $pause
  - publish: {topic: x/a/command, json: {setpoint: 22}, qos: 1}
  - expect: {console: a, matches: '^BOOT \w+ reset=(power|pin)$', within: 5s, since: step%d}
  - repeat: {times: 3, steps: [{network: {cell: down}}, {wait: 2m}, {network: {cell: up}}]}
`, n, n, n)
	}
	return b.String()
}

func BenchmarkLoad2000Lines(b *testing.B) {
	main := long(2000)
	require.Equal(b, 2007, strings.Count(main, "\n"))
	archive := txtar.Parse([]byte("-- main.yaml --\n" + main + kinds))
	b.SetBytes(int64(len(main)))
	for b.Loop() {
		if _, diags := load(archive); len(diags) > 0 {
			b.Fatal(diags)
		}
	}
}

func FuzzLoad(f *testing.F) {
	names, err := filepath.Glob("testdata/*.txtar")
	require.NoError(f, err)
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		require.NoError(f, err)
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		archive := txtar.Parse([]byte("-- main.yaml --\n" + kinds))
		archive.Files[0].Data = data
		archive.Files = append(archive.Files, txtar.File{Name: "a.yaml", Data: data})
		p, diags := load(archive)
		if len(diags) > 0 {
			return
		}
		for _, d := range p.Devices {
			require.NotNil(t, d.Kind)
			require.NotEmpty(t, d.Firmware)
			require.NotEmpty(t, d.Identity.ClientID)
		}
	})
}
