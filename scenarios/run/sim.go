package run

import (
	"net"

	"github.com/twinrig/twinrig/internal/broker"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/netsim"
	"github.com/twinrig/twinrig/netsim/memory"
	"github.com/twinrig/twinrig/twin"
)

// memoryFabric is networks in memory.
type memoryFabric struct {
	*memory.Switch
	networks map[string]*memory.Network
}

func newMemoryFabric(b *bench) (fabric, error) {
	accept, frame := func(c net.Conn) { b.broker.Attach(c) }, packetLength
	if b.plan.TLS != nil {
		accept, frame = func(c net.Conn) { b.broker.AttachTLS(c) }, broker.RecordLength
	}
	return &memoryFabric{
		Switch: memory.New(memory.Config{
			Loop: b.loop, Seed: b.plan.Seed, Listening: func() bool { return b.broker.Running() },
			Accept: accept, Frame: frame,
		}),
		networks: map[string]*memory.Network{},
	}, nil
}

// packetLength hands malformed bytes over at once: the broker shall see them.
func packetLength(b []byte) int {
	n, err := broker.PacketLength(b)
	if err != nil {
		return len(b)
	}
	return n
}

func (f *memoryFabric) Network(name string, p netsim.Profile) network {
	n := f.Switch.Network(name, p)
	f.networks[name] = n
	return n
}

// Attach attaches a device; without a network its link is perfect.
func (f *memoryFabric) Attach(device, network string) (link, error) {
	n, ok := f.networks[network]
	if !ok {
		n = f.Switch.Network(network, netsim.Profile{})
		f.networks[network] = n
	}
	port := n.Attach(device)
	open := func(network, address string, notify func()) twin.Socket { return port.Open(network, address, notify) }
	return link{dial: port.DialContext, open: open}, nil
}

// sim is the body of a run in virtual time.
func (r *runner) sim() Result {
	if err := vtime.SleepUntil(r.plan.Start); err != nil {
		return r.failed(Invalid, err.Error())
	}
	return r.run(vtime.Settle, newMemoryFabric)
}
