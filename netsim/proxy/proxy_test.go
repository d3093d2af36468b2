package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/netsim"
)

// These tests run on the wall clock, because real sockets cannot be in a bubble of virtual time.
// What takes at least so long is compared with that; silence is a read that meets a short deadline;
// everything else waits for what must come. Nothing depends on how fast the machine is.

const (
	ms      = time.Millisecond
	silence = 40 * ms
)

func both(d netsim.Direction) netsim.Profile { return netsim.Profile{Uplink: d, Downlink: d} }

// rig is a broker's listener and a proxy to it.
type rig struct {
	*Proxy
	t      *testing.T
	broker net.Listener
}

func newRig(t *testing.T, profile netsim.Profile) *rig {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	broker, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	link := func(way string, d netsim.Direction) *netsim.Link {
		return netsim.NewLink(d, func(purpose string) netsim.Rand { return seed.Seed(1).Stream(way, purpose) })
	}
	p, err := Listen(broker.Addr().String(), link("uplink", profile.Uplink), link("downlink", profile.Downlink))
	require.NoError(t, err)
	t.Cleanup(func() {
		broker.Close()
		p.Close()
		goleak.VerifyNone(t, leaks)
	})
	return &rig{Proxy: p, t: t, broker: broker}
}

// connect returns both ends of a connection over the proxy.
func (r *rig) connect() (device *Conn, broker *net.TCPConn) {
	r.t.Helper()
	conn, err := r.DialContext(r.t.Context(), "tcp", "broker:1883")
	require.NoError(r.t, err)
	return conn.(*Conn), r.take()
}

func (r *rig) take() *net.TCPConn {
	r.t.Helper()
	conn, err := r.broker.Accept()
	require.NoError(r.t, err)
	r.t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

func (r *rig) hears(c net.Conn, want string) {
	r.t.Helper()
	got := make([]byte, len(want))
	_, err := io.ReadFull(c, got)
	require.NoError(r.t, err)
	require.Equal(r.t, want, string(got))
}

func (r *rig) hearsNothing(c net.Conn) {
	r.t.Helper()
	require.NoError(r.t, c.SetReadDeadline(time.Now().Add(silence)))
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(r.t, err, os.ErrDeadlineExceeded)
	require.NoError(r.t, c.SetReadDeadline(time.Time{}))
}

func (r *rig) says(c net.Conn, text string) {
	r.t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(r.t, err)
}

// refuse makes the broker one that takes no connection: its port is that of a connection already, so
// that nobody else can listen there meanwhile.
func (r *rig) refuse() {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.broker.Addr().String())
	require.NoError(r.t, err)
	r.t.Cleanup(func() { conn.Close() })
	r.aim(conn.LocalAddr().String())
}

// aim makes the broker of the connections to come that at target.
func (r *rig) aim(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
}

func (r *rig) open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.pairs)
}

func TestProxyTakesTheModelsTime(t *testing.T) {
	r := newRig(t, netsim.Profile{Uplink: netsim.Direction{Latency: 30 * ms}, Downlink: netsim.Direction{Latency: 10 * ms}})
	start := time.Now()
	device, broker := r.connect()
	require.GreaterOrEqual(t, time.Since(start), 40*ms, "a round trip")
	start = time.Now()
	r.says(device, "ping")
	r.hears(broker, "ping")
	require.GreaterOrEqual(t, time.Since(start), 30*ms)
	start = time.Now()
	r.says(broker, "pong")
	r.hears(device, "pong")
	require.GreaterOrEqual(t, time.Since(start), 10*ms)

	r.Set(both(netsim.Direction{Latency: 50 * ms}))
	start = time.Now()
	r.says(device, "slow")
	r.hears(broker, "slow")
	require.GreaterOrEqual(t, time.Since(start), 50*ms)
}

func TestProxyCarriesEverythingBothWays(t *testing.T) {
	r := newRig(t, both(netsim.Direction{Latency: ms, Jitter: ms, Rate: 400_000_000}))
	device, broker := r.connect()
	sent := bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstuvwxyz"), 20_000)
	var work sync.WaitGroup
	for _, c := range []interface {
		io.ReadWriter
		CloseWrite() error
	}{device.Conn.(*net.TCPConn), broker} {
		work.Go(func() {
			c.Write(sent)
			c.CloseWrite()
		})
		work.Go(func() {
			got, err := io.ReadAll(c)
			if err != nil || !bytes.Equal(sent, got) {
				t.Errorf("%d of %d bytes came, error %v", len(got), len(sent), err)
			}
		})
	}
	work.Wait()
	up, down := r.Stats()
	require.GreaterOrEqual(t, up.Bytes, uint64(len(sent)))
	require.GreaterOrEqual(t, down.Bytes, uint64(len(sent)))
}

