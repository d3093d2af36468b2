package twin

import (
	"fmt"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// pin is a pin of the device; it outlives the boots. Its level is what the firmware drives, else what
// the bench drives, else where a pull resistor takes it, else Low.
type pin struct {
	number int
	spec   PinSpec
	level  gpio.Level

	driven bool // by the bench
	drive  gpio.Level

	// What the firmware made of it; reset puts it back.
	out    bool
	latch  gpio.Level
	pull   gpio.Pull
	edge   gpio.Edge
	edges  chan struct{} // holds a token while an edge came that nobody has waited for yet
	redone chan struct{} // closed when the firmware configures the pin anew
}

func newPin(number int, spec PinSpec) *pin {
	if spec.Pull == gpio.PullNoChange {
		spec.Pull = gpio.Float
	}
	p := &pin{number: number, spec: spec}
	p.configure(false, spec.Pull, gpio.NoEdge)
	p.level = p.resolve()
	return p
}

// configure releases who waits for an edge, and forgets the edges so far.
func (p *pin) configure(out bool, pull gpio.Pull, edge gpio.Edge) {
	if p.redone != nil {
		close(p.redone)
	}
	p.out, p.pull, p.edge = out, pull, edge
	p.edges, p.redone = make(chan struct{}, 1), make(chan struct{})
}

// reset puts the pin into the state in which a device without power or in reset has it.
func (p *pin) reset() {
	if p.out || p.pull != p.spec.Pull || p.edge != gpio.NoEdge {
		// Who waits for an edge is released by the end of the boot.
		p.redone = nil
		p.configure(false, p.spec.Pull, gpio.NoEdge)
	}
}

func (p *pin) resolve() gpio.Level {
	switch {
	case p.out:
		return p.latch
	case p.driven:
		return p.drive
	}
	return p.pull == gpio.PullUp
}

// settle gives a pin the level that now results, with the event and the edge. The caller holds mu.
func (t *Twin) settle(p *pin) {
	level := p.resolve()
	if level == p.level {
		return
	}
	p.level = level
	e := trace.Event{Kind: trace.Pin, Name: p.spec.Name}
	edge := gpio.FallingEdge
	if level {
		e.Value, edge = 1, gpio.RisingEdge
	}
	t.emit(e)
	if bool(level) && p.out {
		t.strain(p.spec.Name)
	}
	if !p.out && (p.edge == edge || p.edge == gpio.BothEdges) {
		select {
		case p.edges <- struct{}{}:
		default:
		}
		t.cameIn()
	}
}

func (t *Twin) pin(name string) (*pin, error) {
	for _, p := range t.pins {
		if p.spec.Name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("twin: %s has no pin %q", t.cfg.Name, name)
}

// Drive drives a pin from outside, until Release. A firmware that drives it too is the stronger.
func (t *Twin) Drive(name string, level gpio.Level) error { return t.driveFrom(name, true, level) }

// Release ends Drive.
func (t *Twin) Release(name string) error { return t.driveFrom(name, false, gpio.Low) }

func (t *Twin) driveFrom(name string, driven bool, level gpio.Level) error {
	t.mu.Lock()
	defer t.unlock()
	p, err := t.pin(name)
	if err != nil {
		return err
	}
	p.driven, p.drive = driven, level
	t.settle(p)
	return nil
}

// Level returns the level of a pin, with power or without.
func (t *Twin) Level(name string) (gpio.Level, error) {
	t.mu.Lock()
	defer t.unlock()
	p, err := t.pin(name)
	if err != nil {
		return gpio.Low, err
	}
	return p.level, nil
}

// bootPin is a pin as the firmware of one boot has it. It implements gpio.PinIO.
type bootPin struct {
	hw  *Hardware
	pin *pin
}

// String returns the pin's name and number.
func (b *bootPin) String() string { return fmt.Sprintf("%s(%d)", b.pin.spec.Name, b.pin.number) }

// Name returns the pin's name, as in the kind.
func (b *bootPin) Name() string { return b.pin.spec.Name }

// Number returns the pin's place in the kind, from 0.
func (b *bootPin) Number() int { return b.pin.number }

// Function returns In/High, In/Low, Out/High or Out/Low, or "" after the boot has ended.
func (b *bootPin) Function() string {
	var function string
	_ = b.hw.do(func() error {
		switch {
		case b.pin.out && bool(b.pin.level):
			function = string(gpio.OUT_HIGH)
		case b.pin.out:
			function = string(gpio.OUT_LOW)
		case bool(b.pin.level):
			function = string(gpio.IN_HIGH)
		default:
			function = string(gpio.IN_LOW)
		}
		return nil
	})
	return function
}

// Halt ends the detection of edges and releases who waits for one. Level and direction stay.
func (b *bootPin) Halt() error {
	return b.hw.do(func() error {
		b.pin.configure(b.pin.out, b.pin.pull, gpio.NoEdge)
		return nil
	})
}

// In makes the pin an input with a pull resistor inside the chip. PullNoChange keeps the one there is.
// Edges that came before are forgotten, and who waits for one is released.
func (b *bootPin) In(pull gpio.Pull, edge gpio.Edge) error {
	return b.hw.do(func() error {
		if pull > gpio.PullUp || edge < gpio.NoEdge || edge > gpio.BothEdges {
			return fmt.Errorf("twin: %s.%s: no such input: %s, %s", b.hw.t.cfg.Name, b.Name(), pull, edge)
		}
		if pull == gpio.PullNoChange {
			pull = b.pin.pull
		}
		b.pin.configure(false, pull, gpio.NoEdge)
		b.hw.t.settle(b.pin)
		b.pin.edge = edge // from here on: the pull itself makes none
		return nil
	})
}

// Read returns the level, Low after the boot has ended.
func (b *bootPin) Read() gpio.Level {
	level := gpio.Low
	_ = b.hw.do(func() error {
		level = b.pin.level
		return nil
	})
	return level
}

// WaitForEdge waits for an edge of the kind that In asked for, and returns true at once where one came
// since the last call; several count as one. It returns false after timeout (a negative one never
// comes), when the pin is configured anew, and when the boot ends.
func (b *bootPin) WaitForEdge(timeout time.Duration) bool {
	var edges, redone chan struct{}
	if b.hw.do(func() error { edges, redone = b.pin.edges, b.pin.redone; return nil }) != nil {
		return false
	}
	select {
	case <-edges:
		return true
	default:
	}
	if timeout == 0 {
		return false
	}
	var expired <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-edges:
		return true
	case <-expired:
	case <-redone:
	case <-b.hw.ctx.Done():
	}
	return false
}

// Pull returns the resistor of an input, PullNoChange of an output or after the boot has ended.
func (b *bootPin) Pull() gpio.Pull {
	pull := gpio.PullNoChange
	_ = b.hw.do(func() error {
		if !b.pin.out {
			pull = b.pin.pull
		}
		return nil
	})
	return pull
}

// DefaultPull returns the resistor that is there after a reset.
func (b *bootPin) DefaultPull() gpio.Pull { return b.pin.spec.Pull }

// Out makes the pin an output at a level. It is an error on a pin that is declared an input.
func (b *bootPin) Out(level gpio.Level) error {
	return b.hw.do(func() error {
		if !b.pin.spec.Output {
			return fmt.Errorf("twin: %s.%s is an input; firmware cannot drive it", b.hw.t.cfg.Name, b.Name())
		}
		if !b.pin.out {
			b.pin.configure(true, b.pin.pull, gpio.NoEdge)
		}
		b.pin.latch = level
		b.hw.t.settle(b.pin)
		return nil
	})
}

// PWM is not supported.
func (b *bootPin) PWM(gpio.Duty, physic.Frequency) error {
	return fmt.Errorf("twin: %s.%s: pulse width modulation is not supported", b.hw.t.cfg.Name, b.Name())
}

var _ gpio.PinIO = (*bootPin)(nil)
