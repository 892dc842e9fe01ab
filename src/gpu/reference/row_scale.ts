import type { RowScaleKind } from '../kernels/row_scale.ts';

/** Plain f64 shift and scales of rows; see `kernels/row_scale.ts`. */
export function rowScaleReference(
  x: Float32Array,
  d: number,
  kind: RowScaleKind,
  centre: boolean,
): Float64Array {
  const scales = new Float64Array((x.length / d) * 4);
  for (let t = 0; t < x.length / d; t++) {
    const row = Float64Array.from(x.subarray(t * d, (t + 1) * d));
    const shift = centre || kind === 'layer_norm' ? row.reduce((a, b) => a + b, 0) / d : 0;
    const square = row.reduce((sum, value) => sum + (value - shift) ** 2, 0);
    const deviation = Math.sqrt(square / (d - 1));
    const size = Math.sqrt(square / d);
    const factors = {
      none: [1, 1],
      layer_norm: [1 / (deviation + 1e-5), deviation],
      constant_norm_rescale: [size > 0 ? 1 / size : 0, size],
    }[kind];
    scales.set([shift, ...factors, 0], 4 * t);
  }
  return scales;
}
