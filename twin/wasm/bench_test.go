package wasm

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/twin"
)

// BenchmarkTick is a tick of testdata/bench.c with its three calls, which feed the watchdog, change a pin, which is an
// event, and ask for the time, while the watch stands ready to end it. It is on the wall clock: a benchmark has no
// bubble, and what a tick costs beside the scheduling is the same.
func BenchmarkTick(b *testing.B) {
	code, err := os.ReadFile("testdata/bench.wasm")
	require.NoError(b, err)
	cache := NewCache()
	defer cache.Close()
	m, err := cache.module(code, 64<<10)
	require.NoError(b, err)
	loop, ended := vtime.NewLoop(func() {}), make(chan error)
	device, err := twin.New(twin.Config{
		Name: "device", Pins: []twin.PinSpec{{Name: "LED", Output: true}},
		Source: loop.Source(), Emit: func(trace.Event) {},
		Firmware: func(hw *twin.Hardware) error {
			ended <- ticks(b, m, hw)
			return nil
		},
	})
	require.NoError(b, err)
	go loop.Run(func() bool { return false })
	defer loop.Stop()
	defer device.Close()
	require.NoError(b, device.PowerOn())
	require.NoError(b, <-ended)
}

// ticks boots the guest and calls its tick b.N times.
func ticks(b *testing.B, m *module, hw *twin.Hardware) error {
	g := &guest{hw: hw, module: m}
	g.ctx = context.WithValue(context.Background(), guestKey{}, g)
	if err := g.instantiate(m); err != nil {
		return err
	}
	defer g.instance.Close(g.ctx)
	g.beat.instance = g.instance
	m.watch.add(&g.beat)
	defer m.watch.remove(&g.beat)
	if err := g.call(g.init); err != nil {
		return err
	}
	hw.StartWatchdog(time.Minute)
	b.ReportAllocs()
	b.ResetTimer()
	begun := vtime.ProcessorTime()
	for range b.N {
		if err := g.call(g.tick); err != nil {
			return err
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(vtime.ProcessorTime()-begun)/float64(b.N), "cpu-ns/op") // beside others, ns/op is more
	return nil
}
