/** Plain f64 mean of rows; see `kernels/column_mean.ts`. */
export function columnMeanReference(
  x: Float32Array,
  d: number,
  fromRow: number,
  toRow: number,
): Float64Array {
  const mean = new Float64Array(d);
  for (let t = fromRow; t < toRow; t++) for (let c = 0; c < d; c++) mean[c]! += x[t * d + c]!;
  return mean.map((sum) => sum / (toRow - fromRow));
}
