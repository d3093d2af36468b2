package memory

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/netsim"
)

// fixture is a switch with one network, n devices on it, and a loop that turns until the test ends.
type fixture struct {
	loop     *vtime.Loop
	sw       *Switch
	net      *Network
	ports    []*Port
	mu       sync.Mutex // guards accepted: the loop accepts, and a test looks on from its own goroutine
	accepted []net.Conn
	open     bool
}

// broker returns the broker's end of the last connection; nil: there was none.
func (f *fixture) broker() net.Conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.accepted) == 0 {
		return nil
	}
	return f.accepted[len(f.accepted)-1]
}

func setUp(profile netsim.Profile, devices ...string) *fixture {
	f := &fixture{loop: vtime.NewLoop(synctest.Wait), open: true}
	f.sw = New(Config{
		Loop: f.loop, Seed: seed.Seed(1), Listening: func() bool { return f.open },
		Accept: func(c net.Conn) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.accepted = append(f.accepted, c)
		},
		// Packets of a length byte and that many bytes.
		Frame: func(b []byte) int {
			if len(b) == 0 || len(b) < 1+int(b[0]) {
				return 0
			}
			return 1 + int(b[0])
		},
	})
	f.net = f.sw.Network("cell", profile)
	for _, d := range devices {
		f.ports = append(f.ports, f.net.Attach(d))
	}
	return f
}

// during runs body while the loop turns, and takes everything down.
func (f *fixture) during(body func()) {
	go func() {
		defer f.loop.Stop()
		body()
	}()
	f.loop.Run(func() bool { return false })
	f.sw.Close()
}

func (f *fixture) dial(t *testing.T) (device net.Conn, broker net.Conn) {
	t.Helper()
	conn, err := f.ports[0].DialContext(t.Context(), "tcp", "broker:1883")
	require.NoError(t, err)
	return conn, f.broker()
}

func latency(d time.Duration) netsim.Profile {
	return netsim.Profile{Uplink: netsim.Direction{Latency: d}, Downlink: netsim.Direction{Latency: d}}
}

func TestConnectionTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setUp(latency(50*time.Millisecond), "thermo")
		f.during(func() {
			start := time.Now()
			device, broker := f.dial(t)
			require.Equal(t, 100*time.Millisecond, time.Since(start), "set-up takes a round trip")
			require.Equal(t, "thermo", broker.RemoteAddr().String())

			sent := time.Now()
			_, err := device.Write([]byte("\x02hi"))
			require.NoError(t, err)
			got := make([]byte, 3)
			_, err = io.ReadFull(broker, got)
			require.NoError(t, err)
			require.Equal(t, "\x02hi", string(got))
			require.Equal(t, 50*time.Millisecond, time.Since(sent))

			_, err = broker.Write([]byte("answer"))
			require.NoError(t, err)
			require.NoError(t, broker.Close())
			all, err := io.ReadAll(device)
			require.NoError(t, err)
			require.Equal(t, "answer", string(all), "what was written before Close arrives before the end")
			require.NoError(t, device.Close())
			require.ErrorIs(t, device.Close(), net.ErrClosed)
			_, err = device.Write(nil)
			require.ErrorIs(t, err, net.ErrClosed)
		})
		require.Empty(t, f.sw.conns, "a connection that both sides left is forgotten")
	})
}

func TestBrokerGetsOnePacketATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setUp(latency(time.Millisecond), "thermo")
		reads := make(chan string, 10)
		f.during(func() {
			device, broker := f.dial(t)
			go func() {
				buf := make([]byte, 100)
				for {
					n, err := broker.Read(buf)
					if err != nil {
						return
					}
					reads <- string(buf[:n])
				}
			}()
			_, err := device.Write([]byte("\x01a\x01b\x03cde\x02f"))
			require.NoError(t, err)
			time.Sleep(10 * time.Millisecond)
			require.Equal(t, []string{"\x01a", "\x01b", "\x03cde"}, []string{<-reads, <-reads, <-reads})
			require.Empty(t, reads, "half a packet waits for its rest")
			require.NoError(t, device.Close())
			time.Sleep(10 * time.Millisecond)
			require.Equal(t, "\x02f", <-reads, "at the end half a packet goes over as it is")
		})
	})
}

