import { madd } from './math';
import { weights4 } from './weights';

// The one matrix product: rows four at a time meet columns eight at a time. Both are first copied into the order in
// which they are read: `packRows` gives [quads of rows][K][4], `packColumns` [panels of 8 columns][K][8].

/** Columns of a panel. */
export const PANEL = 8;
/** Columns packed at once: whole cache lines of the rows of W, few enough for their panels to stay in the cache. */
export const STRIP = 64;

/** Bytes of `nRows` packed rows. */
export function packedRowBytes(nRows: usize, k: usize): usize {
  return ((nRows + 3) >> 2) * k * 16;
}

/** `nRows` rows of x, `stride` elements apart, less `centre` [k] unless that is 0; those beyond are zero. k % 4 = 0. */
export function packRows(x: usize, stride: usize, centre: usize, nRows: i32, k: i32, out: usize): void {
  const bytes = stride << 2;
  const zero = f32x4.splat(0);
  for (let row = 0; row < nRows; row += 4) {
    const count = nRows - row;
    const at = x + <usize>row * bytes;
    for (let i: usize = 0; i < (<usize>k) << 2; i += 16) {
      const c = centre ? v128.load(centre + i) : zero;
      const r0 = f32x4.sub(v128.load(at + i), c);
      const r1 = count > 1 ? f32x4.sub(v128.load(at + bytes + i), c) : zero;
      const r2 = count > 2 ? f32x4.sub(v128.load(at + 2 * bytes + i), c) : zero;
      const r3 = count > 3 ? f32x4.sub(v128.load(at + 3 * bytes + i), c) : zero;
      storeTransposed(r0, r1, r2, r3, out, 16);
      out += 64;
    }
  }
}

/** Stores the columns of a 4 × 4 matrix given by its rows, `stride` bytes apart. */
function storeTransposed(r0: v128, r1: v128, r2: v128, r3: v128, out: usize, stride: usize): void {
  const a = i32x4.shuffle(r0, r1, 0, 4, 1, 5);
  const b = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
  const c = i32x4.shuffle(r0, r1, 2, 6, 3, 7);
  const d = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
  v128.store(out, i64x2.shuffle(a, b, 0, 2));
  v128.store(out + stride, i64x2.shuffle(a, b, 1, 3));
  v128.store(out + 2 * stride, i64x2.shuffle(c, d, 0, 2));
  v128.store(out + 3 * stride, i64x2.shuffle(c, d, 1, 3));
}

/** Columns `first` … `first + count − 1` of W [k, n]; columns beyond n (a multiple of 4) are zero. */
function packKn<W>(w: usize, stride: usize, k: i32, n: i32, first: i32, count: i32, out: usize): void {
  const panelBytes = (<usize>k) << 5;
  const whole = first + (min(count, n - first) & ~(PANEL - 1));
  let from: usize = first;
  for (let i = 0; i < k; i++) {
    let to = out;
    let at = from;
    for (let column = first; column < whole; column += PANEL) {
      v128.store(to, weights4<W>(w, at));
      v128.store(to, weights4<W>(w, at + 4), 16);
      at += PANEL;
      to += panelBytes;
    }
    if (whole < first + count) {
      v128.store(to, weights4<W>(w, at));
      v128.store(to, f32x4.splat(0), 16);
    }
    from += stride;
    out += 32;
  }
}

/** The same of W [n, k]. The last column stands in for those beyond it. */
function packNk<W>(w: usize, stride: usize, k: i32, n: i32, first: i32, count: i32, out: usize): void {
  for (let column = first; column < first + count; column += 4) {
    const c0 = <usize>min(column, n - 1) * stride;
    const c1 = <usize>min(column + 1, n - 1) * stride;
    const c2 = <usize>min(column + 2, n - 1) * stride;
    const c3 = <usize>min(column + 3, n - 1) * stride;
    let to = out + ((<usize>((column - first) >> 3) * k) << 5) + (column & 4 ? 16 : 0);
    for (let at: usize = 0; at < <usize>k; at += 4) {
      storeTransposed(
        weights4<W>(w, c0 + at),
        weights4<W>(w, c1 + at),
        weights4<W>(w, c2 + at),
        weights4<W>(w, c3 + at),
        to,
        32,
      );
      to += 128;
    }
  }
}

/**
 * Panels of `count` columns of W from `first`, a multiple of 8, on. W is [k, n], or with `nk` [n, k]; its rows are `stride`
 * elements apart; k is a multiple of 4 with `nk`.
 */
export function packColumns(
  w: usize,
  dtype: i32,
  nk: bool,
  stride: usize,
  k: i32,
  n: i32,
  first: i32,
  count: i32,
  out: usize,
): void {
  if (nk) {
    if (dtype == 0) packNk<f32>(w, stride, k, n, first, count, out);
    else if (dtype == 1) packNk<u16>(w, stride, k, n, first, count, out);
    else packNk<i16>(w, stride, k, n, first, count, out);
  } else if (dtype == 0) packKn<f32>(w, stride, k, n, first, count, out);
  else if (dtype == 1) packKn<u16>(w, stride, k, n, first, count, out);
  else packKn<i16>(w, stride, k, n, first, count, out);
}

/**
 * Four packed rows times one panel: `out` [4, 8]. Eight sums, two of W and one of x fit the sixteen vector registers of
 * x86-64; a wider tile would spill.
 */
export function tile(rows: usize, panel: usize, k: i32, out: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  const end = rows + ((<usize>k) << 4);
  while (rows < end) {
    const w0 = v128.load(panel);
    const w1 = v128.load(panel, 16);
    let x = v128.load32_splat(rows);
    a0 = madd(x, w0, a0);
    a1 = madd(x, w1, a1);
    x = v128.load32_splat(rows, 4);
    b0 = madd(x, w0, b0);
    b1 = madd(x, w1, b1);
    x = v128.load32_splat(rows, 8);
    c0 = madd(x, w0, c0);
    c1 = madd(x, w1, c1);
    x = v128.load32_splat(rows, 12);
    d0 = madd(x, w0, d0);
    d1 = madd(x, w1, d1);
    rows += 16;
    panel += 32;
  }
  v128.store(out, a0);
  v128.store(out, a1, 16);
  v128.store(out, b0, 32);
  v128.store(out, b1, 48);
  v128.store(out, c0, 64);
  v128.store(out, c1, 80);
  v128.store(out, d0, 96);
  v128.store(out, d1, 112);
}
