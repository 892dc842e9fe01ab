import { BESIDE, multiplyRow } from './matmul';
import { PANEL, packColumns, packedRowBytes, packRows, STRIP, tile } from './panels';
import { finishHeap, push } from './select';

// Of the encoding under way: where its heaps are, and, in the scratch area, the bias, the least value that would enter
// each row's heap, and how many entries that has.
let indices: usize = 0;
let values: usize = 0;
let keep: usize = 0;
let bias: usize = 0;
let floors: usize = 0;
let counts: usize = 0;

/** The bias, padded to whole panels. */
function biasBytes(nLatents: i32): usize {
  return (<usize>((nLatents + PANEL - 1) & ~(PANEL - 1))) << 2;
}

/** Floors and counts. */
function heapBytes(nRows: i32): usize {
  return (<usize>((nRows + 1) & ~1)) << 3;
}

/** Bytes of scratch that `encodeTopK` wants. */
export function encodeTopKScratch(nRows: i32, d: i32, nLatents: i32): usize {
  const rows =
    nRows < 4 ? (<usize>(d + BESIDE)) << 2 : packedRowBytes(nRows, d) + ((<usize>STRIP * d) << 2) + 128;
  return rows + biasBytes(nLatents) + heapBytes(nRows);
}

/**
 * p = (x − b_dec) · W_enc + b_enc and its k largest of each row that are above zero, without storing p. See
 * `kernels/sae_encode_topk.ts`.
 * @param x       [nRows, d], d % 4 = 0
 * @param w       [d, width] of `dtype`, width % 4 = 0, at least nLatents
 * @param bEnc    [nLatents]
 * @param bDec    [d], or 0 for none
 * @param indexes [nRows, k] u32, written
 * @param results [nRows, k], written, largest first, ties by lowest index; padding is index 0xffffffff, value 0
 * @param scratch `encodeTopKScratch` bytes, aligned to 16
 */
export function encodeTopK(
  x: usize,
  w: usize,
  dtype: i32,
  bEnc: usize,
  bDec: usize,
  nRows: i32,
  d: i32,
  nLatents: i32,
  width: i32,
  k: i32,
  indexes: usize,
  results: usize,
  scratch: usize,
): void {
  indices = indexes;
  values = results;
  keep = <usize>k;
  bias = scratch;
  floors = bias + biasBytes(nLatents);
  counts = floors + ((<usize>nRows) << 2);
  memory.copy(bias, bEnc, (<usize>nLatents) << 2);
  // What is not there is never above anything.
  for (let at = bias + ((<usize>nLatents) << 2); at < floors; at += 4) store<f32>(at, -Infinity);
  memory.fill(floors, 0, (<usize>nRows) << 3);
  const free = floors + heapBytes(nRows);
  const wanted = (nLatents + 3) & ~3;
  if (nRows < 4) {
    for (let row = 0; row < nRows; row++)
      selectFromRow(x + ((<usize>row * d) << 2), w, dtype, bDec, d, wanted, width, row, free);
  } else {
    const rows = free + 128;
    const panels = rows + packedRowBytes(nRows, d);
    packRows(x, d, bDec, nRows, d, rows);
    for (let first = 0; first < wanted; first += STRIP) {
      const count = min(STRIP, wanted - first);
      packColumns(w, dtype, false, width, d, width, first, count, panels);
      for (let c = 0; c < count; c += PANEL) {
        const panel = panels + ((<usize>c * d) << 2);
        for (let row = 0; row < nRows; row += 4) {
          tile(rows + ((<usize>row * d) << 2), panel, d, free);
          for (let r = 0; r < min(4, nRows - row); r++)
            select(free + ((<usize>r) << 5), PANEL, first + c, row + r);
        }
      }
    }
  }
  for (let row: usize = 0; row < <usize>nRows; row++) {
    const at = (row * keep) << 2;
    finishHeap(values + at, indices + at, load<u32>(counts + (row << 2)), keep);
  }
}

function selectFromRow(
  x: usize,
  w: usize,
  dtype: i32,
  bDec: usize,
  d: i32,
  wanted: i32,
  width: i32,
  row: i32,
  free: usize,
): void {
  const centred = free;
  const sums = free + ((<usize>d) << 2);
  for (let i: usize = 0; i < (<usize>d) << 2; i += 16) {
    const value = v128.load(x + i);
    v128.store(centred + i, bDec ? f32x4.sub(value, v128.load(bDec + i)) : value);
  }
  for (let first = 0; first < wanted; first += BESIDE) {
    const count = min(BESIDE, wanted - first);
    multiplyRow(centred, w, dtype, d, width, first, count, sums);
    select(sums, count, first, row);
  }
}

/** Offers `count` sums, a multiple of 4, of the latents from `first` on to the heap of a row. */
export function select(sums: usize, count: i32, first: i32, row: i32): void {
  const floor = floors + ((<usize>row) << 2);
  const biases = bias + ((<usize>first) << 2);
  let least = v128.load32_splat(floor);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const p = f32x4.add(v128.load(sums + at), v128.load(biases + at));
    let above = i32x4.bitmask(f32x4.gt(p, least));
    if (!above) continue;
    v128.store(sums + at, p);
    for (; above; above &= above - 1) {
      const lane = ctz(above);
      offer(load<f32>(sums + at + ((<usize>lane) << 2)), first + i + lane, row);
    }
    least = v128.load32_splat(floor);
  }
}

function offer(value: f32, latent: i32, row: i32): void {
  const floor = floors + ((<usize>row) << 2);
  if (value <= load<f32>(floor)) return;
  const count = counts + ((<usize>row) << 2);
  const at = (<usize>row * keep) << 2;
  const held = push(values + at, indices + at, load<u32>(count), keep, value, latent);
  store<u32>(count, <u32>held);
  if (held == keep) store<f32>(floor, load<f32>(values + at));
}
