package html

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/need"
)

// browserPatience bounds a test in the browser, on a busy machine under the race detector.
const browserPatience = 2 * time.Minute

// browse starts a browser, which ends with the test.
func browse(t testing.TB) context.Context {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(need.Program(t, "chromium")), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-dev-shm-usage", true))
	allocated, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx))
	return ctx
}

// tab is a report in a tab of the browser.
type tab struct {
	t      testing.TB
	ctx    context.Context
	mu     sync.Mutex
	wrong  []string // what the console says
	loaded []string // what it asked for, beside the page itself
}

// open opens a report in a window of that size and waits until it is drawn.
func open(t testing.TB, browser context.Context, address string, width, height int64, dark bool) *tab {
	tabbed, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	ctx, end := context.WithTimeout(tabbed, browserPatience)
	t.Cleanup(end)
	p := &tab{t: t, ctx: ctx}
	require.NoError(t, chromedp.Do(tabbed))
	require.NoError(t, chromedp.Listen(tabbed, p.heard))
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, height),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			return err
		}),
		chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("html[data-ready]"))))
	return p
}

func (p *tab) heard(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		p.wrong = append(p.wrong, fmt.Sprint("console.", e.Type))
	case *runtime.EventExceptionThrown:
		p.wrong = append(p.wrong, e.ExceptionDetails.Text+" "+fmt.Sprint(e.ExceptionDetails.LineNumber))
	case *log.EventEntryAdded:
		p.wrong = append(p.wrong, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "file://") {
			p.loaded = append(p.loaded, e.Request.URL)
		}
	}
}

// clean fails the test where the page complained or asked for anything.
func (p *tab) clean() {
	p.mu.Lock()
	defer p.mu.Unlock()
	require.Empty(p.t, p.wrong, "on the console")
	require.Empty(p.t, p.loaded, "over the network")
}

// get evaluates an expression of JavaScript.
func get[T any](p *tab, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	require.NoError(p.t, err, expression)
	return v
}

// until waits until an expression is true: drawing waits for the next frame.
func (p *tab) until(expression string) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](expression))
	require.NoError(p.t, err, "it never came to be: %s", expression)
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, actions...))
}

// span is how much of the run the diagrams show, in seconds.
func (p *tab) span() float64 { return get[float64](p, `(twinrig.view.to - twinrig.view.from) / 1e6`) }

// mouse acts at a share of the timeline's width, behind the names of its lanes.
func (p *tab) mouse(kind input.DispatchMouseEventType, share float64, with ...chromedp.MouseOption) chromedp.Action[chromedp.Void] {
	box := get[[]float64](p, `(() => {
		const c = document.getElementById('canvas');
		c.scrollIntoView({block: 'center'});
		const b = c.getBoundingClientRect();
		const gutter = b.width < 620 ? 86 : 168;
		return [b.left + gutter, b.width - gutter, b.top + b.height / 2];
	})()`)
	return chromedp.MouseEvent(kind, box[0]+share*box[1], box[2], with...)
}

func TestReportInABrowser(t *testing.T) {
	browser := browse(t)
	t.Run("zoom", func(t *testing.T) { testZoom(t, browser) })
	t.Run("cursor", func(t *testing.T) { testCursor(t, browser) })
	t.Run("fleet", func(t *testing.T) { testFleet(t, browser) })
	t.Run("hostile", func(t *testing.T) { testHostile(t, browser) })
	t.Run("narrow", func(t *testing.T) { testNarrow(t, browser) })
	t.Run("line numbers", func(t *testing.T) { testLineNumbers(t, browser) })
	t.Run("long", func(t *testing.T) { testLong(t, browser) })
}

func testZoom(t *testing.T, browser context.Context) {
	p := open(t, browser, room().write(t), 1280, 900, false)
	require.InDelta(t, 3601, p.span(), 0.001)
	p.do(chromedp.Click(chromedp.CSS("#zoom-in")))
	p.until(`twinrig.view.to - twinrig.view.from < 2200e6`)
	p.do(chromedp.Click(chromedp.CSS("#zoom-fit")))
	require.InDelta(t, 3601, p.span(), 0.001)

	left := func(e *input.DispatchMouseEventParams) {
		e.Button, e.Buttons, e.ClickCount = input.MouseButtonLeft, 1, 1
	}
	p.do(p.mouse(input.DispatchMouseEventTypeMousePressed, 0.25, left), p.mouse(input.DispatchMouseEventTypeMouseMoved, 0.4, left), p.mouse(input.DispatchMouseEventTypeMouseMoved, 0.5, left), p.mouse(input.DispatchMouseEventTypeMouseReleased, 0.5, left))
	require.InDelta(t, 900, p.span(), 20, "what was dragged over, a quarter of the run")
	require.InDelta(t, 900, get[float64](p, `twinrig.view.from / 1e6`), 20)

	p.do(p.mouse(input.DispatchMouseEventTypeMouseWheel, 0.5, func(e *input.DispatchMouseEventParams) { e.DeltaX, e.DeltaY = 1e-9, -100 }))
	p.until(`twinrig.view.to - twinrig.view.from < 700e6`)
	p.do(chromedp.KeyEvent("+"))
	p.until(`twinrig.view.to - twinrig.view.from < 420e6`)
	from := get[float64](p, `twinrig.view.from`)
	p.do(chromedp.KeyEvent(kb.ArrowRight))
	p.until(fmt.Sprintf(`twinrig.view.from > %f`, from))
	p.do(chromedp.KeyEvent("f"))
	p.until(`twinrig.view.cursor === 1205e6`)

	want := get[[]float64](p, `[twinrig.view.from / 1e6, twinrig.view.to / 1e6]`)
	p.until(fmt.Sprintf(`twinrig.plots.every((p) => Math.abs(p.plot().scales.x.min - %f) < 1 && Math.abs(p.plot().scales.x.max - %f) < 1)`, want[0], want[1]))
	p.do(chromedp.KeyEvent("0"))
	p.until(`twinrig.view.from === 0 && twinrig.plots.every((p) => p.plot().scales.x.min === 0)`)
	p.clean()
}

