package netsim

import "github.com/twinrig/twinrig/internal/seed"

// Links makes the two links of a device on a network. Their draws come from streams named by network,
// device, direction and purpose, so that neither another device nor another impairment shifts them.
func Links(s seed.Seed, network, device string, p Profile) (uplink, downlink *Link) {
	link := func(way string, d Direction) *Link {
		what := "network/" + network + "/" + device + "/" + way
		return NewLink(d, func(purpose string) Rand { return s.Stream(what, purpose) })
	}
	return link("uplink", p.Uplink), link("downlink", p.Downlink)
}