func TestProxyDown(t *testing.T) {
	r := newRig(t, netsim.Profile{})
	device, broker := r.connect()
	r.SetUp(false)
	r.says(device, "late")
	r.hearsNothing(broker)
	ctx, cancel := context.WithTimeout(t.Context(), silence)
	defer cancel()
	_, err := r.DialContext(ctx, "tcp", "broker:1883")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "dial tcp: broker:1883")

	require.Eventually(t, func() bool { return r.open() == 1 }, 5*time.Second, ms, "a dial given up leaves nothing")

	up, _ := r.Stats()
	require.NotZero(t, up.LostDown)
	r.SetUp(true)
	r.hears(broker, "late") // with the next retransmission
	require.Zero(t, r.Refused())
}

func TestProxyServesAnyClient(t *testing.T) {
	r := newRig(t, both(netsim.Direction{Latency: 20 * ms}))
	start := time.Now()
	client, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	defer client.Close()
	r.says(client, "hello")
	r.hears(r.take(), "hello")
	require.GreaterOrEqual(t, time.Since(start), 60*ms, "set-up and one way")
}

func TestProxyEndsAfterTheLastBytes(t *testing.T) {
	r := newRig(t, both(netsim.Direction{Latency: 20 * ms}))
	device, broker := r.connect()
	r.says(broker, "the device will not be there for this")
	r.says(device, "bye")
	require.NoError(t, device.Close())
	got, err := io.ReadAll(broker)
	require.NoError(t, err)
	require.Equal(t, "bye", string(got))
	require.NoError(t, broker.Close())
	require.Eventually(t, func() bool { return r.open() == 0 }, 5*time.Second, ms)
}

func TestProxyBrokerCloses(t *testing.T) {
	r := newRig(t, netsim.Profile{})
	device, broker := r.connect()
	r.says(broker, "bye")
	require.NoError(t, broker.Close())
	got, err := io.ReadAll(device)
	require.NoError(t, err)
	require.Equal(t, "bye", string(got))
	require.NoError(t, device.Close())
	require.Eventually(t, func() bool { return r.open() == 0 }, 5*time.Second, ms)
}

func TestProxyVanish(t *testing.T) {
	r := newRig(t, netsim.Profile{})
	device, broker := r.connect()
	r.says(device, "a")
	r.hears(broker, "a")
	device.Vanish()
	_, err := device.Write([]byte("b"))
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = device.Read(make([]byte, 1))
	require.ErrorIs(t, err, net.ErrClosed)
	r.hearsNothing(broker)
	r.says(broker, "is anybody there?")
	r.hearsNothing(broker)

	again, other := r.connect() // the next boot
	r.says(again, "boot")
	r.hears(other, "boot")
	require.Equal(t, 2, r.open())
	require.NoError(t, broker.Close())
	require.Eventually(t, func() bool { return r.open() == 1 }, 5*time.Second, ms)
}

func TestProxyRefuses(t *testing.T) {
	r := newRig(t, both(netsim.Direction{Latency: 5 * ms}))
	r.refuse()
	start := time.Now()
	_, err := r.DialContext(t.Context(), "tcp", "broker:1883")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.GreaterOrEqual(t, time.Since(start), 10*ms)
	require.Equal(t, 1, r.Refused())
	require.Eventually(t, func() bool { return r.open() == 0 }, 5*time.Second, ms)
}

func TestProxyRefusesManyAtOnce(t *testing.T) {
	r := newRig(t, netsim.Profile{})
	r.refuse()
	var work sync.WaitGroup
	var refused atomic.Int32
	for range 200 {
		work.Go(func() {
			if _, err := r.DialContext(t.Context(), "tcp", "broker:1883"); errors.Is(err, syscall.ECONNREFUSED) {
				refused.Add(1)
			}
		})
	}
	work.Wait()
	require.EqualValues(t, 200, refused.Load())
	require.Equal(t, 200, r.Refused())
	require.Eventually(t, func() bool { return r.open() == 0 }, 5*time.Second, ms)
}

func TestProxyClose(t *testing.T) {
	r := newRig(t, netsim.Profile{})
	device, broker := r.connect()
	r.SetUp(false)
	failed := make(chan error)
	go func() {
		_, err := r.DialContext(context.Background(), "tcp", "broker:1883")
		failed <- err
	}()
	require.Eventually(t, func() bool { return r.open() == 2 }, 5*time.Second, ms)
	require.NoError(t, r.Close())
	require.ErrorIs(t, <-failed, net.ErrClosed)
	for _, c := range []net.Conn{device, broker} {
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
	}
	device.Close()
	require.ErrorIs(t, r.Close(), net.ErrClosed)
	_, err := r.DialContext(t.Context(), "tcp", "broker:1883")
	require.ErrorIs(t, err, net.ErrClosed)
}