func TestDialFailsAsTCPDoes(t *testing.T) {
	tests := map[string]struct {
		prepare func(*fixture)
		timeout time.Duration
		want    error
		after   time.Duration
	}{
		"broker stopped":  {func(f *fixture) { f.open = false }, time.Hour, syscall.ECONNREFUSED, 100 * time.Millisecond},
		"network down":    {func(f *fixture) { f.net.SetUp(false) }, time.Hour, syscall.ETIMEDOUT, 127 * time.Second},
		"caller gives up": {func(f *fixture) { f.net.SetUp(false) }, 10 * time.Second, context.DeadlineExceeded, 10 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := setUp(latency(50*time.Millisecond), "thermo")
				test.prepare(f)
				f.during(func() {
					ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
					defer cancel()
					start := time.Now()
					_, err := f.ports[0].DialContext(ctx, "tcp", "broker:1883")
					require.ErrorIs(t, err, test.want)
					require.Equal(t, test.after, time.Since(start))
					var op *net.OpError
					require.ErrorAs(t, err, &op)
					require.Equal(t, "broker:1883", op.Addr.String())
				})
				require.Equal(t, !f.open, f.sw.Refused() == 1)
			})
		})
	}
}

func TestDeadlinesMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setUp(netsim.Profile{}, "thermo")
		f.during(func() {
			_, broker := f.dial(t)
			start := time.Now()
			expired := func(want time.Duration) {
				t.Helper()
				_, err := broker.Read(make([]byte, 1))
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				require.Equal(t, want, time.Since(start))
			}
			require.NoError(t, broker.SetDeadline(start.Add(10*time.Second)))
			go func() {
				time.Sleep(9 * time.Second)
				broker.SetReadDeadline(start.Add(20 * time.Second)) // checked by when it expires
			}()
			expired(20 * time.Second)
			require.NoError(t, broker.SetReadDeadline(start.Add(30*time.Second)))
			require.NoError(t, broker.SetReadDeadline(start.Add(25*time.Second)))
			expired(25 * time.Second)
			require.NoError(t, broker.SetReadDeadline(time.Time{}))
			go func() { time.Sleep(time.Hour); broker.Close() }()
			_, err := broker.Read(make([]byte, 1))
			require.ErrorIs(t, err, net.ErrClosed)
			require.ErrorIs(t, broker.SetDeadline(time.Now()), net.ErrClosed)
		})
	})
}

func TestPowerLossIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setUp(latency(10*time.Millisecond), "thermo")
		f.during(func() {
			device, broker := f.dial(t)
			require.NoError(t, broker.SetReadDeadline(time.Now().Add(time.Hour)))
			device.(interface{ Vanish() }).Vanish()
			_, err := device.Read(make([]byte, 1))
			require.ErrorIs(t, err, net.ErrClosed)
			start := time.Now()
			_, err = broker.Write([]byte("are you there?"))
			require.NoError(t, err)
			_, err = broker.Read(make([]byte, 1))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded, "no end of the stream, no reset: nothing")
			require.Equal(t, time.Hour, time.Since(start))
		})
	})
}

func TestWriteWaitsWhileTheBufferIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setUp(latency(time.Millisecond), "thermo")
		f.during(func() {
			device, broker := f.dial(t)
			f.net.SetUp(false)
			_, err := device.Write(make([]byte, sendBuffer))
			require.NoError(t, err, "what begins below the limit is taken whole")
			require.NoError(t, device.SetWriteDeadline(time.Now().Add(time.Minute)))
			_, err = device.Write([]byte{0})
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.NoError(t, device.SetWriteDeadline(time.Time{}))
			start := time.Now()
			go func() { time.Sleep(time.Minute); f.net.SetUp(true) }()
			_, err = device.Write([]byte{0})
			require.NoError(t, err)
			require.GreaterOrEqual(t, time.Since(start), time.Minute)

			// The broker's end never waits: mochi writes under a lock.
			f.net.SetUp(false)
			_, err = broker.Write(make([]byte, 2*sendBuffer))
			require.NoError(t, err)
			start = time.Now()
			go func() { time.Sleep(time.Minute); f.net.SetUp(true) }()
			broker.(interface{ WaitWritable() }).WaitWritable()
			require.GreaterOrEqual(t, time.Since(start), time.Minute)
		})
	})
}

func TestNetworkCountsPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setUp(latency(time.Millisecond), "a", "b")
		idle := f.sw.Network("idle", netsim.Profile{})
		idle.Attach("c")
		f.during(func() {
			before := f.net.Packets()
			device, _ := f.dial(t)
			require.Greater(t, f.net.Packets(), before)
			f.net.SetUp(false)
			before = f.net.Packets()
			_, err := device.Write([]byte("\x00"))
			require.NoError(t, err)
			require.Greater(t, f.net.Packets(), before, "a packet that is lost was offered all the same")
			require.Zero(t, idle.Packets())
			require.False(t, f.net.Up())
			require.Equal(t, time.Millisecond, f.net.Profile().Uplink.Latency)
		})
	})
}
