package run

import (
	"fmt"
	"io/fs"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/room"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/twin/wasm"
)

// What a device takes of live heap and stacks with its session in the broker, its link and what is known of its state:
// measured with fleets of thousands at rest (docs/fleets.md), and rounded down, so that what is refused would not have
// fitted. Beside it a device has what it writes to its flash, which nobody knows.
const (
	deviceBytes = 16 << 10 // of firmware in Go that is a step function; with a goroutine it is about 50 KiB
	guestBytes  = 80 << 10 // of firmware in WebAssembly, without the memory of the guest
	blockBytes  = 32       // for each block of flash: how often it was erased, and where it is; it is nowhere until it is written
	otherBytes  = 16 << 20 // of the process, whatever the devices
	garbage     = 1.25     // what the collector needs on top, at the least
)

// worthALook is the need from which on it is asked how much memory there is.
const worthALook = 128 << 20

// TooLarge reports a scenario whose devices do not fit into the memory that a process may take: before anything is
// started, with an estimate. root is the root of the file system, where that is read.
func TooLarge(p *plan.Plan, root fs.FS) diag.List {
	groups := footprints(p)
	need := needOf(groups)
	if need < worthALook {
		return nil
	}
	there := room.Available(root)
	if there.Unknown() || need <= float64(there.Bytes) {
		return nil
	}
	largest := groups[0]
	for _, g := range groups {
		if g.bytes() > largest.bytes() {
			largest = g
		}
	}
	return diag.List{largest.fault(need, there)}
}

// Need returns about how many bytes of memory a process takes at the least that runs the plan.
func Need(p *plan.Plan) int64 { return int64(min(needOf(footprints(p)), 1<<62)) }

// footprint is what the devices of one entry of the file need.
type footprint struct {
	entry lang.Named[lang.Device]
	kind  *lang.Kind
	count int
	each  float64 // bytes of one of them
	flash float64 // of which its flash
}

func (f *footprint) bytes() float64 { return f.each * float64(f.count) }

// needOf is what a process needs for all of them.
func needOf(groups []*footprint) float64 {
	need := float64(otherBytes)
	for _, g := range groups {
		need += g.bytes() * garbage
	}
	return need
}

// footprints looks at the devices entry by entry, in the order of the file.
func footprints(p *plan.Plan) []*footprint {
	var groups []*footprint
	last := ""
	for i := range p.Devices {
		d := &p.Devices[i]
		name := d.Name
		if d.Fleet != "" {
			name = d.Fleet
		}
		if len(groups) > 0 && name == last {
			groups[len(groups)-1].count++
			continue
		}
		last = name
		f := &footprint{kind: d.Kind, count: 1, each: deviceBytes}
		for _, n := range p.Scenario.Devices {
			if n.Name == name {
				f.entry = n
			}
		}
		if d.Module != nil {
			memory, err := wasm.InitialMemory(d.Module.Code)
			if err != nil {
				memory = 0 // it imports it, or is no module, which is told elsewhere
			}
			f.each = guestBytes + float64(memory)
		}
		if g := geometry(d.Kind).WithDefaults(); g.Size > 0 {
			f.flash = float64(g.Size/max(1, g.EraseBlock)) * blockBytes
			f.each += f.flash
		}
		groups = append(groups, f)
	}
	return groups
}

// fault says what does not fit, at the count of the fleet or else at the flash.
func (f *footprint) fault(need float64, there room.Room) diag.Diagnostic {
	others := need - f.bytes()*garbage
	fits := int(max(0, (float64(there.Bytes)-others)/(f.each*garbage)))
	what := fmt.Sprintf("%d devices of the kind %s need", f.count, f.kind.Kind)
	if f.count == 1 {
		what = fmt.Sprintf("a device of the kind %s needs", f.kind.Kind)
	}
	text := fmt.Sprintf("%s at least about %s of memory", what, amount(f.bytes()*garbage))
	if f.flash > f.each/4 {
		text += fmt.Sprintf(" (each %s, of which %s are its flash)", amount(f.each), amount(f.flash))
	}
	text += fmt.Sprintf("; there is %s: %s", amount(float64(there.Bytes)), there.Why)
	d := diag.Diagnostic{Position: f.entry.Value.Keys.At("count", f.entry.Pos), Path: "devices." + f.entry.Name, Message: text, Hint: "none would fit"}
	if f.entry.Value.Count != nil {
		d.Path += ".count"
	} else if f.flash > f.each/2 {
		d.Position, d.Path = f.kind.Resources.Flash.Pos, "resources.flash"
	}
	if fits > 0 {
		d.Hint = fmt.Sprintf("about %s would fit", rounded(fits))
	}
	return d
}

// rounded keeps the first two digits.
func rounded(n int) string {
	unit := 1
	for n/unit >= 100 {
		unit *= 10
	}
	return fmt.Sprint(n / unit * unit)
}

// amount renders bytes for a person.
func amount(bytes float64) string {
	units := []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	at := 0
	for bytes /= 1024; bytes >= 1000 && at < len(units)-1; at++ {
		bytes /= 1024
	}
	return fmt.Sprintf("%.3g %s", bytes, units[at])
}
