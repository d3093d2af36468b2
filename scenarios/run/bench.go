package run

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/twinrig/twinrig/internal/broker"
	"github.com/twinrig/twinrig/internal/observer"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/netsim"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/flash"
	"periph.io/x/conn/v3/gpio"
)

// network is a link of the scenario, whatever shapes it.
type network interface {
	Set(netsim.Profile)
	SetUp(bool)
	// Packets counts what was offered to the links since the run began.
	Packets() uint64
}

// link is what connects a device to the broker; open may be nil.
type link struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	open func(network, address string, notify func()) twin.Socket
}

// fabric makes networks and carries connections over them to the broker.
type fabric interface {
	Network(name string, p netsim.Profile) network
	// Attach attaches a device to a network made before.
	Attach(device, network string) (link, error)
	// Refused counts connections that the broker did not take because it was stopped.
	Refused() int
	Close()
}

// backend publishes for the backend, wherever the broker is.
type backend interface {
	Publish(broker.Message) error
	Close()
}

// bench is everything a run acts on.
type bench struct {
	plan     *plan.Plan
	listen   string // Options.Listen
	loop     *vtime.Loop
	steps    *vtime.Source // of what the scenario does
	events   *trace.Collector
	broker   *broker.Broker     // the embedded one; nil: it is elsewhere
	observer *observer.Observer // of a broker elsewhere; nil: it is the embedded one
	backend  backend
	fabric   fabric
	networks map[string]network
	meter    twin.Meter // of what the scenario reads of energy and resources
	twins    map[string]*twin.Twin
}

// newBench builds the bench; nothing is powered yet. settle is nil on the wall clock.
func newBench(p *plan.Plan, opts Options, settle func(), makeFabric func(*bench) (fabric, error)) (*bench, error) {
	loop := vtime.NewLoop(settle)
	start := time.Now()
	b := &bench{plan: p, listen: opts.Listen, loop: loop, networks: map[string]network{}, twins: map[string]*twin.Twin{}}
	b.meter = meter(p)
	b.events = trace.NewCollector(func() time.Duration { return time.Since(start) }, loop.Poke)
	if err := b.addBroker(); err != nil {
		return nil, err
	}
	var err error
	if b.fabric, err = makeFabric(b); err != nil {
		b.backend.Close()
		return nil, err
	}
	for _, n := range p.Networks {
		b.networks[n.Name] = b.fabric.Network(n.Name, n.Profile)
	}
	for i := range p.Devices {
		if err := b.addTwin(&p.Devices[i], opts.Firmware); err != nil {
			return nil, err
		}
	}
	b.steps = loop.Source()
	return b, nil
}

// addBroker makes the embedded broker, or begins to look on at the one elsewhere.
func (b *bench) addBroker() (err error) {
	p := b.plan
	if p.External != nil {
		cfg := observer.Config{URL: p.External, Devices: identities(p), Emit: b.events.Emit}
		if p.TLS != nil {
			cfg.TLS = &tls.Config{RootCAs: p.TLS.Roots, MinVersion: tls.VersionTLS12}
		}
		b.observer, err = observer.Dial(context.Background(), cfg)
		b.backend = b.observer
		return err
	}
	cfg := broker.Config{Emit: b.events.Emit, Source: b.loop.Source(), Devices: identities(p), Open: p.Open}
	brokerLimits(&cfg, p.Scenario.Broker)
	if p.TLS != nil {
		cfg.TLS = &broker.TLS{Certificate: p.TLS.Certificate, Clients: p.TLS.Clients, Required: p.TLS.Required}
	}
	b.broker, err = broker.New(cfg)
	b.backend = b.broker
	return err
}

// lost says why the broker elsewhere cannot be seen any more, or nil.
func (b *bench) lost() error {
	if b.observer == nil {
		return nil
	}
	return b.observer.Lost()
}

func identities(p *plan.Plan) []broker.Identity {
	ids := make([]broker.Identity, len(p.Devices))
	for i, d := range p.Devices {
		ids[i] = broker.Identity{Device: d.Name, ClientID: d.Identity.ClientID, Username: d.Identity.Username,
			Password: d.Identity.Password, Topics: d.Identity.Topics}
	}
	return ids
}

