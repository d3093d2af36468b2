// Timeline: a row for each track, drawn on a canvas of the size of the window onto them.

const ROW = 22;
const AXIS = 28;
const HEAD = 26;

// Colours of states and ticks; what is not named is "ink".
const COLOURS = {
  running: 'good', starting: 'warn', faulted: 'bad', off: 'idle',
  online: 'link', connecting: 'warn', refused: 'bad', offline: 'bad',
  up: 'good', down: 'bad', impaired: 'warn', awake: 'good', asleep: 'idle', high: 'pin', low: 'pin',
  boot: 'good', reset: 'warn', fault: 'bad', watchdog: 'bad', cut: 'bad', disturbance: 'warn',
  publish: 'link', will: 'bad', subscribe: 'idle', deliver: 'in', drop: 'bad', broker: 'warn',
  handshake: 'good', flash_write: 'flash', flash_erase: 'warn', sensor: 'flash', console: 'ink2',
  pass: 'good', fail: 'bad', invalid: 'bad', skipped: 'idle', interrupted: 'warn',
};

// States that are drawn as a thin line: nothing is going on.
const THIN = new Set(['off', 'offline', 'asleep', 'up']);
const HATCHED = new Set(['down', 'starting', 'connecting', 'impaired', 'refused']);

function makeTimeline(doc, items, view, box, canvas) {
  const ctx = canvas.getContext('2d');
  const rows = layOut(doc);
  const height = rows.length ? rows[rows.length - 1].y + rows[rows.length - 1].height + 6 : AXIS;
  const spacer = document.createElement('div');
  box.append(spacer);
  const t = { rows, doc, items, view, ctx, width: 0, height: 0, gutter: 0, scroll: 0, colour: palette(), drag: null };

  t.x = (time) => t.gutter + (time - view.from) / (view.to - view.from) * (t.width - t.gutter);
  t.time = (x) => view.from + (x - t.gutter) / (t.width - t.gutter) * (view.to - view.from);
  t.resize = () => {
    const ratio = window.devicePixelRatio || 1;
    t.width = box.clientWidth;
    t.gutter = t.width < 620 ? 86 : 168;
    t.height = Math.min(height, Math.max(260, Math.round(window.innerHeight * 0.7)));
    canvas.width = Math.round(t.width * ratio);
    canvas.height = Math.round(t.height * ratio);
    canvas.style.width = t.width + 'px';
    canvas.style.height = t.height + 'px';
    box.style.maxHeight = t.height + 'px';
    spacer.style.height = height - t.height + 'px';
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  };
  t.draw = () => drawTimeline(t);
  box.addEventListener('scroll', () => { t.scroll = box.scrollTop; t.draw(); });
  return t;
}

// layOut returns the rows: the steps, and below the name of each group its tracks.
function layOut(doc) {
  const rows = [];
  let y = AXIS;
  const add = (row, h) => { rows.push({ ...row, y, height: h }); y += h; };
  if (doc.steps.length) add({ type: 'steps', label: 'steps' }, ROW + 2);
  let group = 0;
  for (const id of doc.order) {
    const track = doc.tracks[id];
    if (track.group !== group) {
      group = track.group;
      add({ type: 'head', label: doc.groups[group] }, HEAD);
    }
    add({ type: track.type, label: track.label, id }, ROW);
  }
  return rows;
}

function drawTimeline(t) {
  const { ctx } = t;
  ctx.clearRect(0, 0, t.width, t.height);
  ctx.textBaseline = 'middle';
  drawGrid(t);
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, AXIS, t.width, t.height - AXIS);
  ctx.clip();
  for (const row of t.rows) {
    const y = row.y - t.scroll;
    if (y > t.height || y + row.height < AXIS) continue;
    drawRow(t, row, y);
  }
  ctx.restore();
  drawMarks(t);
}

const FONT = '12px system-ui, sans-serif';
const SMALL = '11px system-ui, sans-serif';

function drawRow(t, row, y) {
  const { ctx, colour } = t;
  ctx.font = row.type === 'head' ? '600 12px system-ui, sans-serif' : FONT;
  if (row.type === 'head') {
    ctx.fillStyle = colour('line');
    ctx.fillRect(0, y + 3, t.width, 1);
    ctx.fillStyle = colour('ink');
    ctx.fillText(fitText(ctx, row.label, t.width - 16), 2, y + 15);
    return;
  }
  ctx.fillStyle = colour('muted');
  ctx.fillText(fitText(ctx, row.label, t.gutter - 12), 2, y + row.height / 2);
  ctx.save();
  ctx.beginPath();
  ctx.rect(t.gutter, y, t.width - t.gutter, row.height);
  ctx.clip();
  if (row.type === 'steps') drawSteps(t, y, row.height);
  else if (row.type === 'state') drawStates(t, row, y);
  else if (row.type === 'level') drawLevels(t, row, y);
  else drawTicks(t, row, y);
  ctx.restore();
}

