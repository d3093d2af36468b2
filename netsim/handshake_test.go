package netsim_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/netsim"
)

// connect runs a handshake to its end; at is called before each step and may change the links.
func connect(h *netsim.Handshake, start time.Duration, at func(now time.Duration)) (end time.Duration, err error) {
	h.Start(start)
	for {
		now, ok := h.Next()
		if !ok {
			panic("a handshake that has not ended has a next step")
		}
		at(now)
		if done, err := h.Step(now); done || err != nil {
			return now, err
		}
	}
}

func TestHandshake(t *testing.T) {
	const s = time.Second
	// A step due at the very instant at which the link comes up finds it up.
	tests := []struct {
		name   string
		up     netsim.Direction
		down   netsim.Direction
		upAt   time.Duration // the links are down before
		wantAt time.Duration
		rtt    time.Duration // 0: not measured
		err    error
	}{
		{name: "perfect", wantAt: 0},
		{name: "one round trip", up: netsim.Direction{Latency: 70 * ms}, down: netsim.Direction{Latency: 30 * ms}, wantAt: 100 * ms, rtt: 100 * ms},
		{name: "40 bytes each way at 3200 bit/s", up: netsim.Direction{Rate: 3200}, down: netsim.Direction{Rate: 3200}, wantAt: 200 * ms, rtt: 200 * ms},
		{name: "the second SYN", up: netsim.Direction{Latency: 70 * ms}, upAt: s / 2, wantAt: s + 70*ms},
		{name: "the third", upAt: s + 1, wantAt: 3 * s},
		{name: "the seventh and last", upAt: 62 * s, wantAt: 63 * s},
		{name: "over a perfect link at the very instant", upAt: 63 * s, wantAt: 63 * s},
		{name: "given up", upAt: 64 * s, wantAt: 127 * s, err: syscall.ETIMEDOUT},
		{name: "a round trip of 2.5 s", up: netsim.Direction{Latency: 2500 * ms}, wantAt: 2500 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			const start = time.Hour
			up, down := link(tt.up), link(tt.down)
			state := func(now time.Duration) {
				up.SetUp(now >= start+tt.upAt)
				down.SetUp(now >= start+tt.upAt)
			}
			state(start)
			h := netsim.NewHandshake(up, down)
			end, err := connect(h, start, state)
			require.ErrorIs(t, err, tt.err)
			require.Equal(t, start+tt.wantAt, end)
			rtt, ok := h.RoundTrip()
			if tt.rtt > 0 {
				require.True(t, ok)
				require.Equal(t, tt.rtt, rtt)
			}
			if tt.upAt > 0 || tt.wantAt > s {
				require.False(t, ok, "an answer to one of two SYNs measures nothing")
			}
			_, more := h.Next()
			require.False(t, more)
			done, err := h.Step(end + s)
			require.False(t, done)
			require.NoError(t, err)
		})
	}
}

func TestHandshakeSurvivesALostAnswer(t *testing.T) {
	up, down := link(netsim.Direction{Latency: 10 * ms}), link(netsim.Direction{Latency: 10 * ms})
	down.SetUp(false)
	end, err := connect(netsim.NewHandshake(up, down), 0, func(now time.Duration) { down.SetUp(now > 500*ms) })
	require.NoError(t, err)
	require.Equal(t, time.Second+20*ms, end)
	require.EqualValues(t, 2, up.Stats().Sent)
	require.EqualValues(t, 1, down.Stats().LostDown)
}
