// Cursor: what holds at the instant of the cursor, and the events around it, as text. Whatever a device said is
// set as text, never as markup.

const LOG_BEFORE = 7;
const LOG_AFTER = 6;

function makeCursor(t, text) {
  const { view, doc, items } = t;
  const panel = document.getElementById('cursor');
  const values = document.getElementById('cursor-values');
  const log = document.getElementById('cursor-log');
  let shown = null;
  return (force) => {
    if (view.cursor === null) {
      panel.hidden = true;
      shown = null;
      return;
    }
    if (shown === view.cursor && !force) return;
    shown = view.cursor;
    panel.hidden = false;
    document.getElementById('cursor-time').textContent = 'At ' + clock(view.cursor, 6);
    values.replaceChildren(...valuesAt(t, text));
    log.replaceChildren(...logAt(doc, items, view.cursor, text));
  };
}

function element(name, className, content) {
  const e = document.createElement(name);
  if (className) e.className = className;
  e.textContent = content;
  return e;
}

// valuesAt lists the step under way, the state of each track, and the last thing on it.
function valuesAt(t, text) {
  const now = t.view.cursor;
  const out = [];
  const add = (name, value, since) => {
    const row = document.createElement('div');
    row.append(element('dt', '', name), element('dd', '', value));
    if (since) row.append(element('span', 'since', since));
    out.push(row);
  };
  const step = t.doc.steps.findLast((s) => s.begin <= now && s.end >= now);
  if (step) add('step', step.text);
  for (const row of t.rows) {
    if (row.id === undefined) continue;
    const i = valueAt(t, row.id, now);
    if (i < 0) continue;
    const track = t.doc.tracks[row.id];
    const name = [t.doc.groups[track.group], track.label].filter(Boolean).join(' ');
    const kind = t.doc.kinds[t.items.kind[i]];
    const said = text(t.items.line[i]);
    const value = track.type === 'tick' ? said ?? '…' : kind === 'impaired' ? said ?? kind : kind;
    add(name, value, clock(t.items.t[i] - now));
  }
  return out;
}

function logAt(doc, items, now, text) {
  const at = before(items.t.length, (i) => items.t[i], now);
  const chosen = [];
  for (let i = at - 1; i >= 0 && chosen.length < LOG_BEFORE; i--) if (fresh(items, i)) chosen.unshift(i);
  let after = 0;
  for (let i = at; i < items.t.length && after < LOG_AFTER; i++) {
    if (!fresh(items, i)) continue;
    chosen.push(i);
    after++;
  }
  return chosen.map((i) => {
    const row = element('li', i < at ? 'past' : '', '');
    const group = doc.groups[doc.tracks[items.track[i]].group];
    row.append(element('span', 'when', clock(items.t[i], 6)), element('span', 'who', group || 'bench'), element('code', '', text(items.line[i]) ?? '…'));
    if (items.n && items.n[i] > 1) row.append(element('span', 'why', `and ${items.n[i] - 1} more`));
    return row;
  });
}

// fresh reports whether an item is the first of its event, which may be on two tracks.
function fresh(items, i) {
  return items.line[i] < 0 || i === 0 || items.line[i] !== items.line[i - 1];
}
