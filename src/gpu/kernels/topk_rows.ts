import source from '../../shaders/topk_rows.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { topKGroupMax } from './topk_group_max.ts';
import { topKGroups } from './topk_groups.ts';

export const topKRowsKernel = defineKernel({
  name: 'topk_rows',
  source,
  dims: { n_rows: 'u32', n_cols: 'u32', k: 'u32', sign: 'f32', neg_inf: 'f32' },
  tensors: { x: 'read', indices: 'write', values: 'write' },
  overrides: { wg: 64 },
});

/** Rows this short are ranked as they are. */
const SHORT = 128;

/**
 * The k best entries of each row, best first; ties go to the lowest column. Meant for k far below n_cols.
 *
 * Long rows are thinned out: the k groups of columns with the best bests (ties to the lowest group) contain the k best
 * entries, because were a group with one of them left out, each of the k groups before it would hold an entry that comes
 * before it. So only the bests of groups are ranked, by this same function, and then the entries of k groups.
 * @param x [n_rows, n_cols] f32; infinities are ordered like other values, NaN is the worst and comes out as an infinity
 * @param k at least 1; beyond n_cols the rest is padding
 * @returns scratch tensors `indices` [n_rows, k] u32 and `values` [n_rows, k] f32; padding has index 0xffffffff, value 0
 * @throws FacetError `bug` when the shapes do not fit
 */
export function topKRows(
  batch: Batch,
  { x, k, order = 'largest' }: { x: Tensor; k: number; order?: 'largest' | 'smallest' },
): { indices: Tensor; values: Tensor } {
  const [nRows = 0, nCols = 0] = x.shape;
  if (x.shape.length !== 2 || !Number.isInteger(k) || k < 1) {
    throw shapeError('topk_rows', `expects a matrix and a whole k of at least 1, not ${k}`, { x });
  }
  const sign = order === 'largest' ? 1 : -1;
  const group = groupSize(nCols, k);
  if (group > 1) {
    const maxima = topKGroupMax(batch, { x, group, sign });
    const groups = topKRows(batch, { x: maxima, k: Math.min(k, maxima.shape[1]!) });
    batch.release(maxima);
    const chosen = { chosen: groups.indices, best: groups.values, group };
    const entries = topKGroups(batch, { x, holds: 'rows', ...chosen, nCols, k, sign });
    batch.release(groups.indices, groups.values);
    return entries;
  }
  const indices = batch.scratch([nRows, k], 'u32');
  const values = batch.scratch([nRows, k]);
  batch.run(topKRowsKernel, {
    dims: { n_rows: nRows, n_cols: nCols, k, sign, neg_inf: -Infinity },
    tensors: { x, indices, values },
    groups: [Math.ceil(Math.max(nCols, k) / 64), ...rowGroups(nRows)],
    cost: { flops: nRows * nCols * Math.min(nCols, 4 * k), bytes: 4 * nRows * (nCols + 2 * k) },
  });
  return { indices, values };
}

/** Near √(n_cols / k), which makes as many groups as candidates; 1 when thinning out would not pay. */
function groupSize(nCols: number, k: number): number {
  const group = 2 ** Math.round(Math.log2(Math.sqrt(nCols / k)));
  return nCols <= SHORT || group < 4 ? 1 : Math.min(group, 256);
}
