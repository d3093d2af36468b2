package netsim_test

import (
	"bytes"
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/netsim"
)

func drawDirection(t *rapid.T, name string) netsim.Direction {
	d := netsim.Direction{
		Latency: time.Duration(rapid.Int64Range(0, int64(800*ms)).Draw(t, name+" latency")),
		Loss:    rapid.Float64Range(0, 0.4).Draw(t, name+" loss"),
		Limit:   rapid.SampledFrom([]int{0, 0, 3, 20}).Draw(t, name+" limit"),
		Rate:    rapid.SampledFrom([]int64{0, 0, 9600, 250_000, 10_000_000}).Draw(t, name+" rate"),
	}
	d.Jitter = time.Duration(rapid.Int64Range(0, int64(d.Latency)).Draw(t, name+" jitter"))
	return d
}

// happening is what acts on a stream from outside at an instant.
type happening struct {
	at    time.Duration
	write int // bytes
	up    *bool
}

func drawHappenings(t *rapid.T) []happening {
	var all []happening
	at := time.Duration(0)
	for range rapid.IntRange(1, 25).Draw(t, "happenings") {
		at += time.Duration(rapid.Int64Range(0, int64(5*time.Second)).Draw(t, "after"))
		h := happening{at: at}
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			up := rapid.Bool().Draw(t, "up")
			h.up = &up
		} else {
			h.write = rapid.IntRange(1, 6000).Draw(t, "bytes")
		}
		all = append(all, h)
	}
	up := true
	return append(all, happening{at: at, up: &up})
}

// played is what came of happenings.
type played struct {
	sent, got []byte
	arrivals  []arrival
	ended     int
	gaveUp    bool
	stats     [2]netsim.Stats
}

// play runs a stream through what happens, then closes it and runs it to its end. Where it coasts it looks at no
// acknowledgement before it must.
func play(t *rapid.T, up, down netsim.Direction, all []happening, coast bool) played {
	var p played
	data := netsim.NewLink(up, named(7, "up"))
	ack := netsim.NewLink(down, named(7, "down"))
	s := netsim.NewStream(data, ack)
	written := map[int]time.Duration{} // position after a write, and when it was
	step := func(until time.Duration) {
		for {
			now, ok := s.Next()
			if !ok || now > until || coast && s.Coasting() {
				return
			}
			bytes, eof, err := s.Step(now)
			if err != nil { // a lossy link can be that unlucky
				if !errors.Is(err, syscall.ETIMEDOUT) || now < 924600*ms {
					t.Fatalf("ended at %v: %v", now, err)
				}
				p.gaveUp = true
				return
			}
			p.got = append(p.got, bytes...)
			if eof {
				p.ended++
			}
			if len(bytes) > 0 || eof {
				p.arrivals = append(p.arrivals, arrival{At: now, Data: string(bytes), EOF: eof})
			}
			for end, at := range written {
				if len(p.got) >= end {
					if earliest := at + up.Latency - up.Jitter; now < earliest {
						t.Fatalf("bytes of %v came at %v, before %v", at, now, earliest)
					}
					delete(written, end)
				}
			}
		}
	}
	for _, h := range all {
		// What is due at the same instant comes first, as at a switch that steps before it acts.
		step(h.at)
		if h.up != nil {
			data.SetUp(*h.up)
			ack.SetUp(*h.up)
			continue
		}
		chunk := make([]byte, h.write)
		for i := range chunk {
			chunk[i] = byte((len(p.sent) + i) * 31 >> 3)
		}
		p.sent = append(p.sent, chunk...)
		written[len(p.sent)] = h.at
		s.Settle(h.at)
		s.Write(h.at, chunk)
		clear(chunk) // the stream copied it
	}
	s.Settle(all[len(all)-1].at)
	s.CloseWrite(all[len(all)-1].at)
	step(1 << 60)
	s.Settle(1 << 60)
	if !p.gaveUp && (s.Buffered() != 0 || len(written) != 0) {
		t.Fatalf("%d bytes are left", s.Buffered())
	}
	p.stats = [2]netsim.Stats{data.Stats(), ack.Stats()}
	return p
}

func TestStreamProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		up, down := drawDirection(t, "up"), drawDirection(t, "down")
		all := drawHappenings(t)
		p := play(t, up, down, all, false)
		if !bytes.HasPrefix(p.sent, p.got) || !p.gaveUp && len(p.sent) != len(p.got) {
			t.Fatalf("%d bytes sent, %d came, or others", len(p.sent), len(p.got))
		}
		if p.gaveUp {
			return
		}
		if p.ended != 1 || !p.arrivals[len(p.arrivals)-1].EOF {
			t.Fatalf("the end came %d times, or not last", p.ended)
		}
		again := play(t, up, down, all, true)
		if !slices.Equal(p.arrivals, again.arrivals) || p.stats != again.stats {
			t.Fatal("a repetition that coasts differs")
		}
	})
}

func TestLinkNeverExceedsItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDirection(t, "link")
		d.Rate = rapid.Int64Range(8, 1_000_000).Draw(t, "rate")
		l := netsim.NewLink(d, named(7, "link"))
		var now, last time.Duration
		for range 100 {
			now += time.Duration(rapid.Int64Range(0, int64(50*ms)).Draw(t, "gap"))
			size := rapid.IntRange(1, 1500).Draw(t, "size")
			fate := l.Send(now, size)
			if fate.Lost {
				continue
			}
			// No packet arrives sooner than its own time on the line after the one before it.
			line := time.Duration(int64(size) * int64(time.Second) / (d.Rate / 8))
			if fate.At < last+line || fate.At < now+d.Latency-d.Jitter {
				t.Fatalf("sent at %v, arrived at %v, the one before at %v; %v on the line", now, fate.At, last, line)
			}
			last = fate.At
		}
	})
}

func TestLinkNeverHoldsMoreThanItsLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDirection(t, "link")
		d.Limit = rapid.IntRange(1, 30).Draw(t, "limit")
		l := netsim.NewLink(d, named(7, "link"))
		var now time.Duration
		var under []time.Duration
		for range 200 {
			now += time.Duration(rapid.Int64Range(0, int64(20*ms)).Draw(t, "gap"))
			under = slices.DeleteFunc(under, func(at time.Duration) bool { return at <= now })
			fate := l.Send(now, 100)
			if full := len(under) >= d.Limit; !fate.Lost && full || fate.Cause == netsim.CauseLimit && !full {
				t.Fatalf("%+v with %d of %d queued", fate, len(under), d.Limit)
			}
			if !fate.Lost {
				under = append(under, fate.At)
			}
		}
	})
}

func TestStreamDrawsAreItsLinksOwn(t *testing.T) {
	// A second device's link, with other names, changes nothing for the first.
	deliveries := func(others int) []arrival {
		s := netsim.NewStream(netsim.NewLink(netsim.Direction{Latency: 20 * ms, Loss: 0.3}, named(seed.Seed(3), "a")), link(netsim.Direction{}))
		for i := range others {
			other := netsim.NewLink(netsim.Direction{Loss: 0.5}, named(seed.Seed(3), "b"))
			other.Send(time.Duration(i), 100)
		}
		for range 20 {
			s.Write(0, []byte("reading"))
		}
		return run(s, time.Hour)
	}
	require.Equal(t, deliveries(0), deliveries(10))
}

func BenchmarkStream(b *testing.B) {
	d := netsim.Direction{Latency: 50 * ms, Jitter: 10 * ms, Loss: 0.01}
	s := netsim.NewStream(link(d), link(d))
	payload := make([]byte, 120)
	b.ReportAllocs()
	for i := range b.N {
		now := time.Duration(i) * time.Second
		s.Write(now, payload)
		for at, ok := s.Next(); ok && at < now+time.Second; at, ok = s.Next() {
			s.Step(at)
		}
	}
}
