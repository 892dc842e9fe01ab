/** Plain f64 LayerNorm; see `kernels/layer_norm.ts` for shapes. */
export function layerNormReference(
  x: Float32Array,
  gain: Float32Array,
  bias: Float32Array,
  eps: number,
): { y: Float64Array; scale: Float64Array } {
  const d = gain.length;
  const nRows = d === 0 ? 0 : x.length / d;
  const y = new Float64Array(nRows * d);
  const scale = new Float64Array(nRows);
  for (let row = 0; row < nRows; row++) {
    let mean = 0;
    for (let i = 0; i < d; i++) mean += x[row * d + i]! / d;
    let variance = 0;
    for (let i = 0; i < d; i++) variance += (x[row * d + i]! - mean) ** 2 / d;
    scale[row] = Math.sqrt(variance + eps);
    for (let i = 0; i < d; i++)
      y[row * d + i] = ((x[row * d + i]! - mean) / scale[row]!) * gain[i]! + bias[i]!;
  }
  return { y, scale };
}
