import { exp4, ln, tanh4 } from './math';
import { PANEL, packColumns, packRows, tile } from './panels';

const PARTIAL: u32 = 0x80000000;
/** What a masked score counts as. */
const LOWEST: f32 = -3.4028234663852886e38;

// The dispatch under way; see `kernels/attention.ts`.
let nKeys: i32 = 0;
let offset: i32 = 0;
let d: i32 = 0;
let scale: f32 = 0;
let cap: f32 = 0;
let offsets: usize = 0;
let entries: usize = 0;
let blockSize: i32 = 0;
let window: i32 = 0;
let sinks: i32 = 0;
let bitsStart: i32 = 0;

// Parts of the scratch area.
let keys: usize = 0;
let values: usize = 0;
let query: usize = 0;
let scores: usize = 0;
let sums: usize = 0;
let result: usize = 0;

function roundUp(n: i32): usize {
  return <usize>((n + PANEL - 1) & ~(PANEL - 1));
}

/** Bytes of scratch that `attention` wants: one head's keys and values in panels, and what belongs to four queries. */
export function attentionScratch(keyCount: i32, dHead: i32): usize {
  const all = roundUp(keyCount);
  const width = roundUp(dHead);
  return (all * <usize>dHead + all * width + 4 * (<usize>dHead + all + width)) * 4 + 128;
}

/**
 * Attention over a block mask: z [nQueries, nHeads · dHead] and lse [nHeads, nQueries], as `kernels/attention.ts` defines
 * them. Four queries at a time: their scores with all they see, the softmax, and the sum of the values.
 * @param q, k, v  heads of query 0, key 0 and value 0; rows are `qStride`, `kStride`, `vStride` elements apart
 * @param group    query heads that share a key head
 * @param rows     u32, of the mask: `offsets`; `list` u32: `entries`, and from `bits` on (0: none) their bits
 * @param pattern, raw  [nHeads, nQueries, nKeys], or 0, 0: instead of z and lse, the softmax and the scores are written, with
 *   0 and LOWEST for keys that are not seen, and `lse` is read
 * @param scratch  `attentionScratch` bytes, aligned to 16
 */
export function attention(
  q: usize,
  qStride: i32,
  k: usize,
  kStride: i32,
  v: usize,
  vStride: i32,
  nHeads: i32,
  group: i32,
  dHead: i32,
  nQueries: i32,
  keyCount: i32,
  queryOffset: i32,
  scoreScale: f32,
  softCap: f32,
  rows: usize,
  list: usize,
  size: i32,
  blocksPerHead: i32,
  reach: i32,
  sinkCount: i32,
  bits: i32,
  z: usize,
  lse: usize,
  pattern: usize,
  raw: usize,
  scratch: usize,
): void {
  nKeys = keyCount;
  offset = queryOffset;
  d = dHead;
  scale = scoreScale;
  cap = softCap;
  offsets = rows;
  entries = list;
  blockSize = size;
  window = reach;
  sinks = sinkCount;
  bitsStart = bits;
  const all = roundUp(nKeys);
  sums = scratch;
  keys = sums + 128;
  values = keys + ((all * d) << 2);
  query = values + ((all * roundUp(d)) << 2);
  scores = query + ((<usize>d) << 4);
  result = scores + (all << 4);
  const zStride = (<usize>nHeads * d) << 2;
  for (let head = 0; head < nHeads; head++) {
    const within = (<usize>d) << 2;
    if (head % group == 0) {
      const shared = <usize>(head / group) * within;
      packColumns(k + shared, 0, true, kStride, d, nKeys, 0, nKeys, keys);
      if (!raw) packColumns(v + shared, 0, false, vStride, nKeys, d, 0, d, values);
    }
    for (let block = 0; block * blockSize < nQueries; block++) {
      const end = min((block + 1) * blockSize, nQueries);
      for (let row = block * blockSize; row < end; row += 4) {
        const count = min(4, end - row);
        packRows(q + ((<usize>row * qStride) << 2) + <usize>head * within, qStride, 0, count, d, query);
        const place = <usize>head * nQueries + row;
        const inside = row - block * blockSize;
        const maskRow = head * blocksPerHead + block;
        if (raw) {
          const at = (place * nKeys) << 2;
          for (let r = 0; r < count; r++) showNothing(pattern + at, raw + at, r);
          show(maskRow, row, inside, count, lse + (place << 2), pattern + at, raw + at);
          continue;
        }
        attend(
          maskRow,
          row,
          inside,
          count,
          z + <usize>row * zStride + <usize>head * within,
          zStride,
          lse + (place << 2),
        );
      }
    }
  }
}

