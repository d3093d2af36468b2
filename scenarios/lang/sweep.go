package lang

import (
	"fmt"
	"slices"

	"github.com/twinrig/twinrig/internal/diag"
)

// Sweep runs the scenario once for every flash write that a device makes while the sweep's steps are done,
// and for every way to tear it, with the power cut there. At the cut the rest of the sweep's steps is left
// out; the steps behind the sweep bring the device back and judge it.
type Sweep struct {
	Pos    diag.Position `yaml:"-"`
	Keys   Keys          `yaml:"-"`
	Over   string        `yaml:"over" jsonschema:"required,enum=flash_write"`      // what is swept: flash_write
	Device string        `yaml:"device" jsonschema:"required" ref:"device"`        // whose flash it is
	Torn   []string      `yaml:"torn" jsonschema:"enum=none,enum=half,enum=after"` // where the cut is: none (before the first byte is written), half (inside, after half of the bytes), after (behind the last byte, before the firmware hears of it); default: all three
	Steps  []Step        `yaml:"steps" jsonschema:"required,minItems=1"`           // the steps whose writes are swept
}

// Tears are the ways to tear a write, in their order.
func Tears() []string { return []string{"none", "half", "after"} }

func (s *Sweep) check(d *decoder, at mapping) {
	for i, torn := range s.Torn {
		if slices.Contains(s.Torn[:i], torn) && torn != "" {
			d.diags.Add(at.keys.At("torn", at.pos), join(at.path, fmt.Sprintf("torn[%d]", i)), torn+" is in the list twice", "")
		}
	}
	if at.keys.Has("torn") && len(s.Torn) == 0 && !d.faulty(join(at.path, "torn")) {
		at.add(d, "torn", "is empty", "some of none, half, after; without the key all three")
	}
	if s.Torn == nil {
		s.Torn = Tears()
	}
}
