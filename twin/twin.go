package twin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"sync"
	"time"

	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/twin/battery"
	"github.com/twinrig/twinrig/twin/flash"
	"periph.io/x/conn/v3/gpio"
)

// Firmware is the logic that a twin runs. It is called once per boot on a goroutine of its own. Devices by
// the ten thousand are better off without one: Hardware.Steps.
//
// When it returns nil the device halts: it stays powered, goroutines started by Hardware.Go and the
// watchdog go on, and nothing but a watchdog, reset or power cycle boots it again. An error that it
// returns, or a panic, is a fault: the device prints it on the console and reboots with cause fault.
// What it returns after its boot has ended does not matter.
type Firmware func(hw *Hardware) error

// Errors that the hardware calls of a boot return once it has ended. They come as they are, not wrapped.
var (
	// ErrPowerLost means that the power went.
	ErrPowerLost = errors.New("twin: power lost")
	// ErrReset means that the device was reset: by its reset line, its watchdog, itself, or a fault.
	ErrReset = errors.New("twin: reset")
)

// BootTime is how long after power-on or reset the firmware starts, in the place of a boot loader. It
// also keeps a device that faults at once from booting forever within one instant.
const BootTime = 100 * time.Millisecond

// PinSpec declares a pin.
type PinSpec struct {
	Name   string
	Output bool      // whether firmware may drive it; false: an input
	Pull   gpio.Pull // the resistor on the board, there also without power; zero: none, as gpio.Float
}

// Identity is how the device shows itself to the broker.
type Identity struct {
	ClientID, Username, Password string
	ID                           string // what firmware takes for the device's name; "": Config.Name
}

// Config describes a twin. Name, Firmware, Emit and Source are required.
type Config struct {
	Name     string // of the device, which is also its ID; unique in a run
	Version  string // of the firmware
	Firmware Firmware

	Pins    []PinSpec
	Sensors []SensorSpec
	Baud    int             // of the console UART, in bits per second; zero: 115200
	Flash   flash.Geometry  // zero Size: no flash
	RAM     int64           // bytes that Alloc and a leak can take; zero: without end
	Battery battery.Figures // zero Capacity: no battery, the power never ends
	Charged float64         // share of its capacity that the battery holds at first, above 0 to 1; zero: all of it
	Meter   Meter           // what is recorded of energy and resources beside what always is

	Params   map[string]string // handed to the firmware as text; not changed, may be nil
	Identity Identity
	Seed     seed.Seed // of the run; the twin draws from streams named by it

	RTC    time.Time      // what the real-time clock shows at the first power-on; zero: world time
	Uptime time.Duration  // what Uptime and Millis show at each boot; zero: 0. Not negative
	Drift  int64          // how much too fast the crystal is, in parts per billion; see SetDrift
	Zone   *time.Location // of Local; nil: UTC

	// Dial connects to network address, as net.Dialer.DialContext does. If the connection has a method
	// Vanish(), it is called when the device loses power or is reset, in the place of Close: a device
	// that vanishes sends no FIN. Nil: the device has no network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Open is Dial for Hardware.Open: it begins to connect and returns at once. From then on notify is called, on
	// the event loop's goroutine, whenever something came of it. If the Socket has a method Vanish(), that is
	// called as in Dial. Nil: sockets are made of Dial, with a goroutine each.
	Open func(network, address string, notify func()) Socket
	// TLS is what the device was given for a broker that speaks TLS; nil: the broker does not.
	TLS *TLS
	// Emit receives every event, with Device filled in. It must neither wait nor call the twin.
	Emit func(trace.Event)
	// Source is the twin's own source of actions of the event loop.
	Source *vtime.Source
}

// Meter says of what events are emitted though they come often. The zero value leaves all of them out.
type Meter struct {
	Memory  bool // memory, whenever the use of RAM changes
	Traffic bool // traffic, whenever bytes are sent or received
	Charge  bool // battery, also within a percent, whenever the charge taken has grown by a fiftieth
	Sleep   bool // sleep and wake, of a device with a battery
}

// Twin is a virtual device, as a bench handles it. In virtual time its methods must be called on the
// event loop's goroutine; outside they may be called from any.
type Twin struct {
	cfg Config

	mu      sync.Mutex // never held while anything waits
	after   []func()   // to be called once mu is released
	powered bool
	closed  bool
	spun    bool
	boots   int       // so far
	first   time.Time // power-on, the first one
	crystal oscillator
	rtc     rtc
	boot    *Hardware // that runs now; nil between fence and start
	start   *vtime.Timer

	pins    []*pin
	sensors []*quantity
	chips   []*chip
	flash   *flash.Array

	// What faults have touched so far, and those under way.
	clockReads  int64
	leapt       bool // the leap second has come
	readsAtLeap int64
	supplyAt    time.Time                // when the supply is back that dips
	weak        map[string]time.Duration // pins at whose rise the supply dips, and for how long
	slowWrite   time.Duration
	slowErase   time.Duration
	slowed      int64 // flash calls that took time
	dips        int64 // of a weak supply
	heard       int64 // bytes that the console took for the firmware
	uart        uart
	memory      memory
	energy      energy
	traffic     traffic
}

