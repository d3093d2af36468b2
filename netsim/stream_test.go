package netsim_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/netsim"
)

// arrival is what one step of a stream delivered.
type arrival struct {
	At   time.Duration
	Data string
	EOF  bool
	Err  error
}

// run steps s up to and including until, and returns the steps that delivered something.
func run(s *netsim.Stream, until time.Duration) (got []arrival) {
	for {
		now, ok := s.Next()
		if !ok || now > until {
			return got
		}
		data, eof, err := s.Step(now)
		if len(data) > 0 || eof || err != nil {
			got = append(got, arrival{now, string(data), eof, err})
		}
	}
}

func TestStreamOverAPerfectLinkDeliversAtOnce(t *testing.T) {
	s := netsim.NewStream(link(netsim.Direction{}), link(netsim.Direction{}))
	s.Write(5*ms, []byte("hello"))
	require.Equal(t, []arrival{{At: 5 * ms, Data: "hello"}}, run(s, time.Hour))
	require.Zero(t, s.Buffered())
	_, more := s.Next()
	require.False(t, more, "no time-out runs with nothing unacknowledged")
}

func TestStreamTakesOneLatency(t *testing.T) {
	up, down := link(netsim.Direction{Latency: 80 * ms}), link(netsim.Direction{Latency: 40 * ms})
	s := netsim.NewStream(up, down)
	s.Write(0, []byte("hello"))
	require.Equal(t, []arrival{{At: 80 * ms, Data: "hello"}}, run(s, 119*ms))
	require.Equal(t, 5, s.Buffered())
	require.Empty(t, run(s, 120*ms))
	require.Zero(t, s.Buffered())
	require.EqualValues(t, 45, up.Stats().Bytes)
	require.EqualValues(t, 40, down.Stats().Bytes)
}

func TestStreamEndsAfterItsBytes(t *testing.T) {
	s := netsim.NewStream(link(netsim.Direction{Latency: 10 * ms}), link(netsim.Direction{}))
	s.Write(0, []byte("bye"))
	s.CloseWrite(5 * ms)
	s.Write(6*ms, []byte("too late"))
	s.CloseWrite(7 * ms)
	require.Equal(t, []arrival{{At: 10 * ms, Data: "bye"}, {At: 15 * ms, EOF: true}}, run(s, time.Hour))
	_, more := s.Next()
	require.False(t, more)
}

func TestStreamRetransmitsWithDoublingTimeOuts(t *testing.T) {
	// Nothing was measured: 1, 2, 4 s … after the first, that is at 1, 3, 7 and 15 s.
	up, down := link(netsim.Direction{Latency: 10 * ms}), link(netsim.Direction{Latency: 10 * ms})
	s := netsim.NewStream(up, down)
	up.SetUp(false)
	s.Write(0, []byte("hello"))
	require.Empty(t, run(s, 7*time.Second))
	require.EqualValues(t, 4, up.Stats().LostDown)
	up.SetUp(true)
	require.Equal(t, []arrival{{At: 15*time.Second + 10*ms, Data: "hello"}}, run(s, time.Hour))

	// That measured 20 ms (RFC 7323), and so ended the back-off: the time-out is 20 + 200 ms.
	up.SetUp(false)
	s.Write(20*time.Second, []byte("again"))
	at, _ := s.Next()
	require.Equal(t, 20*time.Second+220*ms, at)
	up.SetUp(true)
	require.Equal(t, []arrival{{At: 20*time.Second + 230*ms, Data: "again"}}, run(s, time.Hour))
}

func TestStreamUsesTheSetUpsRoundTrip(t *testing.T) {
	up := link(netsim.Direction{})
	s := netsim.NewStream(up, link(netsim.Direction{}))
	s.Measured(400 * ms)
	up.SetUp(false)
	s.Write(0, []byte("hello"))
	at, _ := s.Next()
	require.Equal(t, 400*ms+4*200*ms, at) // RFC 6298, 2.2
}

func TestStreamDeliversOnceWhenAcknowledgementsAreLost(t *testing.T) {
	up, down := link(netsim.Direction{}), link(netsim.Direction{})
	s := netsim.NewStream(up, down)
	down.SetUp(false)
	s.Write(0, []byte("hello"))
	require.Equal(t, []arrival{{At: 0, Data: "hello"}}, run(s, 3*time.Second))
	require.Equal(t, 5, s.Buffered())
	down.SetUp(true)
	require.Empty(t, run(s, time.Hour))
	require.Zero(t, s.Buffered())
	require.EqualValues(t, 4, up.Stats().Sent) // at 0, 1, 3 and 7 s
}

