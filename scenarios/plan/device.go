package plan

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/netsim"
	"github.com/twinrig/twinrig/scenarios/lang"
)

func (l *loader) networks() {
	for _, n := range l.plan.Scenario.Networks {
		l.plan.Networks = append(l.plan.Networks, Network{Name: n.Name, Profile: Apply(netsim.Profile{}, &n.Value)})
	}
}

// Apply returns the profile with the keys of n put over it: first those that count for both
// directions, then those of uplink and of downlink.
func Apply(profile netsim.Profile, n *lang.Network) netsim.Profile {
	override(&profile.Uplink, &n.Direction)
	override(&profile.Downlink, &n.Direction)
	override(&profile.Uplink, n.Uplink)
	override(&profile.Downlink, n.Downlink)
	return profile
}

func override(d *netsim.Direction, with *lang.Direction) {
	if with == nil {
		return
	}
	if with.Latency != nil {
		d.Latency = with.Latency.Duration
	}
	if with.Jitter != nil {
		d.Jitter = with.Jitter.Duration
	}
	if with.Loss != nil {
		d.Loss = with.Loss.Fraction
	}
	if with.Rate != nil {
		d.Rate = with.Rate.BitsPerSecond
	}
	if with.Limit != nil {
		d.Limit = *with.Limit
	}
}

func (l *loader) devices() {
	for _, n := range l.plan.Scenario.Devices {
		path := "devices." + n.Name
		device := Device{Name: n.Name, Clock: l.deviceClock(&n.Value), Params: map[string]string{}}
		device.Network = l.networkOf(&n.Value, path)
		if device.Kind = l.kind(&n.Value, path); device.Kind != nil {
			l.version(&device, &n.Value, path)
			l.params(&device, &n.Value, path)
			l.battery(&device, &n.Value, path)
		}
		if n.Value.Count != nil {
			l.addFleet(n, device)
			continue
		}
		device.Labels = map[string]string{}
		for _, label := range n.Value.Labels {
			device.Labels[label.Name] = label.Value.Value
		}
		l.addDevice(n, device)
	}
	l.identities()
}

// kind returns the kind of a device, read once for all devices that have it; nil where it cannot be read.
func (l *loader) kind(d *lang.Device, path string) *lang.Kind {
	if d.Kind == "" {
		return nil
	}
	name, pos, at := Resolve(d.Pos.File, d.Kind), d.Keys.At("kind", d.Pos), path+".kind"
	kind, known := l.kinds[name]
	if known {
		return kind
	}
	l.kinds[name] = nil
	data, err := l.opts.ReadFile(name)
	if err != nil {
		l.diags.Addf(pos, at, "%s cannot be read: %v", name, err)
		return nil
	}
	kind, diags := lang.ParseKind(name, data)
	l.referred(diags, name, pos, at)
	if kind != nil && len(diags) == 0 {
		l.sensors(kind)
	}
	l.kinds[name] = kind
	return kind
}

// version picks the firmware: the one asked for, or the last one that the kind lists.
func (l *loader) version(device *Device, d *lang.Device, path string) {
	builds := device.Kind.Firmware
	if len(builds) == 0 {
		return // the kind's fault, reported there
	}
	device.Version = builds[len(builds)-1].Name
	if d.Keys.Has("firmware") {
		device.Version = d.Firmware
	}
	build, ok := builds.Get(device.Version)
	if !ok {
		l.diags.Add(d.Keys.At("firmware", d.Pos), path+".firmware", fmt.Sprintf("the kind %s has no firmware %q", device.Kind.Kind, device.Version),
			diag.DidYouMean(device.Version, builds.Names()))
		return
	}
	build, at := l.build(device.Kind, build, "firmware."+device.Version)
	if build.Wasm != "" {
		device.Module = l.module(device.Kind, at, &build)
		return
	}
	device.Firmware = build.Go
	if build.Go == "" || l.opts.Firmware == nil || slices.Contains(l.opts.Firmware, build.Go) {
		return
	}
	hint := "none is registered"
	if len(l.opts.Firmware) > 0 {
		hint = "registered: " + strings.Join(slices.Sorted(slices.Values(l.opts.Firmware)), ", ")
		if guess := diag.DidYouMean(build.Go, l.opts.Firmware); strings.HasPrefix(guess, "did you mean") {
			hint = guess + " " + hint
		}
	}
	l.diags.Add(build.Keys.At("go", build.Pos), at+".go", fmt.Sprintf("no Go firmware is registered as %q", build.Go), hint)
}

