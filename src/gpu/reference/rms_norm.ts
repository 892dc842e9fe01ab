/** Plain f64 RMSNorm of dense rows; see `kernels/rms_norm.ts`. */
export function rmsNormReference(
  x: ArrayLike<number>,
  gain: ArrayLike<number>,
  eps: number,
): { y: Float64Array; scale: Float64Array } {
  const d = gain.length;
  const nRows = x.length / d;
  const y = new Float64Array(nRows * d);
  const scale = new Float64Array(nRows);
  for (let row = 0; row < nRows; row++) {
    let mean = 0;
    for (let i = 0; i < d; i++) mean += x[row * d + i]! ** 2 / d;
    scale[row] = Math.sqrt(mean + eps);
    for (let i = 0; i < d; i++) y[row * d + i] = (x[row * d + i]! / scale[row]!) * gain[i]!;
  }
  return { y, scale };
}
