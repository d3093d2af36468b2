package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/require"
)

// clockwork is a wall clock that a test sets.
type clockwork struct{ t time.Time }

func (c *clockwork) now() time.Time { return c.t }

func (c *clockwork) on(d time.Duration) { c.t = c.t.Add(d) }

func TestProgressEstimatesWhatIsLeft(t *testing.T) {
	clock := &clockwork{time.Unix(0, 0)}
	p := newProgress(&bytes.Buffer{}, nil, clock.now)
	p.begin("run", 10)
	_, ok := p.left()
	require.False(t, ok, "nothing is known yet")
	clock.on(10 * time.Second)
	p.done("a", 2, 1, false)
	left, ok := p.left()
	require.True(t, ok)
	require.Equal(t, 40*time.Second, left, "two of ten took ten seconds")
	require.Equal(t, "2 of 10 runs, 1 failed, 40s left", p.words())

	p.at("b", 0.5, "")
	p.at("c", 0.5, "")
	left, _ = p.left()
	require.InDelta(t, 70.0/3, left.Seconds(), 0.001, "three have been done in all")

	p.done("b", 1, 0, false)
	p.done("c", 1, 0, false)
	p.done("", 2, 0, true) // known: they say nothing of the others
	left, _ = p.left()
	require.Equal(t, 10*time.Second, left, "four of the eight that are to be done took ten seconds")
	p.done("d", 4, 0, false)
	require.Equal(t, "10 of 10 runs, 1 failed", p.words())
}

func TestProgressWithoutATerminalIsALineNowAndThen(t *testing.T) {
	clock := &clockwork{time.Unix(0, 0)}
	var out bytes.Buffer
	p := newProgress(&out, nil, clock.now)
	p.begin("run", 100)
	for range 99 {
		clock.on(time.Second)
		p.done("", 1, 0, false)
	}
	require.Equal(t, []string{"30 of 100 runs, 1m10s left", "60 of 100 runs, 40s left", "90 of 100 runs, 10s left"}, strings.Split(strings.TrimSpace(out.String()), "\n"))
}

func TestProgressFitsTheTerminal(t *testing.T) {
	for _, columns := range []int{20, 40, 77, 80, 200} {
		clock := &clockwork{time.Unix(0, 0)}
		var out bytes.Buffer
		p := newProgress(&out, func() int { return columns }, clock.now)
		p.begin("run", 3)
		clock.on(time.Minute)
		p.at("a", 0.5, "a scenario with a long name \x1b[2J seed 12345 at 10m: expect mqtt: devices/thermo/telemetry, 温度")
		shown := out.String()
		require.NotContains(t, shown, "\x1b[2J")
		longest := 0
		for line := range strings.SplitSeq(shown, "\r") {
			longest = max(longest, text.StringWidth(strings.TrimRight(line, " ")))
		}
		require.LessOrEqual(t, longest, columns, "%q", shown)
		require.Positive(t, longest)
	}
}
