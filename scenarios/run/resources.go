package run

import (
	"slices"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/twin"
)

// ram returns the bytes of RAM of a kind; 0: without end.
func ram(k *lang.Kind) int64 {
	if k.Resources == nil || k.Resources.RAM == nil {
		return 0
	}
	return k.Resources.RAM.Bytes
}

// meter returns what the scenario reads of what the twins do not record otherwise.
func meter(p *plan.Plan) twin.Meter {
	reads := func(names ...string) bool { return slices.ContainsFunc(names, p.Reads) }
	return twin.Meter{Memory: reads("heap", "heap_max", string(trace.Memory))}
}
