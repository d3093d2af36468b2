package cli

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// reads are the files that a scenario reads: itself, kinds, includes, modules, recordings, schemas, certificates.
type reads struct {
	mu      sync.Mutex
	sums    map[string]string // by name; SHA-256, or why it cannot be read
	changed bool              // a file was another when it was read again
}

// read is library.ReadFile, and remembers what it read.
func (r *reads) read(name string) ([]byte, error) {
	data, err := library.ReadFile(name)
	if err != nil {
		r.note(name, "error: "+err.Error())
	} else {
		r.note(name, hashOf(data))
	}
	return data, err
}

func (r *reads) note(name, sum string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sums == nil {
		r.sums = map[string]string{}
	}
	if before, ok := r.sums[name]; ok && before != sum {
		r.changed = true
	}
	r.sums[name] = sum
}

// zone remembers what the machine's database says of the zone of a plan's devices: its offsets, hour by hour.
func (r *reads) zone(p *plan.Plan) {
	if p == nil || p.Zone == nil {
		return
	}
	const hours = 2 * 365 * 24
	offsets := make([]byte, 0, 2*hours)
	for h := range hours {
		_, offset := p.Start.Add(time.Duration(h) * time.Hour).In(p.Zone).Zone()
		offsets = append(offsets, byte(offset>>8), byte(offset))
	}
	r.note("zone "+p.Zone.String(), hashOf(offsets))
}

// sum is one hash of all that was read; "" where that is not known.
func (r *reads) sum() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	words, err := json.Marshal(r.sums) // in the order of the names
	if err != nil || r.changed {
		return ""
	}
	return hashOf(words)
}

// readings are what was read for several loads of a scenario, such as for the cells of its matrix.
type readings struct{ loads []*reads }

// next returns what remembers the next load. Where nobody asks, r is nil.
func (r *readings) next() *reads {
	read := &reads{}
	if r != nil {
		r.loads = append(r.loads, read)
	}
	return read
}

// sum is that of the i-th load; "" where it is not known.
func (r *readings) sum(i int) string {
	if r == nil || i >= len(r.loads) {
		return ""
	}
	return r.loads[i].sum()
}
