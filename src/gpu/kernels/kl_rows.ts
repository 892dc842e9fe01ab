import source from '../../shaders/kl_rows.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const klRowsKernel = defineKernel({
  name: 'kl_rows',
  source,
  dims: { n_rows: 'u32', n_cols: 'u32', neg_inf: 'f32' },
  tensors: { p: 'read', q: 'read', kl: 'write' },
  overrides: { wg: 64 },
});

/**
 * KL(softmax p ‖ softmax q) of each row; never negative.
 * @param p [T, V] f32 logits; −∞ is a forbidden token, at least one entry of a row is finite
 * @param q [T, V] f32 logits; −∞ where p is not gives +∞
 * @returns scratch [T], nats
 * @throws FacetError `bug` when the shapes do not fit
 */
export function klRows(batch: Batch, { p, q }: { p: Tensor; q: Tensor }): Tensor {
  const [nRows = 0, nCols = 0] = p.shape;
  if (p.shape.length !== 2 || p.shape.join() !== q.shape.join()) {
    throw shapeError('kl_rows', 'both must be [T, V]', { p, q });
  }
  const kl = batch.scratch([nRows]);
  batch.run(klRowsKernel, {
    dims: { n_rows: nRows, n_cols: nCols, neg_inf: -Infinity },
    tensors: { p, q, kl },
    groups: rowGroups(nRows),
    cost: { flops: 16 * nRows * nCols, bytes: 4 * (4 * nRows * nCols + nRows) },
  });
  return kl;
}
