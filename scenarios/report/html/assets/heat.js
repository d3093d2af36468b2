// Heat: a fleet as a picture, a row for some members and a column for some time. It shows the span of the view.

function makeHeat(fleet, view, index) {
  const canvas = document.getElementById('heat-' + index);
  const value = document.getElementById('heat-value-' + index);
  const scale = document.getElementById('scale-' + index);
  const tools = document.querySelector(`[data-fleet="${index}"]`);
  const h = { fleet, view, canvas, layer: 'messages', width: 0, height: Math.min(Math.max(fleet.rows * 3, 120), 360), gutter: 64 };
  h.resize = () => {
    const ratio = window.devicePixelRatio || 1;
    h.width = canvas.parentElement.clientWidth;
    canvas.width = Math.round(h.width * ratio);
    canvas.height = Math.round((h.height + AXIS) * ratio);
    canvas.style.width = h.width + 'px';
    canvas.style.height = h.height + AXIS + 'px';
    canvas.getContext('2d').setTransform(ratio, 0, 0, ratio, 0, 0);
  };
  h.draw = () => { scale.textContent = drawHeat(h); };
  for (const b of tools.querySelectorAll('button')) {
    b.addEventListener('click', () => {
      h.layer = b.dataset.layer;
      for (const other of tools.querySelectorAll('button')) other.setAttribute('aria-pressed', String(other === b));
      h.draw();
    });
  }
  canvas.addEventListener('pointermove', (e) => { value.textContent = heatAt(h, e); });
  view.listen(h.draw);
  return h;
}

// drawHeat draws the cells that show, and returns what the colours mean, in words.
function drawHeat(h) {
  const { fleet, view } = h;
  const ctx = h.canvas.getContext('2d');
  const colour = palette();
  ctx.clearRect(0, 0, h.width, h.height + AXIS);
  const cells = fleet[h.layer];
  let most = 0;
  for (const c of cells) most = Math.max(most, c);
  if (h.layer === 'away') most = 1;
  const x = (t) => h.gutter + (t - view.from) / (view.to - view.from) * (h.width - h.gutter);
  const y = (row) => AXIS + row / fleet.rows * h.height;
  const first = Math.floor(view.from / fleet.width);
  const last = Math.min(Math.floor(view.to / fleet.width), fleet.columns - 1);
  ctx.fillStyle = colour('heat0');
  ctx.fillRect(h.gutter, AXIS, h.width - h.gutter, h.height);
  ctx.fillStyle = colour(h.layer === 'messages' ? 'link' : 'bad');
  for (let column = first; column <= last; column++) {
    const a = Math.max(x(column * fleet.width), h.gutter);
    const b = x(Math.min((column + 1) * fleet.width, view.end));
    for (let row = 0; row < fleet.rows; row++) {
      const v = cells[row * fleet.columns + column];
      if (!v) continue;
      ctx.globalAlpha = 0.15 + 0.85 * v / most;
      ctx.fillRect(a, y(row), Math.max(b - a, 1), Math.max(y(row + 1) - y(row), 1));
    }
  }
  ctx.globalAlpha = 1;
  drawHeatAxes(h, ctx, colour, x, y);
  const each = fleet.perRow > 1 ? ` of ${fleet.perRow} members` : '';
  return { messages: `dark: ${most} messages in a cell`, away: 'dark: none' + each + ' connected', trouble: most ? `dark: ${most} in a cell` : 'none' }[h.layer];
}

function drawHeatAxes(h, ctx, colour, x, y) {
  const { fleet, view } = h;
  ctx.font = SMALL;
  ctx.textBaseline = 'middle';
  ctx.fillStyle = colour('muted');
  const step = gridOf(view.to - view.from, Math.max(2, (h.width - h.gutter) / 110));
  for (let m = Math.ceil(view.from / step) * step; m <= view.to; m += step) {
    const text = mark(m, step);
    const w = ctx.measureText(text).width;
    ctx.fillText(text, Math.min(Math.max(x(m) - w / 2, h.gutter), h.width - w), 14);
  }
  const rows = Math.min(fleet.rows, 6);
  for (let i = 0; i <= rows; i++) {
    const row = Math.min(Math.round(i * fleet.rows / rows), fleet.rows - 1);
    ctx.fillText('№ ' + (fleet.first + row * fleet.perRow), 2, Math.min(Math.max(y(row) + 6, AXIS + 6), AXIS + h.height - 6));
  }
  if (view.cursor !== null && view.cursor >= view.from && view.cursor <= view.to) {
    ctx.fillStyle = colour('ink');
    ctx.fillRect(Math.round(x(view.cursor)), AXIS - 6, 1, h.height + 6);
  }
}

// heatAt says what the cell under the pointer means, and moves the cursor there.
function heatAt(h, e) {
  const { fleet, view } = h;
  const box = h.canvas.getBoundingClientRect();
  const t = view.from + (e.clientX - box.left - h.gutter) / (h.width - h.gutter) * (view.to - view.from);
  const row = Math.floor((e.clientY - box.top - AXIS) / h.height * fleet.rows);
  const column = Math.floor(t / fleet.width);
  if (row < 0 || row >= fleet.rows || column < 0 || column >= fleet.columns || t < view.from) return '';
  view.point(t, false);
  const i = row * fleet.columns + column;
  const first = fleet.first + row * fleet.perRow;
  const who = fleet.perRow > 1 ? `members ${first} to ${first + fleet.perRow - 1}` : `member ${first}`;
  return `${fleet.name}, ${who}, ${clock(column * fleet.width)} to ${clock((column + 1) * fleet.width)}: ${fleet.messages[i]} messages, ` +
    `${Math.round(fleet.away[i] * 100)} % not connected, ${fleet.trouble[i]} resets and faults`;
}
