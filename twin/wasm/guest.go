package wasm

import (
	"context"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"

	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/mqtt"
)

// guest is one boot of a module. One goroutine drives it: only the loop calls into it.
type guest struct {
	hw       *twin.Hardware
	beat     beat
	instance api.Module
	ctx      context.Context // hands the guest to the host functions
	stack    [2]uint64
	grown    uint32    // the most memory seen, in bytes
	instant  time.Time // of the call to the host before

	init, tick, message, connection api.Function // message and connection may be nil

	pins  []gpio.PinIO
	buses []i2c.Bus
	edges chan struct{} // a pin that is an input changed
	lines chan []byte   // the console received
	input []byte        // and the guest has not read

	client  *mqtt.Client // nil before mqtt_start
	will    *mqtt.Message
	number  int32              // of the message published last
	pending map[int32]struct{} // messages on their way
	arrived *mqtt.Message      // that the guest is told of
	reason  string             // why the connection ended last
	woken   bool               // something happened that the guest wants a tick for
	failed  error              // of a call that has no caller to tell; it ends the boot
}

type guestKey struct{}

func run(m *module, hw *twin.Hardware) error {
	g := &guest{hw: hw, edges: make(chan struct{}), lines: make(chan []byte), pending: map[int32]struct{}{}}
	// A context without an end: the watch closes the instance instead.
	g.ctx = context.WithValue(context.Background(), guestKey{}, g)
	if err := g.instantiate(m); err != nil {
		return g.explain(err)
	}
	defer g.instance.Close(context.Background()) //nolint:errcheck // memory is all that it holds
	g.beat.instance = g.instance
	m.watch.add(&g.beat)
	defer m.watch.remove(&g.beat)
	for _, f := range m.compiled.ImportedFunctions() {
		if _, name, _ := f.Import(); name == "console_read" {
			hw.Go(g.listen)
		}
	}
	if initialize := g.instance.ExportedFunction("_initialize"); initialize != nil {
		if err := g.call(initialize); err != nil {
			return err
		}
	}
	if err := g.call(g.init); err != nil {
		return err
	}
	return g.loop()
}

// instantiate makes the instance. _initialize, which constructors of C++ are in, is not called yet: it may call the
// host, which needs the instance, and may spin, which the watch must see.
func (g *guest) instantiate(m *module) (err error) {
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	if g.instance, err = m.runtime.InstantiateModule(g.ctx, m.compiled, config); err != nil {
		return err
	}
	g.init, g.tick = g.instance.ExportedFunction("init"), g.instance.ExportedFunction("tick")
	g.message, g.connection = g.instance.ExportedFunction("message"), g.instance.ExportedFunction("connection")
	return nil
}

// listen passes on what the console receives.
func (g *guest) listen() error {
	buffer := make([]byte, 256)
	for {
		n, err := g.hw.Console().Read(buffer)
		if err != nil {
			return nil //nolint:nilerr // the boot has ended
		}
		select {
		case g.lines <- append([]byte(nil), buffer[:n]...):
		case <-g.hw.Context().Done():
			return nil
		}
	}
}

// loop lets the guest and its MQTT client do what is due, then waits for whatever comes first.
func (g *guest) loop() error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	due := time.Now()
	for g.woken = true; ; {
		if now := time.Now(); g.woken || !now.Before(due) {
			g.woken = false
			if err := g.call(g.tick); err != nil {
				return err
			}
			due = wake(now, int32(g.stack[0]))
		}
		next := due
		if g.client != nil {
			if step := g.client.Step(); step.Before(next) {
				next = step
			}
		}
		if g.failed != nil {
			return g.failed
		}
		if g.woken { // by what the client did
			continue
		}
		timer.Reset(time.Until(next))
		if err := g.wait(timer); err != nil {
			return err
		}
	}
}

// never is later than any run.
const never = 100 * 365 * 24 * time.Hour

// wake is when the guest wants its next tick.
func wake(now time.Time, milliseconds int32) time.Time {
	if milliseconds < 0 {
		return now.Add(never)
	}
	return now.Add(time.Duration(max(milliseconds, 1)) * time.Millisecond)
}

func (g *guest) wait(timer *time.Timer) error {
	var incoming <-chan mqtt.Incoming
	if g.client != nil {
		incoming = g.client.Incoming()
	}
	select {
	case <-timer.C:
	case in := <-incoming:
		g.client.Handle(in)
	case text := <-g.lines:
		g.receive(text)
	case <-g.edges:
		g.woken = true
	case <-g.hw.Context().Done():
		return context.Cause(g.hw.Context())
	}
	return g.failed
}

// inputBuffer is how many bytes wait for console_read; what comes while it is full is lost, as in a UART's.
const inputBuffer = 4096

func (g *guest) receive(text []byte) {
	g.input = append(g.input, text[:min(len(text), inputBuffer-len(g.input))]...)
	g.woken = true
}

// call calls a function of the guest; its result is then in stack[0].
func (g *guest) call(f api.Function, arguments ...uint64) error {
	copy(g.stack[:], arguments)
	g.beat.calls.Add(1)
	err := f.CallWithStack(g.ctx, g.stack[:])
	g.beat.calls.Add(1)
	g.beat.progress.Add(1)
	if err != nil {
		return g.explain(err)
	}
	if size := g.instance.Memory().Size(); size > g.grown {
		g.grown = size
		g.hw.NoteMemory(int64(size))
	}
	return nil
}

// callback calls a function of the guest from within the client; what goes wrong ends the boot.
func (g *guest) callback(f api.Function, arguments ...uint64) {
	g.woken = true
	if f == nil || g.failed != nil {
		return
	}
	if err := g.call(f, arguments...); err != nil {
		g.failed = err
	}
}

// startClient connects the device with its own identity.
func (g *guest) startClient(keepalive, backoffMin, backoffMax time.Duration) error {
	id := g.hw.Identity()
	client, err := mqtt.New(g.hw.Context(), mqtt.Config{
		Dial: g.hw.DialBroker, Address: g.hw.BrokerAddress(), ClientID: id.ClientID, Username: id.Username, Password: id.Password,
		Will: g.will, KeepAlive: keepalive, BackoffMin: backoffMin, BackoffMax: backoffMax, Rand: g.hw.Rand(),
		OnConnect: func(bool) { g.callback(g.connection, 1) },
		OnDisconnect: func(err error) {
			g.reason = err.Error()
			g.callback(g.connection, 0)
		},
		OnMessage: func(m mqtt.Message) {
			g.arrived = &m
			g.callback(g.message, uint64(len(m.Topic)), uint64(len(m.Payload)))
			g.arrived = nil
		},
	})
	if err != nil {
		return fmt.Errorf("wasm: mqtt_start: %w", err)
	}
	g.client = client
	return nil
}

// publish returns the number by which mqtt_pending knows the message.
func (g *guest) publish(m mqtt.Message) (int32, error) {
	number := g.number%maxNumber + 1
	err := g.client.Publish(m, func(error) {
		delete(g.pending, number)
		g.woken = true
	})
	if err != nil {
		return 0, err
	}
	g.number = number
	g.pending[number] = struct{}{}
	return number, nil
}

const maxNumber = 1<<31 - 1
