/** Plain f64 (x − row mean) · gain; see `kernels/scale_columns.ts`. */
export function scaleColumnsReference(
  x: ArrayLike<number>,
  gain: ArrayLike<number>,
  centre: boolean,
): Float64Array {
  const d = gain.length;
  const y = Float64Array.from(x);
  for (let start = 0; start < y.length; start += d) {
    const mean = centre ? y.subarray(start, start + d).reduce((sum, value) => sum + value, 0) / d : 0;
    for (let i = 0; i < d; i++) y[start + i] = (y[start + i]! - mean) * gain[i]!;
  }
  return y;
}