func (l *loader) params(device *Device, d *lang.Device, path string) {
	for name, value := range device.Kind.Params {
		device.Params[name] = value.Text
	}
	for _, name := range slices.Sorted(maps.Keys(d.Params)) {
		if _, ok := device.Kind.Params[name]; !ok {
			hint := diag.DidYouMean(name, slices.Sorted(maps.Keys(device.Kind.Params)))
			l.diags.Add(d.Params[name].Pos, path+".params."+name, fmt.Sprintf("the kind %s has no param %q", device.Kind.Kind, name), hint)
			continue
		}
		device.Params[name] = d.Params[name].Text
	}
}

// networkOf returns the network of a device: the one it names, or the only one.
func (l *loader) networkOf(d *lang.Device, path string) string {
	networks := l.plan.Scenario.Networks
	if d.Keys.Has("network") {
		if _, ok := networks.Get(d.Network); !ok {
			hint := diag.DidYouMean(d.Network, networks.Names())
			if hint == "" {
				hint = "the scenario has no networks"
			}
			l.diags.Add(d.Keys.At("network", d.Pos), path+".network", fmt.Sprintf("unknown network %q", d.Network), hint)
		}
		return d.Network
	}
	switch len(networks) {
	case 0:
		return ""
	case 1:
		return networks[0].Name
	}
	l.diags.Add(d.Pos, path, "the key network is missing", "there are several: "+strings.Join(networks.Names(), ", "))
	return ""
}

// identities gives each device its own identity, and then that of another to those that ask for it.
func (l *loader) identities() {
	devices := l.plan.Devices
	for i := range devices {
		devices[i].Owner = devices[i].Name
		if devices[i].Kind != nil {
			devices[i].Identity = l.own(&devices[i])
		}
	}
	used := map[string]string{} // client id: device
	for _, n := range l.plan.Scenario.Devices {
		source := l.identitySource(n)
		for _, name := range l.plan.Members(n.Name) {
			device := l.plan.Device(name)
			if n.Value.Count != nil && device.Fleet != n.Name {
				continue // another device has its name, which was reported
			}
			if source != nil {
				device.Identity, device.Owner = source.Identity, source.Name
				continue
			}
			id := device.Identity.ClientID
			if other, ok := used[id]; ok && id != "" {
				hint := "put {id} into the kind's client_id"
				if n.Value.Count == nil {
					hint += ", or say identity: " + other
				}
				l.diags.Add(n.Pos, "devices."+n.Name, fmt.Sprintf("the client id %q is also that of %s", id, other), hint)
				break
			}
			used[id] = name
		}
	}
}

func (l *loader) own(d *Device) Identity {
	id := Identity{ClientID: d.Name, Username: d.Name, Password: hex.EncodeToString(l.opts.Seed.Token(d.Name, "password", 8))}
	spec := d.Kind.Identity
	if spec == nil {
		spec = &lang.Identity{}
	}
	if spec.ClientID != "" {
		id.ClientID = lang.Expand(spec.ClientID, d.Name)
	}
	if spec.Username != "" {
		id.Username = lang.Expand(spec.Username, d.Name)
	}
	if spec.Password != "" {
		id.Password = lang.Expand(spec.Password, d.Name)
	}
	for _, topic := range spec.Topics {
		id.Topics = append(id.Topics, lang.Expand(topic.Text, d.Name))
	}
	if len(id.Topics) == 0 {
		id.Topics = []string{"devices/" + d.Name + "/#"}
	}
	return id
}

// identitySource follows identity: from device to device and returns the one at the end; nil where
// the device has its own, or where the way does not end.
func (l *loader) identitySource(n lang.Named[lang.Device]) *Device {
	all := l.plan.Scenario.Devices
	seen, at, end := []string{n.Name}, n, n.Name
	for at.Value.Keys.Has("identity") {
		name := at.Value.Identity
		base := name
		if fleet, _, ok := lang.SplitMember(name); ok {
			base = fleet
		}
		if d := l.plan.Device(name); d != nil && d.Fleet != "" {
			base = d.Fleet
		}
		next, ok := all.Get(base)
		pos, path := n.Value.Keys.At("identity", n.Pos), "devices."+n.Name+".identity"
		switch {
		case !ok && at.Name == n.Name:
			l.diags.Add(pos, path, fmt.Sprintf("unknown device %q", name), diag.DidYouMean(name, all.Names()))
			return nil
		case !ok:
			return nil // reported where it is named
		case slices.Contains(seen, base):
			l.diags.Addf(pos, path, "the identity goes round in a circle: %s", strings.Join(append(seen, base), " → "))
			return nil
		case l.plan.Fleet(name) != nil && at.Name == n.Name:
			l.diags.Add(pos, path, name+" is a fleet, each of whose members has an identity of its own", "name a member, as in "+name+"[1]")
			return nil
		}
		seen, at, end = append(seen, base), lang.Named[lang.Device]{Name: base, Value: next}, name
	}
	if at.Name == n.Name {
		return nil
	}
	return l.plan.Device(end)
}