// drawGrid draws the axis of time at the top, and its lines through all rows.
function drawGrid(t) {
  const { ctx, view, colour } = t;
  const step = gridOf(view.to - view.from, Math.max(2, (t.width - t.gutter) / 110));
  ctx.font = SMALL;
  for (let m = Math.ceil(view.from / step) * step; m <= view.to; m += step) {
    const x = Math.round(t.x(m));
    ctx.fillStyle = colour('grid');
    ctx.fillRect(x, AXIS - 6, 1, t.height);
    ctx.fillStyle = colour('muted');
    const text = mark(m, step);
    const w = ctx.measureText(text).width;
    ctx.fillText(text, Math.min(Math.max(x - w / 2, t.gutter - 4), t.width - w), 12);
  }
}

function fitText(ctx, text, width) {
  if (ctx.measureText(text).width <= width) return text;
  let n = Math.min(text.length, Math.floor(width / 4));
  while (n > 1 && ctx.measureText(text.slice(0, n) + '…').width > width) n--;
  return n > 1 ? text.slice(0, n) + '…' : '';
}

function drawSteps(t, y, h) {
  const { ctx, colour } = t;
  ctx.font = SMALL;
  let last = -1;
  for (const s of t.doc.steps) {
    const a = Math.max(t.x(s.begin), t.gutter - 4);
    const b = Math.min(t.x(s.end), t.width + 4);
    if (b < t.gutter || a > t.width || b - last < 0.5) continue;
    last = b;
    const bad = s.verdict !== 'pass' && s.verdict !== 'skipped';
    ctx.fillStyle = colour(COLOURS[s.verdict] || 'ink');
    ctx.globalAlpha = bad ? 0.9 : 0.22;
    ctx.fillRect(a, y + 3, Math.max(b - a - 1, 1.5), h - 6);
    ctx.globalAlpha = 1;
    ctx.fillRect(a, y + 3, 1.5, h - 6);
    if (b - a > 30) {
      ctx.fillStyle = bad ? colour('on-bad') : colour('ink');
      ctx.fillText(fitText(ctx, s.text, b - a - 10), a + 6, y + h / 2 + 0.5);
    }
  }
}

// visible calls f for the items of a track that show, from the one that holds at the left edge on.
function visible(t, id, f) {
  const of = t.items.of[id];
  const time = t.items.t;
  let i = Math.max(before(of.length, (k) => time[of[k]], t.view.from) - 1, 0);
  for (; i < of.length; i++) {
    const at = time[of[i]];
    if (at > t.view.to) break;
    f(of[i], at, i + 1 < of.length ? time[of[i + 1]] : t.doc.end);
  }
}

function drawStates(t, row, y) {
  const { ctx, colour } = t;
  const middle = y + ROW / 2;
  let last = -1;
  ctx.font = SMALL;
  visible(t, row.id, (i, at, until) => {
    const kind = t.doc.kinds[t.items.kind[i]];
    const a = Math.max(t.x(at), t.gutter);
    const b = Math.min(t.x(until), t.width);
    if (b - last < 0.7) return;
    last = b;
    const w = Math.max(b - a, 1);
    ctx.fillStyle = colour(COLOURS[kind] || 'ink');
    if (THIN.has(kind)) {
      ctx.fillRect(a, middle - 1, w, 2);
      return;
    }
    ctx.globalAlpha = HATCHED.has(kind) ? 0.16 : 0.32;
    ctx.fillRect(a, middle - 7, w, 14);
    ctx.globalAlpha = 1;
    ctx.fillRect(a, middle - 7, Math.min(w, 2), 14);
    if (HATCHED.has(kind)) hatch(ctx, a, middle - 7, w, 14, ctx.fillStyle);
    if (w > 44) {
      ctx.fillStyle = colour('ink');
      const text = fitText(ctx, kind, w - 12);
      if (HATCHED.has(kind)) {
        const back = ctx.measureText(text).width + 8;
        ctx.fillStyle = colour('panel');
        ctx.fillRect(a + 4, middle - 6, back, 12);
        ctx.fillStyle = colour('ink');
      }
      ctx.fillText(text, a + 8, middle + 0.5);
    }
  });
}

function hatch(ctx, x, y, w, h, colour) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, w, h);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.globalAlpha = 0.55;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let k = Math.floor((x - h) / 6) * 6; k < x + w; k += 6) {
    ctx.moveTo(k, y + h);
    ctx.lineTo(k + h, y);
  }
  ctx.stroke();
  ctx.restore();
}

function drawLevels(t, row, y) {
  const { ctx, colour } = t;
  const low = y + ROW - 5;
  const high = y + 5;
  ctx.strokeStyle = ctx.fillStyle = colour('pin');
  ctx.lineWidth = 1.5;
  let last = -1;
  let level = null;
  ctx.beginPath();
  visible(t, row.id, (i, at, until) => {
    const up = t.doc.kinds[t.items.kind[i]] === 'high';
    const a = Math.max(t.x(at), t.gutter);
    const b = Math.min(t.x(until), t.width);
    const many = t.items.n && t.items.n[i] > 1;
    if (b - last < 0.7 && !many) return;
    last = b;
    if (level !== null && level !== up || many) {
      ctx.moveTo(a, low);
      ctx.lineTo(a, high);
    }
    ctx.moveTo(a, up ? high : low);
    ctx.lineTo(Math.max(b, a + 1), up ? high : low);
    if (up) {
      ctx.globalAlpha = 0.18;
      ctx.fillRect(a, high, Math.max(b - a, 1), low - high);
      ctx.globalAlpha = 1;
    }
    level = up;
  });
  ctx.stroke();
}