/** Up to four queries, which are packed in `query`, of one row of the mask. */
function attend(maskRow: i32, row: i32, inside: i32, count: i32, z: usize, zStride: usize, lse: usize): void {
  const start = load<u32>(offsets + ((<usize>maskRow) << 2));
  const end = load<u32>(offsets + ((<usize>maskRow) << 2), 4);
  let top = f32x4.splat(-1e38); // above LOWEST: exp(LOWEST − top) is 0
  for (let e = start; e < end; e++) {
    const entry = load<u32>(entries + ((<usize>e) << 2));
    const first = <i32>(entry & ~PARTIAL) * blockSize;
    const last = min(first + blockSize, nKeys);
    for (let s = first & ~(PANEL - 1); s < last; s += PANEL) {
      tile(query, keys + ((<usize>s * d) << 2), d, sums);
      top = f32x4.pmax(
        top,
        keep(s, max(first, s), min(last, s + PANEL), row, entry >= PARTIAL, e, inside, first),
      );
    }
  }
  let total = f32x4.splat(0);
  const width = (<usize>d) << 2;
  memory.fill(result, 0, roundUp(d) << 4);
  for (let e = start; e < end;) {
    // Neighbouring blocks are summed at once.
    const first = <i32>(load<u32>(entries + ((<usize>e) << 2)) & ~PARTIAL) * blockSize;
    let last = first;
    for (; e < end; e++) {
      if (<i32>(load<u32>(entries + ((<usize>e) << 2)) & ~PARTIAL) * blockSize != last) break;
      last += blockSize;
    }
    last = min(last, nKeys);
    total = f32x4.add(total, weigh(first, last, top));
    for (let c: usize = 0; c < <usize>d; c += PANEL) {
      tile(
        scores + ((<usize>first) << 4),
        values + ((c * nKeys + ((<usize>first) << 3)) << 2),
        last - first,
        sums,
      );
      addTile(result + (c << 2));
    }
  }
  for (let r = 0; r < count; r++)
    finishRow(r, total, top, z + <usize>r * zStride, width, lse + ((<usize>r) << 2));
}

/** Stores the scaled, capped and masked scores of the keys from `start` to `end` of the panel at `s`. Their largest. */
function keep(s: i32, start: i32, end: i32, row: i32, partial: bool, e: u32, inside: i32, first: i32): v128 {
  const t = i32x4.add(i32x4.splat(row + offset), i32x4(0, 1, 2, 3));
  let bits = i32x4.splat(-1);
  if (partial && bitsStart) {
    const at = entries + ((<usize>bitsStart + <usize>e * blockSize) << 2);
    for (let r = 0; r < 4; r++) {
      const word = load<i32>(at + ((<usize>min(inside + r, blockSize - 1)) << 2));
      if (r == 0) bits = i32x4.replace_lane(bits, 0, word);
      else if (r == 1) bits = i32x4.replace_lane(bits, 1, word);
      else if (r == 2) bits = i32x4.replace_lane(bits, 2, word);
      else bits = i32x4.replace_lane(bits, 3, word);
    }
  }
  let top = f32x4.splat(LOWEST);
  for (let key = start; key < end; key++) {
    const at = sums + ((<usize>(key - s)) << 2);
    let score = f32x4(load<f32>(at), load<f32>(at, 32), load<f32>(at, 64), load<f32>(at, 96));
    score = f32x4.mul(score, f32x4.splat(scale));
    if (cap != 0) score = f32x4.mul(f32x4.splat(cap), tanh4(f32x4.div(score, f32x4.splat(cap))));
    if (partial) {
      const here = i32x4.splat(key);
      let seen = i32x4.le_s(here, t);
      if (window != 0 && key >= sinks)
        seen = v128.and(seen, i32x4.lt_s(i32x4.sub(t, here), i32x4.splat(window)));
      if (bitsStart) seen = v128.and(seen, i32x4.shl(i32x4.shr_u(bits, key - first), 31));
      seen = i32x4.shr_s(seen, 31);
      score = v128.bitselect(score, f32x4.splat(LOWEST), seen);
    }
    top = f32x4.pmax(top, score);
    v128.store(scores + ((<usize>key) << 4), score);
  }
  return top;
}

