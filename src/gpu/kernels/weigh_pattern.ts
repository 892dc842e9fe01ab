import source from '../../shaders/weigh_pattern.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { MASKED_SCORE } from './attention_pattern.ts';

export const weighPatternKernel = defineKernel({
  name: 'weigh_pattern',
  source,
  dims: { n_rows: 'u32', first: 'u32', count: 'u32', lowest: 'f32' },
  tensors: { x: 'read', key_weights: 'read', y: 'write' },
  overrides: { wg: 64 },
});

/**
 * One [T, T] out of those of all heads: Σ_h x[h, t, s] · keyWeights[h, s] over some heads.
 * @param x [H, T, T] f32: patterns, or scores with the lowest f32 where masked, which it stays
 * @param keyWeights [H, T] f32; 1 for one head as it is, 1 / count for a mean
 * @param heads first of them and how many
 * @returns scratch [T, T]
 * @throws FacetError `bug` when the shapes do not fit
 */
export function weighPattern(
  batch: Batch,
  { x, keyWeights, heads }: { x: Tensor; keyWeights: Tensor; heads: { first: number; count: number } },
): Tensor {
  const [nHeads = 0, nRows = 0, nKeys] = x.shape;
  const { first, count } = heads;
  const fits = nKeys === nRows && keyWeights.shape.join() === `${nHeads},${nRows}`;
  if (!fits || count < 1 || first < 0 || first + count > nHeads)
    throw shapeError('weigh_pattern', `cannot take ${count} heads from ${first}`, { x, keyWeights });
  const y = batch.scratch([nRows, nRows]);
  batch.run(weighPatternKernel, {
    dims: { n_rows: nRows, first, count, lowest: MASKED_SCORE },
    tensors: { x, key_weights: keyWeights, y },
    groups: [Math.ceil(nRows / 64), nRows],
    cost: { flops: 2 * count * nRows * nRows, bytes: 4 * (count + 1) * nRows * nRows },
  });
  return y;
}