// New returns a twin that is off. Its error names every fault of cfg.
func New(cfg Config) (*Twin, error) {
	if cfg.Baud == 0 {
		cfg.Baud = 115200
	}
	array, flashFault := flash.NewArray(cfg.Flash)
	if err := errors.Join(validate(cfg), flashFault); err != nil {
		return nil, fmt.Errorf("twin: %q: %w", cfg.Name, err)
	}
	t := &Twin{cfg: cfg, flash: array}
	for i, spec := range cfg.Pins {
		t.pins = append(t.pins, newPin(i, spec))
	}
	for _, spec := range cfg.Sensors {
		t.sensors = append(t.sensors, newQuantity(spec))
	}
	if err := t.fit(); err != nil {
		return nil, fmt.Errorf("twin: %q: %w", cfg.Name, err)
	}
	if err := t.mount(); err != nil {
		return nil, fmt.Errorf("twin: %q: %w", cfg.Name, err)
	}
	t.uart.init(t)
	return t, nil
}

func validate(cfg Config) error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(cfg.Name == "", "a twin needs a name")
	fault(cfg.Firmware == nil, "there is no firmware")
	fault(cfg.Emit == nil, "there is no Emit")
	fault(cfg.Source == nil, "there is no Source")
	fault(cfg.Baud < 0, "a console of %d baud", cfg.Baud)
	fault(cfg.RAM < 0, "a RAM of %d bytes", cfg.RAM)
	fault(cfg.Uptime < 0, "an uptime of %s", cfg.Uptime)
	names := map[string]bool{}
	for _, p := range cfg.Pins {
		fault(p.Name == "" || names[p.Name], "pin %q has no name, or another's", p.Name)
		names[p.Name] = true
	}
	names = map[string]bool{}
	for _, s := range cfg.Sensors {
		fault(s.Name == "" || names[s.Name], "sensor %q has no name, or another's", s.Name)
		fault(s.Min > s.Max, "sensor %q ranges from %v down to %v", s.Name, s.Min, s.Max)
		fault(!s.allows(s.Initial), "sensor %q begins at %v, outside %v to %v", s.Name, s.Initial, s.Min, s.Max)
		fault(!(s.Noise >= 0) || math.IsInf(s.Noise, 0), "sensor %q has a noise of %v", s.Name, s.Noise)
		names[s.Name] = true
	}
	return errors.Join(faults...)
}

// Name returns the name of the device.
func (t *Twin) Name() string { return t.cfg.Name }

// Powered reports whether the power is on.
func (t *Twin) Powered() bool {
	t.mu.Lock()
	defer t.unlock()
	return t.powered
}

// Spun reports whether firmware ever made more than a million hardware calls in one instant while no
// watchdog was there to end it. Virtual time would have stood still, so the run tells nothing.
func (t *Twin) Spun() bool {
	t.mu.Lock()
	defer t.unlock()
	return t.spun
}

// CutInFlashWrite arms a power cut inside the n-th flash write from now (1 is the next one), after k of
// its bytes, or after its last byte where it has fewer. Only writes count, not erases, whatever boots
// come between. It replaces a cut armed before.
func (t *Twin) CutInFlashWrite(n, k int) error {
	t.mu.Lock()
	defer t.unlock()
	if t.flash.Geometry().Size == 0 {
		return fmt.Errorf("twin: %s has no flash to cut a write of", t.cfg.Name)
	}
	return t.flash.CutAt(n, k)
}

// FlashCutFired reports whether the cut armed last has happened.
func (t *Twin) FlashCutFired() bool {
	t.mu.Lock()
	defer t.unlock()
	return t.flash.CutFired()
}

// unlock releases mu and then does what had to wait for that.
func (t *Twin) unlock() {
	after := t.after
	t.after = nil
	t.mu.Unlock()
	for _, f := range after {
		f()
	}
}

// emit sends an event. The caller holds mu, so that the events of a device are in the order of its states.
func (t *Twin) emit(e trace.Event) {
	if t.closed {
		return
	}
	e.Device = t.cfg.Name
	t.cfg.Emit(e)
}
