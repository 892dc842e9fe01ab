import source from '../../shaders/topk_group_max.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const topKGroupMaxKernel = defineKernel({
  name: 'topk_group_max',
  source,
  dims: { n_rows: 'u32', n_cols: 'u32', group: 'u32', n_groups: 'u32', sign: 'f32', neg_inf: 'f32' },
  tensors: { x: 'read', m: 'write' },
  overrides: { wg: 64 },
});

/**
 * Largest sign · x of each run of `group` columns; NaN counts as −∞.
 * @param x [n_rows, n_cols] f32
 * @returns scratch [n_rows, ⌈n_cols / group⌉]
 * @throws FacetError `bug` when x is no matrix
 */
export function topKGroupMax(
  batch: Batch,
  { x, group, sign }: { x: Tensor; group: number; sign: 1 | -1 },
): Tensor {
  const [nRows = 0, nCols = 0] = x.shape;
  if (x.shape.length !== 2 || group < 1) throw shapeError('topk_group_max', 'expects a matrix', { x });
  const nGroups = Math.ceil(nCols / group);
  const m = batch.scratch([nRows, nGroups]);
  batch.run(topKGroupMaxKernel, {
    dims: { n_rows: nRows, n_cols: nCols, group, n_groups: nGroups, sign, neg_inf: -Infinity },
    tensors: { x, m },
    groups: [Math.ceil(nGroups / 64), ...rowGroups(nRows)],
    cost: { flops: nRows * nCols, bytes: 4 * nRows * (nCols + nGroups) },
  });
  return m;
}
