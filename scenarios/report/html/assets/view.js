// View: the span of time that all diagrams show, and the cursor in them. Whoever draws is told of changes.

const MIN_SPAN = 20; // microseconds

function makeView(end) {
  const listeners = [];
  let waiting = false;
  const view = {
    end,
    from: 0,
    to: end,
    cursor: null, // an instant, or null
    kept: false, // the cursor stays where it is when the mouse goes on
    listen(f) { listeners.push(f); },
    changed() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        for (const f of listeners) f();
      });
    },
    show(from, to) {
      const span = Math.min(Math.max(to - from, MIN_SPAN), end);
      const begin = Math.min(Math.max((from + to - span) / 2, 0), end - span);
      if (begin === view.from && begin + span === view.to) return;
      view.from = begin;
      view.to = begin + span;
      view.changed();
    },
    zoom(factor, around) {
      const a = around === undefined ? (view.from + view.to) / 2 : around;
      const span = Math.max((view.to - view.from) * factor, MIN_SPAN);
      const share = (a - view.from) / (view.to - view.from);
      view.show(a - span * share, a + span * (1 - share));
    },
    pan(share) {
      const by = (view.to - view.from) * share;
      const to = Math.min(Math.max(by, -view.from), end - view.to);
      view.show(view.from + to, view.to + to);
    },
    fit() { view.show(0, end); },
    point(t, keep) {
      view.cursor = t === null ? null : Math.min(Math.max(t, 0), end);
      if (keep !== undefined) view.kept = keep;
      view.changed();
    },
    // go shows an instant with some of what is around it.
    go(t) {
      const span = Math.min(end, Math.max(end / 50, 2e6));
      if (t < view.from || t > view.to || view.to - view.from > span) view.show(t - span * 0.75, t + span * 0.25);
      view.point(t, true);
    },
  };
  return view;
}

// clock renders microseconds: 12.310s, 2m03.500s, 1h02m03.000s; digits of a second as the span asks for.
function clock(t, digits = 3) {
  const unit = 10 ** (6 - digits);
  let us = Math.round(Math.abs(t) / unit) * unit;
  const s = Math.floor(us / 1e6);
  us -= s * 1e6;
  const fraction = digits ? '.' + String(Math.round(us / unit)).padStart(digits, '0') : '';
  const two = (n) => String(n).padStart(2, '0');
  let text = `${s % 60}${fraction}s`;
  if (s >= 60) text = `${Math.floor(s / 60) % 60}m${two(s % 60)}${fraction}s`;
  if (s >= 3600) text = `${Math.floor(s / 3600)}h${two(Math.floor(s / 60) % 60)}m${two(s % 60)}${fraction}s`;
  return (t < 0 ? '-' : '') + text;
}

// gridOf returns the distance of the marks of an axis: at most n over the span, on round times.
function gridOf(span, n) {
  for (let unit = 1; unit < 1e6; unit *= 10) {
    for (const m of [1, 2, 5]) if (span / (unit * m) <= n) return unit * m;
  }
  for (const s of [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400]) if (span / (s * 1e6) <= n) return s * 1e6;
  let days = 86400e6;
  while (span / days > n) days *= 2;
  return days;
}

// mark renders an instant of an axis whose marks are so far apart, as short as it may be.
function mark(t, step) {
  if (t === 0) return '0';
  const digits = step >= 1e6 ? 0 : Math.ceil(6 - Math.log10(step));
  const text = clock(t, Math.min(digits, 6));
  if (step % 3600e6 === 0) return text.replace(/m?0?0m00s$/, '');
  if (step % 60e6 === 0) return text.replace(/00s$/, '').replace(/h00m$/, 'h');
  return text;
}

// palette returns the colours of the style sheet, which differ between light and dark.
function palette() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue('--' + name).trim();
}
