// Plots: uPlot diagrams that show the span of the view, and share its cursor.

const CURVES = ['link', 'warn', 'in', 'pin', 'good', 'flash'];

function makePlots(list, view, box) {
  return list.map((p) => makePlot(p, view, box));
}

// merged puts the curves of a plot on one axis of time, as uPlot wants it; gaps are undefined. A curve holds its
// value to the end of the run.
function merged(curves, end) {
  const tables = curves.map((c) => {
    const x = Array.from(sums(c.t), (t) => t / 1e6);
    const y = c.v.slice();
    if (x.length && x[x.length - 1] < end / 1e6) {
      x.push(end / 1e6);
      y.push(y[y.length - 1]);
    }
    return [x, y];
  });
  return tables.length === 1 ? tables[0] : uPlot.join(tables, tables.map((t) => t.slice(1).map(() => 2)));
}

function makePlot(p, view, box) {
  const figure = document.createElement('figure');
  const caption = document.createElement('figcaption');
  caption.append(element('strong', '', p.title), element('span', 'muted', ' ' + p.device + (p.unit ? ', ' + p.unit : '')));
  const values = p.curves.map((c, i) => {
    const v = element('span', 'value c' + i, c.label);
    caption.append(v);
    return v;
  });
  figure.append(caption);
  box.append(figure);
  let busy = false; // the view is being set from here, or to here
  const draw = () => {
    const colour = palette();
    const axis = { stroke: colour('muted'), grid: { stroke: colour('grid'), width: 1 }, ticks: { stroke: colour('grid'), width: 1, size: 4 }, font: '11px system-ui, sans-serif' };
    return new uPlot({
      width: Math.max(figure.clientWidth, 200),
      padding: [8, 6, 0, 0],
      bands: p.curves.length === 3 ? [{ series: [1, 3], fill: colour('select') }] : undefined,
      height: 140,
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: true, dist: 5 }, points: { size: 6 } },
      scales: { x: { time: false, min: view.from / 1e6, max: view.to / 1e6 }, y: { range: (u, min, max) => range(min, max) } },
      axes: [
        { ...axis, size: 28, space: 90, incrs: seconds(), values: (u, marks) => marks.map((m) => mark(Math.round(m * 1e6), Math.round((marks.length > 1 ? marks[1] - marks[0] : 1) * 1e6))) },
        { ...axis, size: 52, values: (u, marks) => marks.map(brief) },
      ],
      series: [{}, ...p.curves.map((c, i) => ({ stroke: colour(CURVES[i % CURVES.length]), width: 1.5, dash: i ? [] : undefined, points: { show: false }, spanGaps: true, paths: uPlot.paths.stepped({ align: 1 }) }))],
      hooks: {
        setScale: [(u, name) => {
          if (name !== 'x' || busy) return;
          busy = true;
          view.show(u.scales.x.min * 1e6, u.scales.x.max * 1e6);
          busy = false;
        }],
        setCursor: [(u) => {
          if (busy || u.cursor.left < 0 || u.cursor.left === null) return;
          if (u.cursor.event) view.point(u.posToVal(u.cursor.left, 'x') * 1e6, false);
        }],
      },
    }, merged(p.curves, view.end), figure);
  };
  let plot = draw();
  const sync = () => {
    if (busy) return;
    busy = true;
    plot.setScale('x', { min: view.from / 1e6, max: view.to / 1e6 });
    const t = view.cursor === null ? -1 : view.cursor / 1e6;
    plot.setCursor({ left: t < 0 ? -10 : plot.valToPos(t, 'x'), top: 0 }, false);
    values.forEach((v, i) => {
      const y = t < 0 ? null : holds(plot.data[0], plot.data[i + 1], t);
      v.textContent = p.curves[i].label + (y === null ? '' : ' ' + brief(y));
    });
    busy = false;
  };
  view.listen(sync);
  return {
    plot: () => plot,
    resize() {
      plot.setSize({ width: Math.max(figure.clientWidth, 200), height: 140 });
      view.changed(); // positions are known once uPlot has drawn
    },
    redraw() { plot.destroy(); plot = draw(); sync(); },
  };
}

// holds returns the value of a curve at an instant: its last one; null: none yet.
function holds(xs, ys, x) {
  for (let i = before(xs.length, (k) => xs[k], x) - 1; i >= 0; i--) if (ys[i] !== undefined && ys[i] !== null) return ys[i];
  return null;
}

function seconds() {
  const list = [];
  for (let e = -6; e < 0; e++) list.push(10 ** e, 2 * 10 ** e, 5 * 10 ** e);
  return list.concat([1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 345600, 691200, 1382400, 2764800]);
}

function range(min, max) {
  if (min === null || max === null) return [0, 1];
  const pad = (max - min) * 0.08 || Math.abs(max) * 0.05 || 1;
  return [min - pad, max + pad];
}

// brief renders a number in few characters.
function brief(v) {
  if (v === null || v === undefined) return '';
  const size = Math.abs(v);
  if (size >= 1e9) return trim(v / 1e9) + 'G';
  if (size >= 1e6) return trim(v / 1e6) + 'M';
  if (size >= 1e4) return trim(v / 1e3) + 'k';
  return trim(v);
}

function trim(v) { return String(Number(v.toPrecision(4))); }