func TestStreamGivesUp(t *testing.T) {
	tests := []struct {
		name string
		fast bool // a round trip of no time was measured before
		want time.Duration
	}{
		// 1 + 2 + … + 64 s and seven times 120 s: the first time-out after 924.6 s.
		{"nothing measured", false, 967 * time.Second},
		// 0.2 (2¹⁰ − 1) s and six times 120 s, as ip-sysctl says of tcp_retries2.
		{"from the minimum", true, 924600 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			up := link(netsim.Direction{})
			s := netsim.NewStream(up, link(netsim.Direction{}))
			if tt.fast {
				s.Measured(0)
			}
			up.SetUp(false)
			s.Write(0, []byte("hello"))
			require.Equal(t, []arrival{{At: tt.want, Err: syscall.ETIMEDOUT}}, run(s, time.Hour))
			_, more := s.Next()
			require.False(t, more)
			s.Write(time.Hour, []byte("more"))
			s.CloseWrite(time.Hour)
			require.Empty(t, run(s, 2*time.Hour))
			require.Zero(t, s.Buffered())
			_, _, err := s.Step(2 * time.Hour)
			require.NoError(t, err, "the error comes once")
		})
	}
}

func TestStreamGiveUpCountsFromTheLastProgress(t *testing.T) {
	up := link(netsim.Direction{})
	s := netsim.NewStream(up, link(netsim.Direction{}))
	s.Write(0, []byte("a"))
	require.Len(t, run(s, 0), 1)
	up.SetUp(false)
	s.Write(time.Hour, []byte("b"))
	require.Empty(t, run(s, time.Hour+924*time.Second))
	require.Equal(t, []arrival{{At: time.Hour + 924600*ms, Err: syscall.ETIMEDOUT}}, run(s, 2*time.Hour))
}

func TestStreamSegmentsAtARate(t *testing.T) {
	// 8 kbit/s is 1000 bytes/s: a full segment of 1500 bytes takes 1.5 s, the rest of 80 + 40 bytes 0.12 s.
	up := link(netsim.Direction{Rate: 8000})
	s := netsim.NewStream(up, link(netsim.Direction{}))
	s.Measured(2 * time.Second) // so that no time-out comes before the acknowledgement
	s.Write(0, make([]byte, 3000))
	var at []time.Duration
	var sizes []int
	for _, a := range run(s, time.Minute) {
		at, sizes = append(at, a.At), append(sizes, len(a.Data))
	}
	require.Equal(t, []time.Duration{1500 * ms, 3000 * ms, 3120 * ms}, at)
	require.Equal(t, []int{1460, 1460, 80}, sizes)
	require.EqualValues(t, 3, up.Stats().Sent)
}

func TestStreamStartsSlowly(t *testing.T) {
	// RFC 6928 and RFC 5681: 10 segments, then twice as many with each round trip of 100 ms.
	up := link(netsim.Direction{Latency: 50 * ms})
	s := netsim.NewStream(up, link(netsim.Direction{Latency: 50 * ms}))
	s.Write(0, make([]byte, 60*1460))
	require.EqualValues(t, 10, up.Stats().Sent)
	run(s, 100*ms)
	require.EqualValues(t, 30, up.Stats().Sent)
	run(s, 200*ms)
	require.EqualValues(t, 60, up.Stats().Sent)
}

func TestStreamKeepsWhatCameAhead(t *testing.T) {
	// The first segment is lost, the second arrives: the retransmission of the first delivers both.
	up := link(netsim.Direction{Latency: 10 * ms})
	s := netsim.NewStream(up, link(netsim.Direction{}))
	up.SetUp(false)
	s.Write(0, []byte("first "))
	up.SetUp(true)
	s.Write(1*ms, []byte("second"))
	require.Equal(t, []arrival{{At: 1010 * ms, Data: "first second"}}, run(s, time.Hour))
}

func TestStreamStepComingLateDoesAllThatIsDue(t *testing.T) {
	s := netsim.NewStream(link(netsim.Direction{Latency: 10 * ms}), link(netsim.Direction{Latency: 10 * ms}))
	s.Write(0, []byte("a"))
	s.Write(1*ms, []byte("b"))
	s.CloseWrite(2 * ms)
	data, eof, err := s.Step(40 * ms)
	require.NoError(t, err)
	require.True(t, eof)
	require.Equal(t, "ab", string(data))
	at, _ := s.Next()
	require.Equal(t, 50*ms, at, "acknowledged when it was taken in")
}

func TestStreamEstimatesTheRoundTrip(t *testing.T) {
	// RFC 6298, 2.2 and 2.3: 100 ms gives SRTT 100 and RTTVAR 50; 300 ms then RTTVAR 3/4 · 50 + 1/4 · 200
	// = 87.5 and SRTT 7/8 · 100 + 1/8 · 300 = 125; the time-out is SRTT + 4 RTTVAR.
	up := link(netsim.Direction{})
	s := netsim.NewStream(up, link(netsim.Direction{}))
	s.Measured(100 * ms)
	s.Measured(300 * ms)
	up.SetUp(false)
	s.Write(0, []byte("hello"))
	at, _ := s.Next()
	require.Equal(t, 475*ms, at)
}

func TestStreamStartsAgainWithOneSegment(t *testing.T) {
	// RFC 5681, 3.1: a time-out leaves a window of one segment.
	up := link(netsim.Direction{})
	s := netsim.NewStream(up, link(netsim.Direction{}))
	up.SetUp(false)
	s.Write(0, make([]byte, 10*1460))
	require.EqualValues(t, 10, up.Stats().Sent)
	run(s, time.Second)
	require.EqualValues(t, 11, up.Stats().Sent)
}
