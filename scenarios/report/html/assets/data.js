// Data: the blocks of the page, unpacked. Times are microseconds since the start of the run.

async function unpack(id) {
  const text = atob(document.getElementById(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
}

function sums(differences) {
  const out = new Float64Array(differences.length);
  let sum = 0;
  for (let i = 0; i < out.length; i++) out[i] = sum += differences[i];
  return out;
}

// loadItems returns the columns of all items, and for each track the indices of its own.
async function loadItems(tracks) {
  const c = await unpack('items');
  const items = { t: sums(c.t), track: Uint16Array.from(c.track), kind: Uint16Array.from(c.kind), line: sums(c.line), n: c.n || null };
  const sizes = new Int32Array(tracks.length);
  for (const id of items.track) sizes[id]++;
  items.of = Array.from(sizes, (n) => new Int32Array(n));
  sizes.fill(0);
  items.track.forEach((id, i) => { items.of[id][sizes[id]++] = i; });
  return items;
}

// texts hands out the text of a line, once its chunk is unpacked: until then undefined, and loaded is called later.
function texts(firsts, loaded) {
  const chunks = new Map();
  return (line) => {
    if (line < 0) return '';
    let at = firsts.length - 1;
    while (at >= 0 && firsts[at] > line) at--;
    if (at < 0) return '';
    if (!chunks.has(at)) {
      chunks.set(at, null);
      unpack('chunk-' + at).then((list) => { chunks.set(at, list); loaded(); });
    }
    const list = chunks.get(at);
    if (!list) return undefined;
    return line - firsts[at] < list.length ? list[line - firsts[at]] : ''; // a chunk behind it was left out
  };
}

// before returns how many of the first n numbers, which at(i) returns in ascending order, are at most x.
function before(n, at, x) {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(middle) <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}
