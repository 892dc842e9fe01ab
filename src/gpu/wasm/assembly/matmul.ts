import { activate4, madd, sum4, tanh4 } from './math';
import { PANEL, packColumns, packedRowBytes, packRows, STRIP, tile } from './panels';
import { weights4 } from './weights';

// What becomes of the sums; set by `matmul` for the functions below.
let bias: usize = 0;
let residual: usize = 0;
let y: usize = 0;
let kind: i32 = 0;
let cap: f32 = 0;
let width: i32 = 0;

/** Bytes of a tile's sums. */
const SUMS: usize = 128;

/** Bytes of scratch that `matmul` wants. */
export function matmulScratch(nRows: i32, k: i32): usize {
  return nRows < 4 ? BESIDE << 2 : SUMS + packedRowBytes(nRows, k) + ((<usize>STRIP * k) << 2);
}

/**
 * Columns `column` … `column + n − 1` of y [nRows, width] = activation(x · W + bias), soft-capped when `cap` > 0, plus
 * residual. See `kernels/matmul.ts`.
 * @param x        [nRows, k], k % 4 = 0
 * @param w        [k, n] with n % 4 = 0, or [n, k] with `nk`; of `dtype` (weights.ts)
 * @param bias     [width], or 0 for none
 * @param residual [nRows, width], or 0 for none; may be y itself
 * @param scratch  `matmulScratch` bytes, aligned to 16
 */
export function matmul(
  x: usize,
  w: usize,
  dtype: i32,
  nk: bool,
  nRows: i32,
  k: i32,
  n: i32,
  biases: usize,
  residuals: usize,
  results: usize,
  resultWidth: i32,
  column: i32,
  activation: i32,
  softCap: f32,
  scratch: usize,
): void {
  const start = (<usize>column) << 2;
  bias = biases ? biases + start : 0;
  residual = residuals ? residuals + start : 0;
  y = results + start;
  kind = activation;
  cap = softCap;
  width = resultWidth;
  if (nRows < 4) {
    for (let row = 0; row < nRows; row++)
      matvec(x + ((<usize>row * k) << 2), w, dtype, nk, k, n, row, scratch);
    return;
  }
  const sums = scratch;
  const rows = scratch + SUMS;
  const panels = rows + packedRowBytes(nRows, k);
  packRows(x, k, 0, nRows, k, rows);
  for (let first = 0; first < n; first += STRIP) {
    const count = min(STRIP, n - first);
    packColumns(w, dtype, nk, nk ? k : n, k, n, first, count, panels);
    for (let c = 0; c < count; c += PANEL) {
      const panel = panels + ((<usize>c * k) << 2);
      for (let row = 0; row < nRows; row += 4) {
        tile(rows + ((<usize>row * k) << 2), panel, k, sums);
        for (let r = 0; r < min(4, nRows - row); r++)
          finish(sums + ((<usize>r) << 5), row + r, first + c, min(PANEL, n - first - c));
      }
    }
  }
}

/** Stores `count` sums as columns of y from `column` on. */
function finish(sums: usize, row: i32, column: i32, count: i32): void {
  const at = (<usize>row * width + column) << 2;
  for (let i = 0; i < count; i += 4) {
    const here = (<usize>i) << 2;
    const whole = count - i >= 4;
    let value = v128.load(sums + here);
    if (bias) value = f32x4.add(value, some(bias + ((<usize>column) << 2) + here, count - i));
    value = activate4(value, kind);
    if (cap > 0) value = f32x4.mul(f32x4.splat(cap), tanh4(f32x4.div(value, f32x4.splat(cap))));
    if (residual) value = f32x4.add(value, some(residual + at + here, count - i));
    if (whole) {
      v128.store(y + at + here, value);
      continue;
    }
    v128.store(sums + here, value);
    for (let j: usize = 0; j < <usize>(count - i); j++)
      store<f32>(y + at + here + (j << 2), load<f32>(sums + here + (j << 2)));
  }
}

/** Four values, or the `count` < 4 there are. */
function some(pointer: usize, count: i32): v128 {
  if (count >= 4) return v128.load(pointer);
  let value = v128.load32_zero(pointer);
  if (count > 1) value = f32x4.replace_lane(value, 1, load<f32>(pointer, 4));
  if (count > 2) value = f32x4.replace_lane(value, 2, load<f32>(pointer, 8));
  return value;
}

