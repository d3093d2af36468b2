package lang

import (
	"fmt"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// Clock sets the world's time and the devices' clocks.
type Clock struct {
	Pos    diag.Position `yaml:"-"`
	Keys   Keys          `yaml:"-"`
	Start  *Time         `yaml:"start"`  // world time at the start of the run; default 2026-01-01T00:00:00Z
	Device *Time         `yaml:"device"` // the real-time clock at the first power-on; default: world time
	Uptime *Duration     `yaml:"uptime"` // the millisecond counter at each boot; default 0
	Drift  *Drift        `yaml:"drift"`  // how much too fast the devices' crystals are, in parts per million; default 0ppm
	Zone   string        `yaml:"zone"`   // the devices' time zone with its daylight saving time, as in Europe/Berlin; default UTC
}

// DeviceClock sets the clocks of one device; what it does not say is the scenario's.
type DeviceClock struct {
	Device *Time     `yaml:"device"` // the real-time clock at the first power-on
	Uptime *Duration `yaml:"uptime"` // the millisecond counter at each boot
	Drift  *Drift    `yaml:"drift"`  // how much too fast the crystal is, in parts per million
}

// Drift is how much too fast a crystal is, in parts per million; negative: too slow.
type Drift struct {
	Pos diag.Position
	PPB int64 // parts per billion
}

// maxDrift is more than the worst of oscillators: RC ones stay within 10 %.
const maxDrift = 100_000 // ppm

// ParseDrift reads a drift with its unit: 40ppm, -2.5ppm. It returns parts per billion.
func ParseDrift(text string) (int64, error) {
	number, ok := strings.CutSuffix(text, "ppm")
	if !ok || !isNumber(number) {
		return 0, &unitError{fmt.Sprintf("%q is not a drift", shorten(text)), "as in 40ppm or -2.5ppm"}
	}
	magnitude, negative := strings.CutPrefix(number, "-")
	ppb, err := scale(magnitude, 1000, "a whole number of parts per billion")
	if err != nil {
		return 0, err
	}
	if ppb > maxDrift*1000 {
		return 0, &unitError{fmt.Sprintf("%s is more than any clock drifts", shorten(text)), fmt.Sprintf("at most %dppm", maxDrift)}
	}
	if negative {
		ppb = -ppb
	}
	return ppb, nil
}

func (v *Drift) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos, v.PPB = d.position(n), quantityOf(d, n, path, ParseDrift)
}

func (*Drift) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.quantity("Drift", "^-?"+decimal+"ppm$", "40ppm", "-2.5ppm")
}

// SignedDuration is a length of time that may be negative: -1h.
type SignedDuration struct {
	Pos diag.Position
	time.Duration
}

func (v *SignedDuration) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos = d.position(n)
	v.Duration = quantityOf(d, n, path, func(text string) (time.Duration, error) {
		positive, negative := strings.CutPrefix(text, "-")
		length, err := ParseDuration(positive)
		if negative {
			length = -length
		}
		return length, err
	})
}

func (*SignedDuration) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.quantity("SignedDuration", `^-?([0-9]+(\.[0-9]+)?(d|h|m|s|ms|us|µs|μs|ns))+$`, "-1h", "90s")
}
