package memory

import (
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// openSocket opens a socket of the first port, and counts how often it was notified.
func (f *fixture) openSocket(told *atomic.Int32) *Socket {
	return f.ports[0].Open("tcp", "broker:1883", func() { told.Add(1) })
}

// A socket is a connection like any other, but that it tells instead of waiting.
func TestSocketTellsOfWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setUp(latency(50*time.Millisecond), "thermo")
		f.during(func() {
			var told atomic.Int32
			s := f.openSocket(&told)
			connected, err := s.Connected()
			require.False(t, connected)
			require.NoError(t, err)
			_, err = s.Write([]byte("early"))
			require.ErrorIs(t, err, syscall.ENOTCONN)
			time.Sleep(101 * time.Millisecond)
			require.EqualValues(t, 1, told.Load())
			connected, err = s.Connected()
			require.True(t, connected)
			require.NoError(t, err)
			data, err := s.Take()
			require.Empty(t, data)
			require.NoError(t, err)

			broker := f.broker()
			n, err := s.Write([]byte("\x02hi"))
			require.Equal(t, 3, n)
			require.NoError(t, err)
			p := make([]byte, 10)
			n, err = broker.Read(p)
			require.Equal(t, "\x02hi", string(p[:n]))
			require.NoError(t, err)

			broker.Write([]byte("ho"))
			broker.Close()
			time.Sleep(60 * time.Millisecond)
			require.EqualValues(t, 2, told.Load())
			data, err = s.Take()
			require.Equal(t, "ho", string(data))
			require.NoError(t, err)
			_, err = s.Take()
			require.ErrorIs(t, err, io.EOF)
			require.NoError(t, s.Close())
			_, err = s.Take()
			require.ErrorIs(t, err, net.ErrClosed)
		})
	})
}

func TestSocketThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setUp(latency(50*time.Millisecond), "thermo")
		f.open = false
		f.during(func() {
			var told atomic.Int32
			s := f.openSocket(&told)
			time.Sleep(101 * time.Millisecond)
			require.EqualValues(t, 1, told.Load())
			_, err := s.Connected()
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
			require.ErrorContains(t, err, "dial tcp broker:1883")
			require.Equal(t, 1, f.sw.Refused())
		})
	})
}

func TestSocketGivenUpWhileItConnects(t *testing.T) {
	for name, giveUp := range map[string]func(*Socket){"close": func(s *Socket) { s.Close() }, "vanish": (*Socket).Vanish} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := setUp(latency(50*time.Millisecond), "thermo")
				f.during(func() {
					var told atomic.Int32
					s := f.openSocket(&told)
					time.Sleep(10 * time.Millisecond)
					giveUp(s)
					time.Sleep(time.Hour)
					require.Zero(t, told.Load())
					require.Nil(t, f.broker())
					_, err := s.Connected()
					require.ErrorIs(t, err, net.ErrClosed)
				})
			})
		})
	}
}

// The broker's end tells of a deadline too.
func TestTakeAfterADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setUp(latency(0), "thermo")
		f.during(func() {
			_, broker := f.dial(t)
			e := broker.(*end)
			var told atomic.Int32
			e.Notify(func() { told.Add(1) })
			e.SetReadDeadline(time.Now().Add(time.Second))
			time.Sleep(1001 * time.Millisecond)
			require.EqualValues(t, 1, told.Load())
			_, err := e.Take()
			require.ErrorContains(t, err, "i/o timeout")
		})
	})
}

// A write that waits for room ends at its deadline, though there is no timer before it waits.
func TestWriteDeadlineOfAWriteThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setUp(latency(0), "thermo")
		f.during(func() {
			device, _ := f.dial(t)
			f.net.SetUp(false)
			begin := time.Now()
			device.SetWriteDeadline(begin.Add(time.Second))
			_, err := device.Write(make([]byte, sendBuffer))
			require.NoError(t, err)
			_, err = device.Write([]byte("more"))
			require.ErrorContains(t, err, "i/o timeout")
			require.Equal(t, time.Second, time.Since(begin))
			device.SetWriteDeadline(time.Now().Add(time.Hour))
			f.net.SetUp(true)
			_, err = device.Write([]byte("more"))
			require.NoError(t, err)
		})
	})
}
