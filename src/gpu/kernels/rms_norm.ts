import source from '../../shaders/rms_norm.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import { elementsOf, type Tensor } from '../tensor.ts';
import type { HeadView } from './attention.ts';

export const rmsNormKernel = defineKernel({
  name: 'rms_norm',
  source,
  dims: { n_rows: 'u32', d4: 'u32', heads: 'u32', stride4: 'u32', start4: 'u32', eps: 'f32' },
  tensors: { x: 'read', gain: 'read', y: 'write', scale: 'write' },
  overrides: { wg: 16 },
});

/**
 * RMSNorm of each row, or of each head inside the rows of a wider matrix: x / √(mean x² + eps) · gain.
 * @param x [n_rows, d] f32, or where heads lie in [T, …]: all numbers multiples of 4
 * @param heads how many heads of d each of the T rows has, when `x` is a view
 * @param gain [d] f32
 * @returns scratch tensors `y` [n_rows, d] and `scale` [n_rows] = √(mean x² + eps), TransformerLens `hook_scale`; n_rows is
 *   T · heads for a view
 * @throws FacetError `bug` when the shapes do not fit
 * @source Zhang & Sennrich 2019, arXiv:1910.07467; transformers LlamaRMSNorm
 */
export function rmsNorm(
  batch: Batch,
  { x, heads = 1, gain, eps }: { x: Tensor | HeadView; heads?: number; gain: Tensor; eps: number },
): { y: Tensor; scale: Tensor } {
  const [d = 0] = gain.shape;
  const { tensor, rowStride, offset } = 'tensor' in x ? x : { tensor: x, rowStride: d, offset: 0 };
  const tokens = Math.floor(elementsOf(tensor.shape) / rowStride);
  if ([d, rowStride, offset].some((size) => size % 4 !== 0) || offset + heads * d > rowStride) {
    throw shapeError('rms_norm', `${heads} rows of ${d} from ${offset} do not fit ${rowStride}`, {
      tensor,
      gain,
    });
  }
  const nRows = tokens * heads;
  const y = batch.scratch([nRows, d]);
  const scale = batch.scratch([nRows]);
  batch.run(rmsNormKernel, {
    dims: { n_rows: nRows, d4: d / 4, heads, stride4: rowStride / 4, start4: offset / 4, eps },
    tensors: { x: tensor, gain, y, scale },
    groups: [Math.ceil(nRows / 16)],
    cost: { flops: 6 * nRows * d, bytes: 4 * (2 * nRows * d + d + nRows) },
  });
  return { y, scale };
}