// TICKS are the colours of ticks in the order in which they are drawn: what matters most is on top.
const TICKS = ['idle', 'ink2', 'flash', 'good', 'link', 'in', 'pin', 'warn', 'ink', 'bad'];

// drawTicks counts first how many things of a colour fall on each pixel: there may be very many.
function drawTicks(t, row, y) {
  const { ctx, items, view } = t;
  const colours = t.doc.kinds.map((kind) => TICKS.indexOf(COLOURS[kind] || 'ink'));
  const counts = TICKS.map(() => null);
  const of = items.of[row.id];
  const from = before(of.length, (k) => items.t[of[k]], view.from - 1);
  const scale = (t.width - t.gutter) / (view.to - view.from);
  for (let k = from; k < of.length; k++) {
    const i = of[k];
    if (items.t[i] > view.to) break;
    const c = colours[items.kind[i]];
    if (counts[c] === null) counts[c] = new Uint32Array(t.width + 2);
    counts[c][Math.round((items.t[i] - view.from) * scale)] += items.n ? items.n[i] : 1;
  }
  counts.forEach((pixels, c) => { if (pixels) drawCounts(ctx, t.colour(TICKS[c]), TICKS[c] === 'bad', pixels, t.gutter, y); });
  ctx.globalAlpha = 1;
}

function drawCounts(ctx, colour, loud, pixels, left, y) {
  ctx.fillStyle = colour;
  const half = loud ? 9 : 6;
  for (let x = 0; x < pixels.length; x++) {
    if (!pixels[x]) continue;
    ctx.globalAlpha = loud ? 1 : Math.min(0.9, 0.5 + 0.12 * pixels[x]);
    ctx.fillRect(left + x - 0.5, y + ROW / 2 - half, loud ? 2 : 1.5, 2 * half);
  }
}

// drawMarks draws what lies over the rows: failures, the cursor, and the span that is being dragged.
function drawMarks(t) {
  const { ctx, view, colour } = t;
  const line = (time, name, dash) => {
    const x = Math.round(t.x(time)) + 0.5;
    if (time < view.from || time > view.to) return null;
    ctx.strokeStyle = colour(name);
    ctx.lineWidth = 1;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(x, AXIS - 8);
    ctx.lineTo(x, t.height);
    ctx.stroke();
    ctx.setLineDash([]);
    return x;
  };
  for (const f of t.doc.fails) {
    const x = line(f, 'bad', [3, 3]);
    if (x !== null) flag(t, x, '✗', 'bad', 'on-bad');
  }
  if (t.drag) {
    ctx.fillStyle = colour('select');
    ctx.fillRect(Math.min(t.drag.a, t.drag.b), AXIS - 6, Math.abs(t.drag.b - t.drag.a), t.height);
  }
  if (view.cursor === null) return;
  const x = line(view.cursor, 'ink', []);
  if (x === null) return;
  const span = view.to - view.from;
  flag(t, x, clock(view.cursor, span < 1e5 ? 6 : 3), 'ink', 'panel');
  drawValues(t, x);
}

function flag(t, x, text, back, front) {
  const { ctx, colour } = t;
  ctx.font = SMALL;
  const w = ctx.measureText(text).width + 8;
  const left = Math.min(Math.max(x - w / 2, t.gutter - 6), t.width - w);
  ctx.fillStyle = colour(back);
  ctx.fillRect(left, 3, w, 17);
  ctx.fillStyle = colour(front);
  ctx.fillText(text, left + 4, 12);
}

// valueAt returns the item of a track that holds at an instant, or was the last before it; -1: none.
function valueAt(t, id, time) {
  const of = t.items.of[id];
  const n = before(of.length, (k) => t.items.t[of[k]], time);
  return n ? of[n - 1] : -1;
}

// drawValues writes the state that holds at the cursor beside it.
function drawValues(t, x) {
  const { ctx, colour } = t;
  ctx.font = SMALL;
  for (const row of t.rows) {
    const y = row.y - t.scroll;
    if (y < AXIS - 4 || y > t.height || row.type !== 'state' && row.type !== 'level') continue;
    const i = valueAt(t, row.id, t.view.cursor);
    if (i < 0) continue;
    const text = t.doc.kinds[t.items.kind[i]];
    const w = ctx.measureText(text).width + 8;
    const left = x + 4 + w > t.width ? x - 4 - w : x + 4;
    ctx.fillStyle = colour('panel');
    ctx.fillRect(left, y + 4, w, 15);
    ctx.strokeStyle = colour('line');
    ctx.strokeRect(left + 0.5, y + 4.5, w - 1, 14);
    ctx.fillStyle = colour('ink');
    ctx.fillText(text, left + 4, y + 12);
  }
}
