package twin_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/twintest"
)

// vanisher is a connection that knows how to end without a word.
type vanisher struct {
	net.Conn
	count *int
}

func (v vanisher) Vanish() { *v.count++; v.Conn.Close() }

// vanishing dials pipes to nobody.
func vanishing(count *int) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		c, _ := net.Pipe()
		return vanisher{c, count}, nil
	}
}

// echo dials pipes to a peer that returns what it reads and counts the ends that it sees.
func echo(ends *int) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		device, peer := net.Pipe()
		go func() {
			io.Copy(peer, peer) // the end is what counts
			*ends++
		}()
		return device, nil
	}
}

func TestConn(t *testing.T) {
	ends := 0
	var errs []error
	firmware := func(hw *twin.Hardware) error {
		if hw.ResetCause() != twin.CausePower {
			return idle(hw)
		}
		first, err := hw.DialContext(hw.Context(), "tcp", "broker:1883")
		require.NoError(t, err)
		require.NoError(t, first.SetDeadline(time.Now().Add(time.Second)))
		_, err = first.Write([]byte("ping"))
		require.NoError(t, err)
		p := make([]byte, 4)
		_, err = io.ReadFull(first, p)
		require.NoError(t, err)
		require.Equal(t, "ping", string(p))
		_, err = first.Read(p)
		require.ErrorContains(t, err, "timeout")
		require.NoError(t, first.Close())
		require.ErrorIs(t, second(first.Read(p)), io.ErrClosedPipe) // closed by itself: the network's own error

		c, err := hw.DialContext(hw.Context(), "tcp", "broker:1883")
		require.NoError(t, err)
		errs = append(errs, second(c.Read(p))) // until the end of the boot
		errs = append(errs, second(c.Read(p)), second(c.Write(p)), c.Close(), c.SetDeadline(time.Time{}),
			c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{}))
		return nil
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Dial: echo(&ends)}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Minute)
		require.Equal(t, 1, ends)
		require.Empty(t, errs)
		b.Reset()
		require.Equal(t, 2, ends) // without Vanish it is closed
		require.Len(t, errs, 7)
		for _, err := range errs {
			require.Equal(t, net.ErrClosed, err)
		}
	})
}

func second(_ int, err error) error { return err }

func TestConnVanishesWithTheBoot(t *testing.T) {
	vanished := 0
	firmware := func(hw *twin.Hardware) error {
		for i := range 3 {
			c, err := hw.DialContext(hw.Context(), "tcp", "broker:1883")
			if err != nil {
				return err
			}
			if i == 0 {
				require.NoError(t, c.Close())
			}
		}
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Dial: vanishing(&vanished)}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		require.Zero(t, vanished)
		b.Cut()
		require.Equal(t, 2, vanished)
	})
}

func TestDialErrors(t *testing.T) {
	var errs []error
	refuse := errors.New("connection refused")
	firmware := func(hw *twin.Hardware) error {
		_, err := hw.DialContext(hw.Context(), "tcp", "broker:1883")
		errs = append(errs, err)
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Name: "x", Firmware: firmware}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		require.EqualError(t, errs[0], "twin: x has no network to dial broker:1883 over")
	})
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, refuse }
	twintest.Run(t, twin.Config{Firmware: firmware, Dial: dial}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		require.Equal(t, refuse, errs[1])
	})
}

// The connection is made, but the power goes before the firmware has it.
func TestConnMadeTooLateVanishes(t *testing.T) {
	vanished := 0
	var got error
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		time.Sleep(time.Minute) // deaf to ctx
		c, _ := net.Pipe()
		return vanisher{c, &vanished}, nil
	}
	firmware := func(hw *twin.Hardware) error {
		_, got = hw.DialContext(hw.Context(), "tcp", "broker:1883")
		return got
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Dial: dial}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Second)
		b.Cut()
		b.Wait(time.Hour)
		require.Equal(t, twin.ErrPowerLost, got)
		require.Equal(t, 1, vanished)
	})
}

func TestDialEndsWithTheContext(t *testing.T) {
	var got, ended error
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	firmware := func(hw *twin.Hardware) error {
		ctx, cancel := context.WithTimeout(hw.Context(), time.Second)
		defer cancel()
		_, got = hw.DialContext(ctx, "tcp", "broker:1883")
		_, ended = hw.DialContext(context.Background(), "tcp", "broker:1883")
		return ended
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Dial: dial}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Minute)
		require.ErrorIs(t, got, context.DeadlineExceeded)
		require.NoError(t, ended)
		b.Cut()
		require.Equal(t, twin.ErrPowerLost, ended) // with the boot too
	})
}