func testCursor(t *testing.T, browser context.Context) {
	p := open(t, browser, room().write(t), 1280, 900, true)
	require.Contains(t, get[string](p, `document.querySelector('.failure').innerText`), "the room went offline")
	require.Contains(t, get[string](p, `document.querySelector('.source').innerText`), "the room went offline")
	require.Contains(t, get[string](p, `document.getElementById('cursor-time').textContent`), "20m05", "it stands at the failure")

	get[bool](p, `(twinrig.view.kept = false, true)`) // as Escape does
	p.do(p.mouse(input.DispatchMouseEventTypeMouseMoved, 0.5))
	p.until(`document.getElementById('cursor-log').innerText.includes('devices/room/telemetry {"seq":1')`)
	values := get[string](p, `document.getElementById('cursor-values').innerText`)
	for _, want := range []string{"wait 1h", "network cell\ndown", "room power\nrunning", "room session\noffline", "room HEATER\n"} {
		require.Contains(t, values, want)
	}
	require.Contains(t, get[string](p, `document.getElementById('plots').innerText`), "sensor 2", "the value at the cursor")
	p.do(chromedp.Click(chromedp.CSS(".nearest .jump")))
	p.until(`twinrig.view.cursor === 1210e6`)
	p.clean()
}

func testFleet(t *testing.T, browser context.Context) {
	p := open(t, browser, crowd(60).write(t), 1280, 900, false)
	require.Equal(t, 1.0, get[float64](p, `twinrig.doc.fleets.length`))
	require.Equal(t, 60.0, get[float64](p, `twinrig.doc.fleets[0].rows`))
	require.Len(t, get[[]string](p, `twinrig.doc.groups`), 1, "members have no lanes")
	dark := `(() => { const c = document.getElementById('heat-0'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; const seen = new Set(); for (let i = 0; i < d.length; i += 4) seen.add(d[i] << 16 | d[i+1] << 8 | d[i+2]); return seen.size; })()`
	require.Greater(t, get[float64](p, dark), 3.0, "the heat map has colours")
	p.do(chromedp.Click(chromedp.CSS(`button[data-layer="away"]`)))
	require.Contains(t, get[string](p, `document.getElementById('scale-0').textContent`), "connected")
	require.Contains(t, get[string](p, `document.querySelector('.fleets table').innerText`), "messages sent")
	p.clean()
}

func testHostile(t *testing.T, browser context.Context) {
	p := open(t, browser, hostile().write(t), 390, 844, false)
	p.do(p.mouse(input.DispatchMouseEventTypeMouseMoved, 0.6))
	p.until(`document.getElementById('cursor-log').innerText.includes('</script>')`)
	require.Equal(t, "undefined", get[string](p, `typeof window.hacked`))
	require.Zero(t, get[float64](p, `document.querySelectorAll('img').length`))
	require.NotContains(t, get[string](p, `document.getElementById('cursor-log').textContent`), "\x1b", "an escape sequence is shown, not sent on by who copies it")
	require.LessOrEqual(t, get[float64](p, `document.documentElement.scrollWidth`), 390.0)
	p.clean()

	// Even an error in the escaping could not run a script, since the policy knows ours alone.
	require.Equal(t, "undefined", get[string](p, `(() => { const s = document.createElement('script'); s.textContent = 'window.hacked=1'; document.body.append(s); return typeof window.hacked; })()`))
}

// linesOfNumbers is over how many lines the most broken line number of the source goes.
const linesOfNumbers = `Math.max(...[...document.querySelectorAll('.code .n')].map((n) => {
	const range = document.createRange();
	range.selectNodeContents(n);
	return range.getClientRects().length;
}))`

func testLineNumbers(t *testing.T, browser context.Context) {
	r := room()
	r.source += strings.Repeat("# a comment\n", 120)
	for _, width := range []int64{390, 1280} {
		p := open(t, browser, r.write(t), width, 844, false)
		require.Equal(t, 1.0, get[float64](p, linesOfNumbers), "at %d pixels", width)
	}
}

func testNarrow(t *testing.T, browser context.Context) {
	for name, r := range map[string]*recording{"failure": room(), "fleet": crowd(25)} {
		for _, dark := range []bool{false, true} {
			p := open(t, browser, r.write(t), 390, 844, dark)
			require.LessOrEqual(t, get[float64](p, `document.documentElement.scrollWidth`), 390.0, name)
			bright := get[float64](p, `(() => { const c = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number); return c[0] + c[1] + c[2]; })()`)
			require.Equal(t, dark, bright < 300, "%s: the background is %v", name, bright)
			p.clean()
		}
	}
}

// testLong measures in the page, from the start of the navigation to the drawn timeline. The project promises a
// second for 200,000 events on an idle machine (docs/benchmarks.md); here the machine may be busy.
func testLong(t *testing.T, browser context.Context) {
	address := long(200_000).write(t)
	p := open(t, browser, address, 1280, 900, false)
	took := get[float64](p, `Number(document.documentElement.dataset.drawn)`)
	t.Logf("%d KB; first picture after %.0f ms, all after %s ms", size(t, address)/1024, took, get[string](p, `document.documentElement.dataset.ready`))
	require.Less(t, took, 10_000.0)
	require.Equal(t, 200_000.0, get[float64](p, `twinrig.items.t.length`), "none of them is left out")
	p.clean()
}
