package run

import (
	"fmt"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/netsim"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// change is the state of a network that the steps change.
type change struct {
	profile netsim.Profile
	up      bool
	revert  *vtime.Timer // of the last `for`
	before  *change      // what revert brings back
}

func (r *runner) changeOf(name string) *change {
	c, ok := r.changes[name]
	if !ok {
		c = &change{profile: r.declared(name), up: true}
		r.changes[name] = c
	}
	return c
}

func (r *runner) declared(name string) netsim.Profile {
	for _, n := range r.plan.Networks {
		if n.Name == name {
			return n.Profile
		}
	}
	return netsim.Profile{}
}

// changeNetwork applies a change. A change ends the one before it, also one that still had time to run;
// where both have a `for`, what was before the first comes back, not what was meant to pass.
func (r *runner) changeNetwork(n lang.Named[lang.NetworkChange]) (time.Duration, *Failure) {
	c := r.changeOf(n.Name)
	passing := c.revert.Stop()
	if failures := r.faults.end("network", n.Name); len(failures) > 0 {
		return 0, &failures[0]
	}
	before := &change{profile: c.profile, up: c.up}
	if passing {
		before = c.before
	}
	if n.Value.State != "" {
		c.up = n.Value.State == "up"
	}
	c.profile = plan.Apply(c.profile, &n.Value.Network)
	r.applyNetwork(n.Name, *c)
	if !c.up || c.profile != r.declared(n.Name) {
		r.impair(n)
	}
	if n.Value.For != nil {
		path := r.current.Path
		c.before = before
		c.revert = r.bench.steps.After(n.Value.For.Duration, vtime.Stimulus, func() { r.revertNetwork(n.Name, before, path) })
	}
	return 0, nil
}

// impair makes sure that the impairment touches something before it ends.
func (r *runner) impair(n lang.Named[lang.NetworkChange]) {
	link := r.bench.networks[n.Name]
	from := link.Packets()
	r.faults.begin(&fault{verb: "network", subject: n.Name, pos: n.Pos, path: r.current.Path, what: fmt.Sprintf("network %s: %s", n.Name, r.describe(n.Name)),
		nothing: "no packet crossed it meanwhile", touched: func() int64 { return int64(link.Packets() - from) }})
}

func (r *runner) revertNetwork(name string, before *change, path string) {
	failures := r.faults.end("network", name)
	c := r.changeOf(name)
	c.profile, c.up = before.profile, before.up
	r.applyNetwork(name, *c)
	if len(failures) > 0 {
		failures[0].At = r.now()
		r.fail(failures[0])
	}
}

func (r *runner) applyNetwork(name string, c change) {
	link := r.bench.networks[name]
	link.Set(c.profile)
	link.SetUp(c.up)
	r.bench.events.Emit(trace.Event{Kind: trace.Network, Name: name, Text: r.describe(name)})
}

func (r *runner) describe(name string) string {
	c := r.changeOf(name)
	if !c.up {
		return "down"
	}
	if c.profile == r.declared(name) {
		return "up"
	}
	return describe(c.profile)
}

// endFaults judges what is still under way at the end of the run.
func (r *runner) endFaults() []Failure {
	failures := r.faults.endAll()
	for i := range failures {
		failures[i].At = r.now()
	}
	return failures
}

// describe names a profile in the words of the file.
func describe(p netsim.Profile) string {
	if p.Uplink == p.Downlink {
		return "both ways " + describeDirection(p.Uplink)
	}
	return "uplink " + describeDirection(p.Uplink) + "; downlink " + describeDirection(p.Downlink)
}

func describeDirection(d netsim.Direction) string {
	var words []string
	add := func(given bool, format string, value any) {
		if given {
			words = append(words, fmt.Sprintf(format, value))
		}
	}
	add(d.Latency != 0, "latency %s", d.Latency)
	add(d.Jitter != 0, "jitter %s", d.Jitter)
	add(d.Loss != 0, "loss %g%%", d.Loss*100)
	add(d.Rate != 0, "rate %dbit", d.Rate)
	add(d.Limit != 0, "limit %d", d.Limit)
	if len(words) == 0 {
		return "perfect"
	}
	return strings.Join(words, ", ")
}
