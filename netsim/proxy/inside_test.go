package proxy

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/netsim"
)

// These tests reach into the proxy, to move its clock and to bring about what is rare from outside.

// jump moves the model's clock ahead, as if that much time had passed.
func (r *rig) jump(by *atomic.Int64, d time.Duration) {
	by.Add(int64(d))
	r.poke()
}

// jumping lets the model's clock be moved. It must be called before there is a connection.
func (r *rig) jumping() *atomic.Int64 {
	by := new(atomic.Int64)
	epoch := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = func() time.Duration { return time.Since(epoch) + time.Duration(by.Load()) }
	return by
}

func TestProxyGivesUpSending(t *testing.T) {
	r := newRig(t, netsim.Profile{})
	by := r.jumping()
	device, broker := r.connect()
	r.SetUp(false)
	r.says(device, "lost")
	require.Eventually(t, func() bool { up, _ := r.Stats(); return up.LostDown > 0 }, 5*time.Second, ms)
	r.jump(by, 1000*time.Second)
	_, err := device.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ETIMEDOUT)
	r.hearsNothing(broker)
	device.Close()
}

func TestProxyGivesUpSendingToTheDevice(t *testing.T) {
	r := newRig(t, netsim.Profile{})
	by := r.jumping()
	device, broker := r.connect()
	r.SetUp(false)
	r.says(broker, "lost")
	require.Eventually(t, func() bool { _, down := r.Stats(); return down.LostDown > 0 }, 5*time.Second, ms)
	r.jump(by, 1000*time.Second)
	_, err := broker.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	r.hearsNothing(device)
	r.SetUp(true)
	r.says(device, "anybody?")
	_, err = device.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	device.Close()
}

func TestProxyGivesUpConnecting(t *testing.T) {
	r := newRig(t, netsim.Profile{})
	by := r.jumping()
	r.SetUp(false)
	failed := make(chan error)
	go func() {
		_, err := r.DialContext(context.Background(), "tcp", "broker:1883")
		failed <- err
	}()
	for want := uint64(1); want <= 7; want++ {
		require.Eventually(t, func() bool { up, _ := r.Stats(); return up.LostDown >= want }, 5*time.Second, ms)
		r.jump(by, 65*time.Second)
	}
	require.ErrorIs(t, <-failed, syscall.ETIMEDOUT)
}

func TestProxyStreamsStartWithTheSetUpsRoundTrip(t *testing.T) {
	r := newRig(t, netsim.Profile{})
	r.mu.Lock()
	r.now = func() time.Duration { return time.Hour } // the clock stands still
	r.mu.Unlock()
	device, _ := r.connect()
	r.SetUp(false)
	r.says(device, "lost")
	require.Eventually(t, func() bool { up, _ := r.Stats(); return up.LostDown > 0 }, 5*time.Second, ms)
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := device.pair.next()
	require.True(t, ok)
	require.Equal(t, time.Hour+200*ms, at)
}

func TestProxyHoldsBackASenderThatIsTooFast(t *testing.T) {
	r := newRig(t, netsim.Profile{})
	device, broker := r.connect()
	held := func() int {
		r.mu.Lock()
		defer r.mu.Unlock()
		return device.pair.up.held()
	}
	require.NoError(t, broker.SetReadBuffer(128<<10))
	require.NoError(t, device.pair.broker.SetWriteBuffer(128<<10))
	sent := bytes.Repeat([]byte("0123456789"), 200_000)
	go func() {
		device.Write(sent)
		device.Close()
	}()
	require.Eventually(t, func() bool { return held() >= sendBuffer }, 5*time.Second, ms)
	time.Sleep(silence) // for more to come, if it did
	require.Less(t, held(), sendBuffer+16<<10)
	got, err := io.ReadAll(broker)
	require.NoError(t, err)
	require.True(t, bytes.Equal(sent, got))
}

func TestProxyEndsWithoutLosingWhatTheKernelHolds(t *testing.T) {
	r := newRig(t, netsim.Profile{})
	device, broker := r.connect()
	socket := device.Conn.(*net.TCPConn)
	require.NoError(t, socket.SetReadBuffer(64<<10))
	require.NoError(t, device.pair.client.SetWriteBuffer(512<<10))
	require.NoError(t, socket.CloseWrite())
	sent := bytes.Repeat([]byte("0123456789"), 25_000)
	_, err := broker.Write(sent)
	require.NoError(t, err)
	require.NoError(t, broker.CloseWrite())
	require.Eventually(t, func() bool { return r.open() == 0 }, 5*time.Second, ms)
	got, err := io.ReadAll(device)
	require.NoError(t, err)
	require.Len(t, got, len(sent))
	device.Close()
}

// A connection may be accepted, served and refused before the dialling side gets to ask for it.
func TestProxyRefusesBeforeTheDiallerLooks(t *testing.T) {
	r := newRig(t, netsim.Profile{})
	r.refuse()
	r.dialing(+1)
	early, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	defer early.Close()
	over := func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.pairs) == 1 && r.pairs[0].over
	}
	require.Eventually(t, over, 5*time.Second, ms)
	r.hearsNothing(early)
	c := r.dialed(early.LocalAddr())
	<-c.ready
	require.ErrorIs(t, c.failure, syscall.ECONNREFUSED)

	// Meanwhile a new connection from the same port is another one.
	other, err := net.Dial("tcp", r.broker.Addr().String())
	require.NoError(t, err)
	defer other.Close()
	r.mu.Lock()
	c.address = other.RemoteAddr().String()
	r.mu.Unlock()
	again := r.accepted(other.(*net.TCPConn))
	require.NotSame(t, c, again)
	again.cancel()
	r.forget(again)

	r.dialing(-1)
	require.Zero(t, r.open())
	_, err = early.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestProxyResetsAnyClientThatIsRefused(t *testing.T) {
	r := newRig(t, both(netsim.Direction{Latency: 10 * ms}))
	r.refuse()
	client, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}
