package netsim

import "time"

// What the model takes from TCP as Linux does it by default.
const (
	segmentSize = 1460 // bytes of data in a full segment (MSS): 1500 less the headers
	headerSize  = 40   // bytes of IPv4 and TCP headers, without options

	initialRTO = time.Second            // before a round trip was measured (RFC 6298, 2.1)
	minRTO     = 200 * time.Millisecond // TCP_RTO_MIN
	maxRTO     = 120 * time.Second      // TCP_RTO_MAX

	// A connection is given up at the first time-out this long after the last progress: what
	// tcp_retries2 = 15 time-outs from minRTO on come to (ip-sysctl, tcp_retries2).
	giveUpAfter = 924600 * time.Millisecond

	initialWindow = 10 * segmentSize // bytes (RFC 6928)
	synRetries    = 6                // tcp_syn_retries: given up after 127 s
)

// roundTrip estimates the round trip and the retransmission time-out (RFC 6298). As in Linux the
// minimum bounds the variance's term: the time-out never comes near a steady round trip.
type roundTrip struct {
	srtt, rttvar time.Duration
	measured     bool
	rto          time.Duration
}

func newRoundTrip() roundTrip { return roundTrip{rto: initialRTO} }

// sample takes in a measured round trip (RFC 6298, 2.2 and 2.3); it ends a back-off.
func (r *roundTrip) sample(rtt time.Duration) {
	rtt = max(0, rtt)
	if !r.measured {
		r.srtt, r.rttvar, r.measured = rtt, rtt/2, true
	} else {
		r.rttvar += ((r.srtt - rtt).Abs() - r.rttvar) / 4
		r.srtt += (rtt - r.srtt) / 8
	}
	r.rto = min(r.srtt+max(minRTO, 4*r.rttvar), maxRTO)
}

// backOff doubles the time-out (RFC 6298, 5.5).
func (r *roundTrip) backOff() { r.rto = min(2*r.rto, maxRTO) }
