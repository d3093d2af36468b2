package netsim

import (
	"math"
	"time"
)

// Rand is a stream of random numbers, as *math/rand/v2.Rand is one. Decisions take 32 bits at a
// time, as the kernel's do.
type Rand interface {
	Uint32() uint32
}

// Cause says why a packet was lost.
type Cause string

// The causes.
const (
	CauseLoss  Cause = "loss"  // the profile's loss
	CauseLimit Cause = "limit" // the queue was full
	CauseDown  Cause = "down"  // the link was down
)

// Fate is what becomes of a packet.
type Fate struct {
	At    time.Duration // when it arrives at the far end; 0 if Lost
	Lost  bool
	Cause Cause // why it was lost; "" if it was not
}

// Stats counts packets since a Link was made.
type Stats struct {
	Sent      uint64 // offered to the link, lost ones included
	Bytes     uint64 // of all packets of Sent
	Lost      uint64 // by the profile's loss
	LostLimit uint64 // because the queue was full
	LostDown  uint64 // because the link was down
	Delayed   uint64 // arrived later than they were sent
}

const (
	defaultLimit = 1000           // packets, as tc-netem(8)
	maxJitter    = math.MaxInt32  // ns; sch_netem.c keeps it in 31 bits
	maxDraw      = math.MaxUint32 // a probability of 1
)

// Link is one direction of a link, after Linux's sch_netem.c without a child qdisc. It decides each
// packet's fate when the packet is sent.
//
// Loss and jitter draw from streams of their own, so that switching one on never shifts the other's.
type Link struct {
	loss, jitter Rand
	profile      Direction
	threshold    uint32 // of loss, in units of 1/maxDraw
	up           bool
	now          time.Duration
	queued       queue[struct{}] // packets that have not arrived
	stats        Stats
}

// NewLink returns a link that is up. stream is called once for each purpose, "loss" and "jitter".
func NewLink(d Direction, stream func(purpose string) Rand) *Link {
	l := &Link{loss: stream("loss"), jitter: stream("jitter"), up: true}
	l.Set(d)
	return l
}

// Set changes the profile, for packets sent from now on. Values out of a field's range count as the
// nearest that is in it.
func (l *Link) Set(d Direction) {
	d.Latency = max(0, d.Latency)
	d.Jitter = min(max(0, d.Jitter), maxJitter)
	if d.Limit <= 0 {
		d.Limit = defaultLimit
	}
	l.profile = d
	l.threshold = uint32(math.RoundToEven(min(max(0, d.Loss), 1) * maxDraw))
}

// SetUp takes the link up or down. While it is down every packet sent is lost, without a draw;
// packets under way still arrive.
func (l *Link) SetUp(up bool) { l.up = up }

// Stats returns the counts so far.
func (l *Link) Stats() Stats { return l.stats }

// Send sends a packet of so many bytes, headers included, and returns its fate. Time never goes
// back: a now before that of the last call counts as that.
func (l *Link) Send(now time.Duration, bytes int) Fate {
	l.now = max(l.now, now)
	l.stats.Sent++
	l.stats.Bytes += uint64(bytes)
	for ok := true; ok; {
		_, ok = l.queued.pop(l.now) // what departs at an instant makes room before what is sent at it
	}
	switch {
	case !l.up:
		l.stats.LostDown++
		return Fate{Lost: true, Cause: CauseDown}
	case l.threshold > 0 && l.loss.Uint32() <= l.threshold:
		l.stats.Lost++
		return Fate{Lost: true, Cause: CauseLoss}
	case l.queued.len() >= l.profile.Limit:
		l.stats.LostLimit++
		return Fate{Lost: true, Cause: CauseLimit}
	}
	at := l.arrival(bytes)
	if at > l.now {
		l.stats.Delayed++
		l.queued.push(at, struct{}{})
	}
	return Fate{At: at}
}

// arrival is the time part of netem_enqueue: with a rate, a packet starts when the last one queued
// has left, and its latency runs while it waits for that.
func (l *Link) arrival(bytes int) time.Duration {
	start, delay := l.now, l.delay()
	if l.profile.Rate > 0 {
		if l.queued.len() > 0 {
			last := l.queued.last()
			delay = max(0, delay-(last-start))
			start = last
		}
		delay += time.Duration(int64(bytes) * int64(time.Second) / max(1, l.profile.Rate/8))
	}
	return start + max(0, delay)
}

// delay is tabledist of sch_netem.c without a table: uniform.
func (l *Link) delay() time.Duration {
	mu, sigma := l.profile.Latency, l.profile.Jitter
	if sigma == 0 {
		return mu
	}
	return time.Duration(l.jitter.Uint32()%(2*uint32(sigma))) + mu - sigma
}
