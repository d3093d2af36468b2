// Package plan resolves a scenario: it loads the kinds and includes it names, applies params and
// --set, checks every reference, and gives defaults, so that what runs needs no further look-up.
package plan

import (
	"net/url"
	"time"

	"github.com/twinrig/twinrig/internal/third_party/jsonschema"

	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/netsim"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/twin/sensor"
)

// Plan is a scenario that was checked and can be run.
type Plan struct {
	File     string         // as named by the user, or library:NAME
	Scenario *lang.Scenario // steps with includes spliced in
	Sweep    *lang.Step     // the sweep among its steps; nil: there is none
	Seed     seed.Seed
	Start    time.Time                     // world time at the start of the run
	Clock    Clock                         // the devices', unless they have their own
	Zone     *time.Location                // of the devices; nil: UTC
	Devices  []Device                      // in the order of the file, members of fleets one by one
	Fleets   []Fleet                       // in the order of the file
	Networks []Network                     // in the order of the file
	Open     bool                          // broker.auth: open
	External *url.URL                      // the broker elsewhere; nil: the embedded one
	Schemas  map[string]*jsonschema.Schema // that expectations name, by the name of the file
	TLS      *TLS                          // nil: plain TCP

	mounts map[*lang.Kind]map[string]*sensor.Mount // by the sensor's name
	bind   func(*lang.Each, string) ([]lang.Step, error)
	byName map[string]int // index in Devices; nil in a plan that was put together by hand
}

// Device is a device with everything resolved.
type Device struct {
	Name     string
	Kind     *lang.Kind
	Version  string  // of the firmware
	Firmware string  // name of the registered Go firmware; "" with a module
	Module   *Module // the WebAssembly module; nil with Go firmware
	Network  string  // "" with no networks at all
	Clock    Clock
	Params   map[string]string // kind's and device's merged
	Identity Identity
	TLS      *DeviceTLS        // nil: plain TCP
	Owner    string            // the device whose name {id} stands for: itself, or the one whose identity it uses; "" is itself
	Fleet    string            // the fleet it is a member of, or ""
	Charged  float64           // share of its capacity that its battery holds at the start; 0: it has no battery
	Labels   map[string]string // of a fleet's members each for itself
}

// Module is firmware compiled to WebAssembly.
type Module struct {
	File   string
	Code   []byte
	Memory int64 // bytes that a guest may have; 0: what package wasm gives
}

// Identity is how a device shows itself to the broker.
type Identity struct {
	ClientID string
	Username string
	Password string   // from the seed
	Topics   []string // filters it may publish and subscribe to
}

// Network is a network with its profile.
type Network struct {
	Name    string
	Profile netsim.Profile
}