func (b *bench) addTwin(d *plan.Device, firmware map[string]twin.Firmware) error {
	link, err := b.fabric.Attach(d.Name, d.Network)
	if err != nil {
		return err
	}
	cfg := twin.Config{
		Name: d.Name, Version: d.Version, Firmware: firmware[d.Name],
		Pins: pins(d.Kind), Sensors: sensors(b.plan, d.Kind), Flash: geometry(d.Kind),
		RAM: ram(d.Kind), Battery: figures(d.Kind), Charged: d.Charged, Meter: b.meter,
		Params:   d.Params,
		Identity: twin.Identity{ClientID: d.Identity.ClientID, Username: d.Identity.Username, Password: d.Identity.Password, ID: d.Owner},
		Seed:     b.plan.Seed, RTC: d.Clock.RTC, Uptime: d.Clock.Uptime, Drift: d.Clock.Drift, Zone: b.plan.Zone,
		Dial: link.dial, Open: link.open, Emit: b.events.Emit, Source: b.loop.Source(),
	}
	if d.TLS != nil {
		cfg.TLS = &twin.TLS{Roots: d.TLS.Roots, Certificate: d.TLS.Certificate, ServerName: d.TLS.ServerName}
	}
	if d.Kind.Console != nil {
		cfg.Baud = d.Kind.Console.Baud
	}
	t, err := twin.New(cfg)
	if err != nil {
		return fmt.Errorf("run: device %s: %w", d.Name, err)
	}
	b.twins[d.Name] = t
	return nil
}

func pins(k *lang.Kind) []twin.PinSpec {
	specs := make([]twin.PinSpec, len(k.Pins))
	for i, p := range k.Pins {
		specs[i] = twin.PinSpec{Name: p.Name, Output: p.Value.Direction == "out", Pull: pull(p.Value.Pull)}
	}
	return specs
}

func pull(s string) gpio.Pull {
	switch s {
	case "up":
		return gpio.PullUp
	case "down":
		return gpio.PullDown
	}
	return gpio.Float
}

// activeLevel is what press drives a pin to.
func activeLevel(p lang.Pin) gpio.Level {
	if p.Active != "" {
		return p.Active == "high"
	}
	return p.Pull != "up"
}

func sensors(p *plan.Plan, k *lang.Kind) []twin.SensorSpec {
	specs := make([]twin.SensorSpec, len(k.Sensors))
	for i, s := range k.Sensors {
		specs[i] = sensorSpec(s.Name, s.Value)
		specs[i].Mount = p.Mount(k, s.Name)
	}
	return specs
}

// sensorSpec gives a sensor its default value: zero, or the end of its range nearest to it.
func sensorSpec(name string, s lang.Sensor) twin.SensorSpec {
	spec := twin.SensorSpec{Name: name, Unit: s.Unit, Noise: s.Noise}
	if len(s.Range) == 2 {
		spec.Min, spec.Max = s.Range[0], s.Range[1]
		spec.Initial = min(max(0, spec.Min), spec.Max)
	}
	if s.Initial != nil {
		spec.Initial = *s.Initial
	}
	return spec
}

func geometry(k *lang.Kind) flash.Geometry {
	var g flash.Geometry
	if k.Resources == nil || k.Resources.Flash == nil {
		return g
	}
	g = flash.Geometry{Size: k.Resources.Flash.Bytes, EraseBlock: 4096, WriteSize: 4}
	if k.Resources.EraseBlock != nil {
		g.EraseBlock = k.Resources.EraseBlock.Bytes
	}
	if k.Resources.WriteGranularity != nil {
		g.WriteSize = *k.Resources.WriteGranularity
	}
	if k.Resources.Wear != nil {
		g.Endurance = *k.Resources.Wear
	}
	return g
}

// close ends everything; what still unwinds is not recorded.
func (b *bench) close() {
	b.events.Close()
	for i := range b.plan.Devices {
		if t := b.twins[b.plan.Devices[i].Name]; t != nil {
			t.Close()
		}
	}
	b.backend.Close()
	if b.fabric != nil {
		b.fabric.Close()
	}
}
