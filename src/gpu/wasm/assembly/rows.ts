import { activate4, madd, max4, sum4 } from './math';

/** y = (x − mean) / scale · gain + bias of each row [nRows, d], and scale [nRows] = √(variance + eps); d % 4 = 0. */
export function layerNorm(
  x: usize,
  gain: usize,
  bias: usize,
  y: usize,
  scales: usize,
  nRows: i32,
  d: i32,
  eps: f32,
): void {
  const bytes = (<usize>d) << 2;
  for (let row = 0; row < nRows; row++) {
    const scale = normRow(x, gain, bias, y, bytes, <f32>d, eps);
    store<f32>(scales + ((<usize>row) << 2), scale);
    x += bytes;
    y += bytes;
  }
}

/** The variance of the centred row needs no cancellation; what rounding left of the mean is taken out, too. */
export function normRow(x: usize, gain: usize, bias: usize, y: usize, bytes: usize, d: f32, eps: f32): f32 {
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) sum = f32x4.add(sum, v128.load(x + i));
  const mean = f32x4.splat(sum4(sum) / d);
  let rest = f32x4.splat(0);
  let squares = rest;
  for (let i: usize = 0; i < bytes; i += 16) {
    const centred = f32x4.sub(v128.load(x + i), mean);
    rest = f32x4.add(rest, centred);
    squares = madd(centred, centred, squares);
  }
  const correction = sum4(rest) / d;
  const scale = sqrt<f32>(sum4(squares) / d - correction * correction + eps);
  const scales = f32x4.splat(scale);
  const shift = f32x4.splat(correction);
  for (let i: usize = 0; i < bytes; i += 16) {
    const centred = f32x4.sub(f32x4.sub(v128.load(x + i), mean), shift);
    v128.store(
      y + i,
      f32x4.add(f32x4.mul(f32x4.div(centred, scales), v128.load(gain + i)), v128.load(bias + i)),
    );
  }
  return scale;
}

/**
 * y [nRows, d] = x / scale · gain, scale [nRows] = √(mean x² + eps). Row r of x is head r % heads of token r / heads, whose
 * rows are `stride` elements apart.
 */
export function rmsNorm(
  x: usize,
  stride: i32,
  heads: i32,
  gain: usize,
  y: usize,
  scales: usize,
  nRows: i32,
  d: i32,
  eps: f32,
): void {
  const bytes = (<usize>d) << 2;
  for (let row = 0; row < nRows; row++) {
    const from = x + ((<usize>(row / heads) * stride) << 2) + <usize>(row % heads) * bytes;
    store<f32>(scales + ((<usize>row) << 2), rmsRow(from, gain, y, bytes, <f32>d, eps));
    y += bytes;
  }
}

/** Rows are divided by their largest entry first: squares of what f32 holds must not overflow. */
export function rmsRow(x: usize, gain: usize, y: usize, bytes: usize, d: f32, eps: f32): f32 {
  let top = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) top = f32x4.max(top, f32x4.abs(v128.load(x + i)));
  const unit = max<f32>(max4(top), 1);
  const units = f32x4.splat(unit);
  let squares = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const value = f32x4.div(v128.load(x + i), units);
    squares = madd(value, value, squares);
  }
  const scale = unit * sqrt<f32>(sum4(squares) / d + eps / unit / unit);
  const scales = f32x4.splat(scale);
  for (let i: usize = 0; i < bytes; i += 16)
    v128.store(y + i, f32x4.mul(f32x4.div(v128.load(x + i), scales), v128.load(gain + i)));
  return scale;
}

/** y = activation(x) · up, or activation(x) when `up` is 0; of `nRows` rows of `d` values, d % 4 = 0, strides in elements. */
export function activateRows(
  x: usize,
  xStride: i32,
  up: usize,
  upStride: i32,
  y: usize,
  nRows: i32,
  d: i32,
  kind: i32,
): void {
  const bytes = (<usize>d) << 2;
  for (let row = 0; row < nRows; row++) {
    activateRow(
      x + ((<usize>row * xStride) << 2),
      up ? up + ((<usize>row * upStride) << 2) : 0,
      y + <usize>row * bytes,
      bytes,
      kind,
    );
  }
}

export function activateRow(x: usize, up: usize, y: usize, bytes: usize, kind: i32): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    const value = activate4(v128.load(x + i), kind);
    v128.store(y + i, up ? f32x4.mul(value, v128.load(up + i)) : value);
  }
}

/** y = a + b of `count` values, a multiple of 4. */
export function addValues(a: usize, b: usize, y: usize, count: usize): void {
  for (let i: usize = 0; i < count << 2; i += 16)
    v128.store(y + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
}

/**
 * Rotates, in place, pairs (i, i + half) of each head of x [nTok, stride], heads from `start` on, by `table` [nTok, half] of
 * cosine and sine. half % 4 = 0.
 */
export function rotate(
  x: usize,
  table: usize,
  nTok: i32,
  heads: i32,
  dHead: i32,
  half: i32,
  stride: i32,
  start: i32,
): void {
  for (let t = 0; t < nTok; t++) {
    for (let head = 0; head < heads; head++) {
      const at = x + ((<usize>t * stride + start + head * dHead) << 2);
      rotateHead(at, table + ((<usize>t * half) << 3), (<usize>half) << 2);
    }
  }
}

export function rotateHead(x: usize, table: usize, half: usize): void {
  for (let i: usize = 0; i < half; i += 16) {
    const low = v128.load(table + (i << 1));
    const high = v128.load(table + (i << 1), 16);
    const cos = i32x4.shuffle(low, high, 0, 2, 4, 6);
    const sin = i32x4.shuffle(low, high, 1, 3, 5, 7);
    const a = v128.load(x + i);
    const b = v128.load(x + half + i);
    v128.store(x + i, f32x4.sub(f32x4.mul(a, cos), f32x4.mul(b, sin)));
    v128.store(x + half + i, f32x4.add(f32x4.mul(b, cos), f32x4.mul(a, sin)));
  }
}
