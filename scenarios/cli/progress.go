package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"

	"github.com/twinrig/twinrig/internal/visible"
)

// plainEvery is how often a line tells of the progress where there is no terminal.
const plainEvery = 30 * time.Second

// progress shows how far the runs are and how long they still take: a live line on a terminal, a plain line now and
// then elsewhere. It is not safe for concurrent use.
type progress struct {
	w       io.Writer
	columns func() int       // of the terminal; nil: there is none
	now     func() time.Time // the wall clock
	bar     *progressbar.ProgressBar
	start   time.Time
	last    time.Time // when it was shown
	unit    string    // what is counted: run, cut
	total   int
	ended   int
	failed  int
	skipped int                // of ended, those that took no time: their results were known
	active  map[string]float64 // how far each is that is under way, 0 to 1
}

func newProgress(w io.Writer, columns func() int, now func() time.Time) *progress {
	return &progress{w: w, columns: columns, now: now}
}

// begin begins to count anew.
func (p *progress) begin(unit string, total int) {
	p.clear()
	p.start, p.last = p.now(), p.now()
	p.unit, p.total, p.ended, p.failed, p.skipped, p.active = unit, total, 0, 0, 0, map[string]float64{}
	if p.columns != nil {
		p.bar = progressbar.NewOptions(1000, progressbar.OptionSetWriter(p.w), progressbar.OptionSetWidth(barWidth(p.columns())), progressbar.OptionSetPredictTime(false),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetElapsedTime(false), progressbar.OptionEnableColorCodes(false), progressbar.OptionThrottle(50*time.Millisecond))
	}
}

// barWidth is that of the bar on a terminal with so many columns.
func barWidth(columns int) int { return max(5, min(20, columns/5)) }

// barMargin is what the line has beside the bar and the words: the per cent, the bar's ends, spaces.
const barMargin = 10

// at takes note that a run is so far, and what it does.
func (p *progress) at(which string, share float64, doing string) {
	p.active[which] = min(max(share, 0), 1)
	p.show(doing)
}

// done takes note that n runs ended, of which so many failed; known: their results were known before.
func (p *progress) done(which string, n, failed int, known bool) {
	delete(p.active, which)
	p.ended += n
	p.failed += failed
	if known {
		p.skipped += n
	}
	p.show("")
}

// share returns how much is done, and of what had to be done, 0 to 1.
func (p *progress) share() (all, real float64) {
	running := 0.0
	for _, x := range p.active {
		running += x
	}
	if p.total == 0 || p.total == p.skipped {
		return 1, 1
	}
	all = (float64(p.ended) + running) / float64(p.total)
	return all, (float64(p.ended-p.skipped) + running) / float64(p.total-p.skipped)
}

// left estimates how long the rest takes, from what was done so far; false: it is too early to say.
func (p *progress) left() (time.Duration, bool) {
	_, real := p.share()
	spent := p.now().Sub(p.start)
	if real < 0.02 || spent < time.Second {
		return 0, false
	}
	return time.Duration(float64(spent) * (1 - real) / real), true
}

// words says it all in one line: 90 of 200 runs, 2 failed, 1m20s left.
func (p *progress) words() string {
	words := fmt.Sprintf("%d of %s", p.ended, plural(p.total, p.unit))
	if p.failed > 0 {
		words += fmt.Sprintf(", %d failed", p.failed)
	}
	if left, ok := p.left(); ok && p.ended < p.total {
		words += fmt.Sprintf(", %s left", max(time.Second, left.Round(time.Second)))
	}
	return words
}

func (p *progress) show(doing string) {
	if p.bar == nil {
		if now := p.now(); now.Sub(p.last) >= plainEvery {
			p.last = now
			fmt.Fprintln(p.w, p.words())
		}
		return
	}
	if doing == "" && p.ended == p.total {
		return
	}
	columns := p.columns()
	room := columns - barWidth(columns) - barMargin
	line := doing
	if p.total > 1 {
		line = strings.TrimSuffix(p.words()+"  "+doing, "  ")
	}
	line = visible.Line(line)
	if text.StringWidth(line) > room {
		line = text.Trim(line, max(0, room-1)) + "…"
	}
	p.bar.Describe(text.Pad(line, room, ' '))
	all, _ := p.share()
	p.bar.Set(int(1000 * min(all, 0.999))) //nolint:errcheck // a progress bar is no loss
}

// clear takes the live line away.
func (p *progress) clear() {
	if p.bar != nil {
		p.bar.Clear() //nolint:errcheck // a progress bar is no loss
	}
}
