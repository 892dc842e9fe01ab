import source from '../../shaders/layer_norm.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const layerNormKernel = defineKernel({
  name: 'layer_norm',
  source,
  dims: { n_rows: 'u32', d4: 'u32', eps: 'f32' },
  tensors: { x: 'read', gain: 'read', bias: 'read', y: 'write', scale: 'write' },
  overrides: { wg: 16 },
});

/**
 * LayerNorm over the last axis: (x − mean) / √(var + eps) · gain + bias, biased variance.
 * @param x [n_rows, d] f32, d % 4 = 0
 * @param gain [d] f32
 * @param bias [d] f32
 * @returns scratch tensors `y` [n_rows, d] and `scale` [n_rows] = √(var + eps), TransformerLens `hook_scale`
 * @throws FacetError `bug` when the shapes do not fit
 * @source Ba et al. 2016, arXiv:1607.06450; torch.nn.LayerNorm
 */
export function layerNorm(
  batch: Batch,
  { x, gain, bias, eps }: { x: Tensor; gain: Tensor; bias: Tensor; eps: number },
): { y: Tensor; scale: Tensor } {
  const [nRows = 0, d = 0] = x.shape;
  if (x.shape.length !== 2 || d % 4 !== 0 || gain.shape[0] !== d || bias.shape[0] !== d) {
    throw shapeError('layer_norm', 'd must be a multiple of 4 and equal for all', { x, gain, bias });
  }
  const y = batch.scratch([nRows, d]);
  const scale = batch.scratch([nRows]);
  batch.run(layerNormKernel, {
    dims: { n_rows: nRows, d4: d / 4, eps },
    tensors: { x, gain, bias, y, scale },
    groups: [Math.ceil(nRows / 16)],
    cost: { flops: 8 * nRows * d, bytes: 4 * (2 * nRows * d + 2 * d + nRows) },
  });
  return { y, scale };
}
