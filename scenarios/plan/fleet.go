package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// Fleet is a device of the scenario that has a count: Members devices of the plan, one after the other.
type Fleet struct {
	Name    string
	First   int           // index in Plan.Devices of the first member
	Members []string      // NAME-0001, NAME-0002…, in order; not to be changed
	Spread  time.Duration // over which its power-on is spread
}

// Contains reports whether the device at index i of Plan.Devices is a member.
func (f *Fleet) Contains(i int) bool { return i >= f.First && i < f.First+len(f.Members) }

// Offset returns when, after a step that powers the fleet on, its i-th member (from 0) is powered.
func (f *Fleet) Offset(i int) time.Duration {
	if f == nil || len(f.Members) == 0 {
		return 0
	}
	n := time.Duration(len(f.Members))
	return f.Spread/n*time.Duration(i) + f.Spread%n*time.Duration(i)/n
}

// Members returns the names of the devices that a name in the scenario stands for: of a fleet all
// members, in order; of a device, of a member (fleet-0003) and of fleet[3] just that one; of anything else
// none. The list must not be changed.
func (p *Plan) Members(name string) []string {
	if f := p.Fleet(name); f != nil {
		return f.Members
	}
	if d := p.Device(name); d != nil {
		return []string{d.Name}
	}
	return nil
}

// Fleet returns the fleet called name, or nil.
func (p *Plan) Fleet(name string) *Fleet {
	for i := range p.Fleets {
		if p.Fleets[i].Name == name {
			return &p.Fleets[i]
		}
	}
	return nil
}

// Device returns the device called name, or nil: a device of the file, or a member of a fleet, as
// fleet-0003 or fleet[3].
func (p *Plan) Device(name string) *Device {
	if p.byName == nil { // a plan that was put together by hand
		i := slices.IndexFunc(p.Devices, func(d Device) bool { return d.Name == name })
		if i < 0 {
			return nil
		}
		return &p.Devices[i]
	}
	if i, ok := p.byName[name]; ok {
		return &p.Devices[i]
	}
	fleet, number, ok := lang.SplitMember(name)
	n, err := strconv.Atoi(number)
	if f := p.Fleet(fleet); ok && err == nil && f != nil && n >= 1 && n <= len(f.Members) {
		return &p.Devices[f.First+n-1]
	}
	return nil
}

// MemberName returns the name of a fleet's n-th member, from 1, of count.
func MemberName(fleet string, n, count int) string {
	return fmt.Sprintf("%s-%0*d", fleet, max(4, len(strconv.Itoa(count))), n)
}

// maxDevices bounds the devices of a scenario.
const maxDevices = 100_000

// addFleet adds a fleet's members, which differ in name and labels. device is what they have in common.
func (l *loader) addFleet(n lang.Named[lang.Device], device Device) {
	count := min(max(*n.Value.Count, 1), maxDevices) // what is out of bounds was reported
	f := Fleet{Name: n.Name, First: len(l.plan.Devices), Members: make([]string, count)}
	if n.Value.Spread != nil {
		f.Spread = n.Value.Spread.Duration
	}
	labels := make([]map[string]string, len(f.Members))
	for i := range f.Members {
		labels[i] = map[string]string{}
	}
	for _, label := range n.Value.Labels {
		for i, value := range distribute(label.Value, len(f.Members)) {
			labels[i][label.Name] = value
		}
	}
	for i := range f.Members {
		f.Members[i] = MemberName(n.Name, i+1, len(f.Members))
		device.Name, device.Fleet, device.Labels = f.Members[i], n.Name, labels[i]
		l.addDevice(n, device)
	}
	l.plan.Fleets = append(l.plan.Fleets, f)
}

// addDevice adds a device under its name.
func (l *loader) addDevice(n lang.Named[lang.Device], device Device) {
	if other, taken := l.plan.byName[device.Name]; taken {
		l.diags.Add(n.Pos, "devices."+n.Name, fmt.Sprintf("another device is called %s", device.Name), "members of a fleet are called after it: "+cmp.Or(device.Fleet, l.plan.Devices[other].Fleet)+"-0001…")
	}
	if len(l.plan.Devices) == maxDevices {
		l.diags.Addf(n.Pos, "devices."+n.Name, "up to here the scenario has more than %d devices", maxDevices)
	}
	l.plan.byName[device.Name] = len(l.plan.Devices)
	l.plan.Devices = append(l.plan.Devices, device)
}

// distribute gives each of n members a value of the label: of each value its share of the members, rounded by
// the largest remainder (Hamilton's method; of equal remainders the first), and the values in turn, so that
// each stretch of members has about the same shares.
func distribute(label lang.Label, n int) []string {
	values := make([]string, n)
	if label.Shares == nil {
		for i := range values {
			values[i] = label.Value
		}
		return values
	}
	counts := quotas(label.Shares, n)
	given := make([]int, len(counts))
	for i := range values {
		// The value that is furthest behind its share of the members so far.
		next, most := 0, 0
		for v, count := range counts {
			if behind := count*(i+1) - given[v]*n; behind > most && given[v] < count {
				next, most = v, behind
			}
		}
		given[next]++
		values[i] = label.Shares[next].Name
	}
	return values
}

// quotas returns how many of n members each value has.
func quotas(shares lang.Ordered[lang.Percent], n int) []int {
	counts := make([]int, len(shares))
	order := make([]int, len(shares))
	rest := make([]float64, len(shares))
	left := n
	for i, share := range shares {
		exact := share.Value.Fraction * float64(n)
		counts[i] = int(exact + 1e-9)
		rest[i], order[i] = exact-float64(counts[i]), i
		left -= counts[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return -cmp.Compare(round(rest[a]), round(rest[b])) })
	for i := 0; left > 0 && len(order) > 0; i, left = i+1, left-1 {
		counts[order[i%len(order)]]++
	}
	return counts
}

// round keeps equal remainders equal where binary fractions are not.
func round(x float64) int64 { return int64(x*1e9 + 0.5) }

// devicesNamed returns a device that stands for all that a name stands for: of a fleet one with the name of
// the fleet. It reports a name that there is not, and then returns nil.
func (l *loader) devicesNamed(name string, pos diag.Position, path string) *Device {
	if f := l.plan.Fleet(name); f != nil {
		device := l.plan.Devices[f.First]
		device.Name = f.Name
		return &device
	}
	return l.device(name, pos, path)
}
