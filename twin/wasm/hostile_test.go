package wasm

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"net"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/flash"
	"github.com/twinrig/twinrig/twin/twintest"
)

// FuzzHostFunctions calls the host's functions with whatever arguments, as hostile code may: a pointer that is
// outside the memory ends the guest, and nothing else may go wrong on the host's side.
func FuzzHostFunctions(f *testing.F) {
	code, err := os.ReadFile("testdata/bench.wasm")
	require.NoError(f, err)
	m, err := compile(wazero.NewRuntimeConfigInterpreter(), code, 1)
	require.NoError(f, err)
	functions := hostFunctions()
	names := slices.Sorted(maps.Keys(functions))
	for i := range names {
		f.Add([]byte{byte(i), 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0, 0, 0, 0, 0x80})
		f.Add([]byte{byte(i), 0, 0, 0, 0, 16, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		twintest.Run(t, twin.Config{
			Pins:    []twin.PinSpec{{Name: "", Output: true}, {Name: "P"}}[1:],
			Sensors: []twin.SensorSpec{{Name: "S"}},
			Flash:   flash.Geometry{Size: 8192},
			Dial:    func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no network") },
			Firmware: func(hw *twin.Hardware) error {
				g := &guest{hw: hw, module: m, pending: map[int32]struct{}{}}
				g.ctx = context.WithValue(t.Context(), guestKey{}, g)
				require.NoError(t, g.instantiate(m))
				defer g.instance.Close(g.ctx)
				g.instance.Memory().Write(0, []byte("PS/#+\x00"))
				for len(data) > 0 {
					name := names[int(data[0])%len(names)]
					data = data[1:]
					arguments := make([]uint64, len(functions[name].signature))
					for i := range arguments {
						if len(data) < 4 {
							data = append(data, make([]byte, 4)...)
						}
						arguments[i] = uint64(binary.LittleEndian.Uint32(data))
						data = data[min(len(data), 4):]
					}
					if !survives(t, g, functions[name], name, arguments) {
						return nil
					}
				}
				return nil
			},
		}, func(b *twintest.Bench) {
			b.PowerOn()
			b.Wait(twin.BootTime)
		})
	})
}

// survives reports whether the guest goes on after a call.
func survives(t *testing.T, g *guest, f hostFunction, name string, arguments []uint64) (alive bool) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		err, ok := r.(error)
		var pointer *pointerError
		require.True(t, ok && (errors.As(err, &pointer) || errors.Is(err, errEnded)), "%s%v: %v", name, arguments, r)
		alive = false
	}()
	f.do(&call{guest: g, name: name, arguments: arguments})
	return true
}
