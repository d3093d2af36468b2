package lang

import (
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// Charge is an electric charge with its unit: 2600mAh, 40µAh.
type Charge struct {
	Nanocoulombs int64
	Pos          diag.Position
}

// Current is an electric current with its unit: 12µA, 6mA.
type Current struct {
	Nanoamperes int64
	Pos         diag.Position
}

const nanocoulombsPerMilliampereHour = 3600 * 1000 * 1000

// ParseCharge reads an electric charge in nanocoulombs: uAh (or µAh), mAh, Ah.
func ParseCharge(text string) (int64, error) {
	const mAh = nanocoulombsPerMilliampereHour
	return quantity(text, "charge", "mAh", []unit{{"uAh", mAh / 1000}, {"mAh", mAh}, {"µAh", mAh / 1000}, {"μAh", mAh / 1000}, {"Ah", 1000 * mAh}},
		"a whole number of nanocoulombs", func(name string) string {
			switch {
			case strings.HasSuffix(name, "A"):
				return "did you mean " + name + "h? " + name + " is a current"
			case strings.EqualFold(name, "mAh"):
				return "did you mean mAh?"
			case strings.EqualFold(name, "Ah"):
				return "did you mean Ah?"
			}
			return "one of uAh, µAh, mAh, Ah"
		})
}

// ParseCurrent reads an electric current in nanoamperes: nA, uA (or µA), mA, A.
func ParseCurrent(text string) (int64, error) {
	return quantity(text, "current", "µA", []unit{{"nA", 1}, {"mA", 1e6}, {"uA", 1e3}, {"µA", 1e3}, {"μA", 1e3}, {"A", 1e9}},
		"a whole number of nanoamperes", func(name string) string {
			switch {
			case strings.HasSuffix(name, "Ah"):
				return name + " is a charge"
			case strings.EqualFold(name, "mA"):
				return "did you mean mA?"
			case strings.EqualFold(name, "uA"), strings.EqualFold(name, "µA"):
				return "did you mean µA?"
			}
			return "one of nA, uA, µA, mA, A"
		})
}

func (v *Charge) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos, v.Nanocoulombs = d.position(n), quantityOf(d, n, path, ParseCharge)
}

func (v *Current) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos, v.Nanoamperes = d.position(n), quantityOf(d, n, path, ParseCurrent)
}

var _ = []nodeDecoder{(*Charge)(nil), (*Current)(nil)}