/** Turns scores into exponentials. Their sum. */
function weigh(first: i32, last: i32, top: v128): v128 {
  let total = f32x4.splat(0);
  const end = scores + ((<usize>last) << 4);
  for (let at = scores + ((<usize>first) << 4); at < end; at += 16) {
    const weight = exp4(f32x4.sub(v128.load(at), top));
    v128.store(at, weight);
    total = f32x4.add(total, weight);
  }
  return total;
}

/** Adds a tile to eight columns of the four rows of `result`. */
function addTile(to: usize): void {
  const stride = roundUp(d) << 2;
  for (let r: usize = 0; r < 4; r++) {
    const at = to + r * stride;
    v128.store(at, f32x4.add(v128.load(at), v128.load(sums + (r << 5))));
    v128.store(at, f32x4.add(v128.load(at, 16), v128.load(sums + (r << 5), 16)), 16);
  }
}

/** Divides by the sum of the weights. A query that sees nothing gives zeros, and the lowest number. */
function finishRow(r: i32, totals: v128, tops: v128, z: usize, width: usize, lse: usize): void {
  v128.store(sums, totals);
  v128.store(sums, tops, 16);
  const total = load<f32>(sums + ((<usize>r) << 2));
  store<f32>(lse, total > 0 ? load<f32>(sums + ((<usize>r) << 2), 16) + <f32>ln(total) : LOWEST);
  const share = f32x4.splat(total > 0 ? <f32>1 / total : 0);
  const from = result + <usize>r * (roundUp(d) << 2);
  for (let i: usize = 0; i < width; i += 16) v128.store(z + i, f32x4.mul(v128.load(from + i), share));
}

/** Row `r` of a pattern and its scores before any key was seen. */
function showNothing(pattern: usize, raw: usize, r: usize): void {
  memory.fill(pattern + ((r * nKeys) << 2), 0, (<usize>nKeys) << 2);
  for (let s: usize = 0; s < <usize>nKeys; s++) store<f32>(raw + ((r * nKeys + s) << 2), LOWEST);
}

/** Writes the scores and the softmax of up to four queries, which are packed in `query`. */
function show(maskRow: i32, row: i32, inside: i32, count: i32, lse: usize, pattern: usize, raw: usize): void {
  const start = load<u32>(offsets + ((<usize>maskRow) << 2));
  const end = load<u32>(offsets + ((<usize>maskRow) << 2), 4);
  for (let e = start; e < end; e++) {
    const entry = load<u32>(entries + ((<usize>e) << 2));
    const first = <i32>(entry & ~PARTIAL) * blockSize;
    const last = min(first + blockSize, nKeys);
    for (let s = first & ~(PANEL - 1); s < last; s += PANEL) {
      tile(query, keys + ((<usize>s * d) << 2), d, sums);
      keep(s, max(first, s), min(last, s + PANEL), row, entry >= PARTIAL, e, inside, first);
    }
    for (let key = first; key < last; key++) {
      for (let r = 0; r < count; r++) {
        const score = load<f32>(scores + ((<usize>key) << 4) + ((<usize>r) << 2));
        if (score == LOWEST) continue;
        const at = (<usize>r * nKeys + key) << 2;
        store<f32>(raw + at, score);
        const share = exp4(f32x4.splat(score - load<f32>(lse + ((<usize>r) << 2))));
        store<f32>(pattern + at, f32x4.extract_lane(share, 0));
      }
    }
  }
}
