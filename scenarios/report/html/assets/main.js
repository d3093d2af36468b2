// Main: puts the parts together once the page is there.

function wire(id, f) {
  const e = document.getElementById(id);
  if (e) e.addEventListener('click', f);
}

async function main() {
  const doc = await unpack('document');
  const view = makeView(doc.end);
  const drawn = []; // what has a size and colours
  const exposed = { view, doc, items: null, plots: [] };
  const canvas = document.getElementById('canvas');
  if (canvas) {
    const items = await loadItems(doc.tracks);
    exposed.items = items;
    const box = document.getElementById('lanes');
    const t = makeTimeline(doc, items, view, box, canvas);
    let cursor = null;
    const text = texts(doc.chunks, () => cursor(true));
    cursor = makeCursor(t, text);
    t.resize();
    t.draw();
    drawn.push({ resize() { t.resize(); t.draw(); }, redraw() { t.colour = palette(); t.draw(); } });
    steer(t, canvas);
    view.listen(() => { t.draw(); cursor(false); showRange(view); });
    showRange(view);
    wire('zoom-in', () => key(t, '+'));
    wire('zoom-out', () => key(t, '-'));
    wire('zoom-fit', () => key(t, '0'));
    wire('zoom-fail', () => key(t, 'f'));
    for (const b of document.querySelectorAll('.jump')) {
      b.addEventListener('click', () => {
        view.go(Number(b.dataset.at));
        document.getElementById('timeline').scrollIntoView({ behavior: 'smooth' });
      });
    }
    document.documentElement.dataset.drawn = performance.now().toFixed(1);
  }
  doc.fleets.forEach((fleet, i) => {
    const h = makeHeat(fleet, view, i);
    h.resize();
    h.draw();
    drawn.push({ resize() { h.resize(); h.draw(); }, redraw: h.draw });
    drawn.push(...makePlots(fleet.plots, view, document.getElementById('fleet-plots-' + i)));
  });
  const box = document.getElementById('plots');
  if (box) exposed.plots = makePlots(doc.plots, view, box);
  drawn.push(...exposed.plots);
  if (doc.fails.length) view.point(Math.min(doc.fails[0], doc.end), true);
  new ResizeObserver(() => drawn.forEach((d) => d.resize())).observe(document.querySelector('main'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawn.forEach((d) => d.redraw()));
  wire('copy', () => navigator.clipboard.writeText(document.getElementById('repeat').textContent));
  document.documentElement.dataset.ready = performance.now().toFixed(1);
  window.twinrig = exposed; // for tests, and who looks with the developer tools
}

function showRange(view) {
  document.getElementById('range').textContent = view.from === 0 && view.to === view.end ? '' : `${clock(view.from)} to ${clock(view.to)}`;
}

main().catch((e) => {
  console.error(e);
  const p = element('p', 'broken', 'The diagrams cannot be drawn: ' + e.message);
  document.querySelector('main').prepend(p);
});
