package wasm

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"

	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/mqtt"
)

// guest is one boot of a module, as a step function: only its steps, and the boot before them, call into it.
type guest struct {
	hw       *twin.Hardware
	module   *module
	beat     beat
	instance api.Module
	ctx      context.Context // hands the guest to the host functions
	stack    [2]uint64
	grown    uint32    // the most memory seen, in bytes
	instant  time.Time // of the call to the host before

	init, tick, message, connection api.Function // message and connection may be nil

	pins   []gpio.PinIO
	inputs []gpio.PinIO // those of pins that were made inputs
	buses  []i2c.Bus
	input  []byte    // that the console received, and the guest has not read
	due    time.Time // of the next tick

	client  *mqtt.Client // nil before mqtt_start
	will    *mqtt.Message
	number  int32              // of the message published last
	pending map[int32]struct{} // messages on their way
	arrived *mqtt.Message      // that the guest is told of
	reason  string             // why the connection ended last
	woken   bool               // something happened that the guest wants a tick for
	failed  error              // of a call that has no caller to tell; it ends the boot

	mu      sync.Mutex // never held while waiting
	running bool       // a call into the guest is under way
	over    bool       // the boot has ended
}

type guestKey struct{}

func run(m *module, hw *twin.Hardware) error {
	g := &guest{hw: hw, module: m, pending: map[int32]struct{}{}, running: true}
	// A context without an end: the watch closes the instance instead.
	g.ctx = context.WithValue(context.Background(), guestKey{}, g)
	if err := g.instantiate(m); err != nil {
		return g.explain(err)
	}
	g.beat.instance = g.instance
	m.watch.add(&g.beat)
	context.AfterFunc(hw.Context(), g.end)
	err := g.begin()
	g.rest()
	if err != nil {
		return err
	}
	g.due = time.Now()
	return hw.Steps(g)
}

// begin calls what comes before the first tick.
func (g *guest) begin() error {
	if initialize := g.instance.ExportedFunction("_initialize"); initialize != nil {
		if err := g.call(initialize); err != nil {
			return err
		}
	}
	err := g.call(g.init)
	g.init = nil // its stack is 10 KB
	return err
}

// end frees the instance when the boot ends, or once the call returns that is under way then.
func (g *guest) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
	g.free()
}

// rest notes that no call into the guest is under way.
func (g *guest) rest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running = false
	g.free()
}

// free frees the instance where nothing needs it any more. The caller holds mu.
func (g *guest) free() {
	if g.over && !g.running && g.instance != nil {
		g.module.watch.remove(&g.beat)
		g.instance.Close(context.Background()) //nolint:errcheck // memory is all that it holds
		g.instance = nil
	}
}

// Step lets the guest and its MQTT client do what is due, and take in what came.
func (g *guest) Step(now time.Time) (next time.Time, err error) {
	g.mu.Lock()
	if g.over {
		g.mu.Unlock()
		return time.Time{}, nil
	}
	g.running = true
	g.mu.Unlock()
	defer g.rest()
	g.listen()
	for {
		if g.woken || !now.Before(g.due) {
			g.woken = false
			if err := g.call(g.tick); err != nil {
				return next, err
			}
			now = time.Now() // the tick may have waited
			g.due = wake(now, int32(g.stack[0]))
		}
		next = g.due
		if g.client != nil {
			if step := g.client.Step(); step.Before(next) {
				next = step
			}
		}
		if g.failed != nil || !g.woken { // by what the client did
			return next, g.failed
		}
	}
}

// listen takes in what came on the console and the inputs.
func (g *guest) listen() {
	if g.module.listens {
		var buffer [256]byte
		for n := g.hw.ReadConsole(buffer[:]); n > 0; n = g.hw.ReadConsole(buffer[:]) {
			g.receive(buffer[:n])
		}
	}
	for _, pin := range g.inputs {
		if pin.WaitForEdge(0) {
			g.woken = true
		}
	}
}

// instantiate makes the instance. _initialize, which constructors of C++ are in, is not called yet: it may call the
// host, which needs the instance, and may spin, which the watch must see.
func (g *guest) instantiate(m *module) (err error) {
	// Without a source of chance of its own each instance would make one, of 5 KB; there is no WASI to draw from it.
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions().WithRandSource(strings.NewReader(""))
	if g.instance, err = m.runtime.InstantiateModule(g.ctx, m.compiled, config); err != nil {
		return err
	}
	g.init, g.tick = g.instance.ExportedFunction("init"), g.instance.ExportedFunction("tick")
	g.message, g.connection = g.instance.ExportedFunction("message"), g.instance.ExportedFunction("connection")
	return nil
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
		Open: g.hw.OpenBroker, Address: g.hw.BrokerAddress(), ClientID: id.ClientID, Username: id.Username, Password: id.Password,
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
