package run

import (
	"cmp"
	"time"

	"github.com/twinrig/twinrig/internal/observer"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/netsim"
	"github.com/twinrig/twinrig/netsim/proxy"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// proxyFabric is networks as TCP proxies on loopback, one for each device.
type proxyFabric struct {
	target   string // the broker's address
	seed     seed.Seed
	networks map[string]*proxyNetwork
}

// proxyNetwork is one network: the proxies of its devices.
type proxyNetwork struct {
	profile netsim.Profile
	up      bool
	proxies []*proxy.Proxy
}

func newProxyFabric(b *bench) (fabric, error) {
	f := &proxyFabric{seed: b.plan.Seed, networks: map[string]*proxyNetwork{}}
	if b.plan.External != nil {
		f.target = observer.Address(b.plan.External)
		return f, nil
	}
	var err error
	f.target, err = b.openPorts()
	return f, err
}

// openPorts lets the embedded broker listen where the scenario and the options say, and returns the address for devices.
func (b *bench) openPorts() (string, error) {
	where := lang.BrokerListen{}
	if spec := b.plan.Scenario.Broker; spec != nil && spec.Listen != nil {
		where = *spec.Listen
	}
	devices, text, err := b.openDevicesPort(where)
	if err != nil {
		return "", err
	}
	if where.WebSocket != "" {
		ws, err := b.broker.ListenWebSocket(where.WebSocket)
		if err != nil {
			return "", err
		}
		text += ", for WebSocket on " + ws.String()
	}
	b.events.Emit(trace.Event{Kind: trace.Broker, Name: "start", Text: text})
	return devices, nil
}

// openDevicesPort opens the port that devices connect to, and with TLS the plain one where it is asked for.
func (b *bench) openDevicesPort(where lang.BrokerListen) (devices, text string, err error) {
	plain := cmp.Or(b.listen, where.TCP)
	if b.plan.TLS == nil {
		plain = cmp.Or(plain, "127.0.0.1:0")
	}
	if plain != "" {
		tcp, err := b.broker.Listen(plain)
		if err != nil {
			return "", "", err
		}
		devices, text = tcp.String(), "listens on "+tcp.String()
	}
	if b.plan.TLS == nil {
		return devices, text, nil
	}
	secure, err := b.broker.ListenTLS(cmp.Or(where.TLS, "127.0.0.1:0"))
	if err != nil {
		return "", "", err
	}
	if text == "" {
		return secure.String(), "listens for TLS on " + secure.String(), nil
	}
	return secure.String(), text + ", for TLS on " + secure.String(), nil
}

func (f *proxyFabric) Network(name string, p netsim.Profile) network {
	n := &proxyNetwork{profile: p, up: true}
	f.networks[name] = n
	return n
}

// Attach starts the device's proxy; without a network its link is perfect.
func (f *proxyFabric) Attach(device, name string) (link, error) {
	n, ok := f.networks[name]
	if !ok {
		n = &proxyNetwork{up: true}
		f.networks[name] = n
	}
	up, down := netsim.Links(f.seed, name, device, n.profile)
	p, err := proxy.Listen(f.target, up, down)
	if err != nil {
		return link{}, err
	}
	n.proxies = append(n.proxies, p)
	return link{dial: p.DialContext}, nil
}

func (f *proxyFabric) Refused() int {
	sum := 0
	for _, n := range f.networks {
		for _, p := range n.proxies {
			sum += p.Refused()
		}
	}
	return sum
}

func (f *proxyFabric) Close() {
	for _, n := range f.networks {
		for _, p := range n.proxies {
			p.Close() //nolint:errcheck // nothing is left to be lost
		}
	}
}

func (n *proxyNetwork) Set(p netsim.Profile) {
	n.profile = p
	for _, x := range n.proxies {
		x.Set(p)
	}
}

func (n *proxyNetwork) SetUp(up bool) {
	n.up = up
	for _, x := range n.proxies {
		x.SetUp(up)
	}
}

func (n *proxyNetwork) Packets() uint64 {
	var sum uint64
	for _, p := range n.proxies {
		up, down := p.Stats()
		sum += up.Sent + down.Sent
	}
	return sum
}

// live is a run on the wall clock.
func (r *runner) live() Result {
	if r.opts.Interrupted != nil {
		// Nothing may happen for as long as a step waits.
		stop := vtime.Every(interruptEvery, func() {
			if b := r.onBench.Load(); b != nil && r.opts.Interrupted() {
				b.loop.Poke()
			}
		})
		defer stop()
	}
	return r.run(nil, newProxyFabric)
}

// interruptEvery is how often a live run looks whether it is interrupted.
const interruptEvery = 100 * time.Millisecond
