package wasm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/twinrig/twinrig/twin"
)

// The errors of twinrig.h.
const (
	errorName  = -1
	errorRange = -2
	errorIO    = -3
	errorFull  = -4
	errorState = -5
)

// hostFunction is a function of twinrig.h. It takes its arguments from call and returns its result.
type hostFunction struct {
	signature string
	do        func(c *call) int64
}

// hostFunctions are what a guest may call, by the names of twinrig.h without their prefix.
func hostFunctions() map[string]hostFunction {
	all := map[string]hostFunction{}
	for _, group := range []map[string]hostFunction{deviceFunctions(), pinFunctions(), consoleFunctions(), flashFunctions(), mqttFunctions()} {
		for name, f := range group {
			all[name] = f
		}
	}
	return all
}

func instantiateHost(ctx context.Context, runtime wazero.Runtime) error {
	builder := runtime.NewHostModuleBuilder(hostModule)
	for name, f := range hostFunctions() {
		params, results := splitSignature(f.signature)
		builder.NewFunctionBuilder().WithGoFunction(wrap(name, f.do, len(results) > 0), params, results).Export(name)
	}
	if _, err := builder.Instantiate(ctx); err != nil {
		return fmt.Errorf("wasm: the host's functions: %w", err)
	}
	return nil
}

func splitSignature(signature string) (params, results []api.ValueType) {
	for i, c := range signature {
		if c == ':' {
			return typesOf(signature[:i]), typesOf(signature[i+1:])
		}
	}
	return nil, nil
}

// wrap makes a function of wazero: it lets the watch see that the guest calls, and unwinds a guest whose boot has ended.
func wrap(name string, do func(*call) int64, hasResult bool) api.GoFunc {
	return func(ctx context.Context, stack []uint64) {
		g := ctx.Value(guestKey{}).(*guest)
		g.beat.calls.Add(1)
		result := do(&call{guest: g, name: name, arguments: stack})
		// Each call counts as one to the hardware, so that a loop of any calls ends at the same one, be it a million.
		if g.hw.Sleep(0) != nil {
			panic(errEnded)
		}
		if hasResult {
			stack[0] = uint64(result)
		}
		if now := time.Now(); !now.Equal(g.instant) {
			g.instant = now
			g.beat.progress.Add(1)
		}
		g.beat.calls.Add(1)
	}
}

// call is a call of the guest to the host.
type call struct {
	*guest
	name      string
	arguments []uint64
	next      int
}

func (c *call) u32() uint32 {
	c.next++
	return uint32(c.arguments[c.next-1])
}

func (c *call) i32() int32 { return int32(c.u32()) }

func (c *call) i64() int64 {
	c.next++
	return int64(c.arguments[c.next-1])
}

// bytes returns the buffer that the next two arguments are. It is the guest's memory itself, good until the
// guest goes on. One that is not inside the memory ends the guest.
func (c *call) bytes() []byte {
	pointer, size := c.u32(), c.u32()
	return c.at(pointer, size)
}

func (c *call) at(pointer, size uint32) []byte {
	if c.instance == nil {
		panic(errStartSection)
	}
	memory := c.instance.Memory()
	buffer, ok := memory.Read(pointer, size)
	if !ok {
		panic(&pointerError{call: c.name, pointer: pointer, size: size, memory: memory.Size()})
	}
	return buffer
}

// maxText is how long a name, topic or filter may be: as long as MQTT's.
const maxText = 65535

// text returns the text that the next two arguments are, as a copy.
func (c *call) text() string {
	b := c.bytes()
	return string(b[:min(len(b), maxText+1)]) // longer is refused by whoever takes it
}

// fill writes text to the buffer that the next two arguments are, as far as it goes, and returns its whole size.
func (c *call) fill(text string) int64 {
	copy(c.bytes(), text)
	return int64(len(text))
}

// failed returns code for a call that failed, and ends a guest whose boot has ended.
func (c *call) failed(err error, code int64) int64 {
	if errors.Is(err, twin.ErrPowerLost) || errors.Is(err, twin.ErrReset) {
		panic(errEnded)
	}
	return code
}
