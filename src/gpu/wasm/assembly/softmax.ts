import { exp4, ln, max4, sum4 } from './math';

/** log Σ exp of each row of x [nRows, nCols] into out [nRows]. */
export function logSumExpRows(x: usize, nRows: i32, nCols: i32, out: usize): void {
  for (let row = 0; row < nRows; row++)
    store<f32>(out + ((<usize>row) << 2), logSumExp(x + ((<usize>row * nCols) << 2), nCols));
}

export function logSumExp(x: usize, count: i32): f32 {
  const whole = x + ((<usize>(count & ~3)) << 2);
  const end = x + ((<usize>count) << 2);
  let tops = f32x4.splat(-Infinity);
  for (let at = x; at < whole; at += 16) tops = f32x4.pmax(tops, v128.load(at));
  let top = max4(tops);
  for (let at = whole; at < end; at += 4) top = max(top, load<f32>(at));
  const least = f32x4.splat(top);
  let lanes = f32x4.splat(0);
  // Lanes are emptied into f64 now and then: a long row's small terms must not drown.
  let total: f64 = 0;
  for (let at = x; at < whole;) {
    const pause = min(at + 4096, whole);
    lanes = f32x4.splat(0);
    for (; at < pause; at += 16) lanes = f32x4.add(lanes, exp4(f32x4.sub(v128.load(at), least)));
    total += <f64>f32x4.extract_lane(lanes, 0) + <f64>f32x4.extract_lane(lanes, 1);
    total += <f64>f32x4.extract_lane(lanes, 2) + <f64>f32x4.extract_lane(lanes, 3);
  }
  for (let at = whole; at < end; at += 4)
    total += <f64>f32x4.extract_lane(exp4(f32x4.splat(load<f32>(at) - top)), 0);
  return total > 0 ? <f32>(<f64>top + ln(total)) : -Infinity;
}

/**
 * Of each `group` of values (a multiple of 4; the last may hold fewer) of x [count] the largest, and Σ exp(x − largest). NaN
 * counts as −∞.
 */
export function expSums(x: usize, count: i32, group: i32, tops: usize, sums: usize): void {
  const end = x + ((<usize>count) << 2);
  const step = (<usize>group) << 2;
  for (; x < end; x += step) {
    const last = min(x + step, end);
    const whole = x + ((last - x) & ~15);
    let lanes = f32x4.splat(-Infinity);
    for (let at = x; at < whole; at += 16) lanes = f32x4.pmax(lanes, v128.load(at));
    let top = max4(lanes);
    for (let at = whole; at < last; at += 4) top = load<f32>(at) > top ? load<f32>(at) : top;
    const least = f32x4.splat(top);
    lanes = f32x4.splat(0);
    for (let at = x; at < whole; at += 16) lanes = f32x4.add(lanes, exp4(f32x4.sub(v128.load(at), least)));
    let sum = sum4(lanes);
    for (let at = whole; at < last; at += 4)
      sum += f32x4.extract_lane(exp4(f32x4.splat(load<f32>(at) - top)), 0);
    store<f32>(tops, top);
    store<f32>(sums, sum);
    tops += 4;
    sums += 4;
  }
}
