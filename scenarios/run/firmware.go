package run

import (
	"fmt"

	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/wasm"
)

// firmwareOf returns the firmware of each device, by its name. It compiles WebAssembly modules, so it must be called
// outside of virtual time. done frees what it made.
func firmwareOf(p *plan.Plan, opts Options) (firmware map[string]twin.Firmware, done func(), err error) {
	modules, done := opts.Modules, func() {}
	if modules == nil {
		modules = wasm.NewCache()
		done = modules.Close
	}
	firmware = map[string]twin.Firmware{}
	for i := range p.Devices {
		d := &p.Devices[i]
		if d.Module == nil {
			firmware[d.Name] = opts.Firmware[d.Firmware]
			continue
		}
		if firmware[d.Name], err = modules.Firmware(d.Module.Code, d.Module.Memory); err != nil {
			done()
			return nil, nil, fmt.Errorf("run: device %s: %s: %w", d.Name, d.Module.File, err)
		}
	}
	return firmware, done, nil
}