/** One row: W is read once, in the order it is stored. */
function matvec(x: usize, w: usize, dtype: i32, nk: bool, k: i32, n: i32, row: i32, sums: usize): void {
  if (nk) {
    for (let column = 0; column < n; column += 4) {
      const count = min(4, n - column);
      dots(x, w, dtype, <usize>column * k, count, k, sums);
      finish(sums, row, column, count);
    }
    return;
  }
  for (let first = 0; first < n; first += BESIDE) {
    const count = min(BESIDE, n - first);
    multiplyRow(x, w, dtype, k, n, first, count, sums);
    finish(sums, row, first, count);
  }
}

/** Columns whose sums stay in a cache while the rows of W pass by; the more, the better memory is read ahead. */
export const BESIDE = 16_384;

/** Columns `first` … `first + count − 1` of x [k] · W [k, n] into `out`, in which sums of all of them are kept. */
export function multiplyRow(
  x: usize,
  w: usize,
  dtype: i32,
  k: i32,
  n: i32,
  first: i32,
  count: i32,
  out: usize,
): void {
  memory.fill(out, 0, (<usize>count) << 2);
  for (let i = 0; i < k; i += 8) {
    const at = <usize>i * n + first;
    addRows(x + ((<usize>i) << 2), w, dtype, at, n, count, k - i < 8, out);
  }
}

/** Adds eight rows of W, or with `half` four, `n` apart from element `at` on, times as many values of x. */
export function addRows(
  x: usize,
  w: usize,
  dtype: i32,
  at: usize,
  n: usize,
  count: usize,
  half: bool,
  out: usize,
): void {
  if (dtype == 0) addRowsOf<f32>(x, w, at, n, count, half, out);
  else if (dtype == 1) addRowsOf<u16>(x, w, at, n, count, half, out);
  else addRowsOf<i16>(x, w, at, n, count, half, out);
}

function addRowsOf<W>(x: usize, w: usize, at: usize, n: usize, count: usize, half: bool, out: usize): void {
  const x0 = v128.load32_splat(x);
  const x1 = v128.load32_splat(x, 4);
  const x2 = v128.load32_splat(x, 8);
  const x3 = v128.load32_splat(x, 12);
  const end = at + count;
  if (half) {
    while (at < end) {
      let sum = madd(x0, weights4<W>(w, at), v128.load(out));
      sum = madd(x1, weights4<W>(w, at + n), sum);
      sum = madd(x2, weights4<W>(w, at + (n << 1)), sum);
      v128.store(out, madd(x3, weights4<W>(w, at + n * 3), sum));
      out += 16;
      at += 4;
    }
    return;
  }
  const x4 = v128.load32_splat(x, 16);
  const x5 = v128.load32_splat(x, 20);
  const x6 = v128.load32_splat(x, 24);
  const x7 = v128.load32_splat(x, 28);
  const n2 = n << 1;
  const n3 = n * 3;
  let below = at + (n << 2);
  while (at < end) {
    let even = madd(x0, weights4<W>(w, at), v128.load(out));
    let odd = f32x4.mul(x4, weights4<W>(w, below));
    even = madd(x1, weights4<W>(w, at + n), even);
    odd = madd(x5, weights4<W>(w, below + n), odd);
    even = madd(x2, weights4<W>(w, at + n2), even);
    odd = madd(x6, weights4<W>(w, below + n2), odd);
    even = madd(x3, weights4<W>(w, at + n3), even);
    odd = madd(x7, weights4<W>(w, below + n3), odd);
    v128.store(out, f32x4.add(even, odd));
    out += 16;
    at += 4;
    below += 4;
  }
}

/** x times `count` rows of W, `k` apart from element `at` on: one after the other, as memory is read ahead. */
export function dots(x: usize, w: usize, dtype: i32, at: usize, count: i32, k: usize, out: usize): void {
  for (let i = 0; i < count; i++) {
    let sum: f32;
    if (dtype == 0) sum = dot<f32>(x, w, at, k);
    else if (dtype == 1) sum = dot<u16>(x, w, at, k);
    else sum = dot<i16>(x, w, at, k);
    store<f32>(out + ((<usize>i) << 2), sum);
    at += k;
  }
}

function dot<W>(x: usize, w: usize, at: usize, k: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const end = at + k;
  for (const whole = at + (k & ~15); at < whole; at += 16) {
    s0 = madd(v128.load(x), weights4<W>(w, at), s0);
    s1 = madd(v128.load(x, 16), weights4<W>(w, at + 4), s1);
    s2 = madd(v128.load(x, 32), weights4<W>(w, at + 8), s2);
    s3 = madd(v128.load(x, 48), weights4<W>(w, at + 12), s3);
    x += 64;
  }
  for (; at < end; at += 4) {
    s0 = madd(v128.load(x), weights4<W>(w, at), s0);
    x += 16;
  }
  return sum4(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}
