// Pointer: what mouse, fingers and keys do to the view.

const CLICK = 4; // pixels that a click may move

function steer(t, canvas) {
  const { view } = t;
  const at = (e) => e.clientX - canvas.getBoundingClientRect().left;
  const fingers = new Map();

  canvas.addEventListener('wheel', (e) => {
    if (!e.ctrlKey && !e.metaKey && document.activeElement !== canvas) return; // the page scrolls
    e.preventDefault();
    if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) view.pan((e.deltaX || e.deltaY) / t.width);
    else view.zoom(Math.exp(Math.max(-120, Math.min(120, e.deltaY)) * 0.003), t.time(at(e)));
  }, { passive: false });

  canvas.addEventListener('pointerdown', (e) => {
    canvas.focus({ preventScroll: true });
    fingers.set(e.pointerId, at(e));
    canvas.setPointerCapture(e.pointerId);
    t.drag = fingers.size === 1 && e.pointerType !== 'touch' && at(e) > t.gutter ? { a: at(e), b: at(e), pan: e.shiftKey } : null;
  });

  canvas.addEventListener('pointermove', (e) => {
    const x = at(e);
    if (fingers.size === 2 && fingers.has(e.pointerId)) pinch(t, fingers, e.pointerId, x);
    else if (t.drag && t.drag.pan) view.pan((t.drag.b - x) / (t.width - t.gutter));
    if (fingers.has(e.pointerId)) fingers.set(e.pointerId, x);
    if (t.drag) t.drag.b = Math.max(x, t.gutter);
    if (!view.kept || e.pointerType === 'touch') view.point(x > t.gutter ? t.time(x) : view.cursor);
    else view.changed();
  });

  const up = (e) => {
    fingers.delete(e.pointerId);
    const drag = t.drag;
    t.drag = null;
    if (drag && !drag.pan && Math.abs(drag.b - drag.a) > CLICK) {
      view.show(t.time(Math.min(drag.a, drag.b)), t.time(Math.max(drag.a, drag.b)));
    } else if (drag && !drag.pan && e.type === 'pointerup') {
      view.point(t.time(at(e)), true);
    }
    view.changed();
  };
  canvas.addEventListener('pointerup', up);
  canvas.addEventListener('pointercancel', up);
  canvas.addEventListener('dblclick', () => view.fit());
  canvas.addEventListener('keydown', (e) => { if (!e.ctrlKey && !e.metaKey && !e.altKey && key(t, e.key)) e.preventDefault(); });
}

// pinch zooms so that what is under two fingers stays there.
function pinch(t, fingers, id, x) {
  const other = [...fingers].find(([k]) => k !== id)[1];
  const was = Math.abs(fingers.get(id) - other);
  const is = Math.abs(x - other);
  if (was > 10 && is > 10) t.view.zoom(was / is, t.time((x + other) / 2));
}

// key does what a key means; false: nothing.
function key(t, name) {
  const { view } = t;
  const around = view.cursor !== null && view.cursor >= view.from && view.cursor <= view.to ? view.cursor : undefined;
  const does = {
    '+': () => view.zoom(0.6, around),
    '=': () => view.zoom(0.6, around),
    '-': () => view.zoom(1 / 0.6, around),
    '0': () => view.fit(),
    Home: () => view.fit(),
    ArrowLeft: () => view.pan(-0.15),
    ArrowRight: () => view.pan(0.15),
    f: () => { if (t.doc.fails.length) view.go(t.doc.fails[0]); },
    Escape: () => view.point(null, false),
  };
  if (!does[name]) return false;
  does[name]();
  return true;
}
