import source from '../../shaders/topk_groups.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const topKGroupsKernel = defineKernel({
  name: 'topk_groups',
  source,
  dims: {
    n_rows: 'u32',
    n_cols: 'u32',
    group: 'u32',
    n_chosen: 'u32',
    k: 'u32',
    compact: 'u32',
    relu: 'u32',
    sign: 'f32',
    neg_inf: 'f32',
  },
  tensors: { x: 'read', chosen: 'read', best: 'read', indices: 'write', values: 'write' },
  overrides: { wg: 16 },
});

export interface TopKGroupsArguments {
  /** f32: `rows` are whole, [n_rows, n_cols]; `chosen` holds only those groups, in that order, [n_rows, n_chosen · group] */
  x: Tensor;
  holds: 'rows' | 'chosen';
  /** [n_rows, n_chosen] u32, distinct groups of `group` columns */
  chosen: Tensor;
  /** [n_rows, n_chosen] f32, the best of sign · x in each of them, exactly */
  best: Tensor;
  group: number;
  nCols: number;
  k: number;
  sign: 1 | -1;
  /** Turns what is not above zero into padding. */
  relu?: boolean;
}

/**
 * The k best entries of each row's chosen groups, best first, ties to the lowest column.
 * @returns scratch tensors `indices` [n_rows, k] u32 (columns of the whole row) and `values` [n_rows, k] f32; padding
 *   has index 0xffffffff and value 0
 * @throws FacetError `bug` when the shapes do not fit
 */
export function topKGroups(
  batch: Batch,
  { x, holds, chosen, best, group, nCols, k, sign, relu = false }: TopKGroupsArguments,
): { indices: Tensor; values: Tensor } {
  const [nRows = 0, width = 0] = x.shape;
  const [rows = 0, nChosen = 0] = chosen.shape;
  const nCandidates = nChosen * group;
  const expected = holds === 'rows' ? nCols : nCandidates;
  if (rows !== nRows || best.shape.join() !== chosen.shape.join() || width !== expected) {
    throw shapeError('topk_groups', `x must have ${expected} columns`, { x, chosen, best });
  }
  const indices = batch.scratch([nRows, k], 'u32');
  const values = batch.scratch([nRows, k]);
  batch.run(topKGroupsKernel, {
    dims: {
      n_rows: nRows,
      n_cols: nCols,
      group,
      n_chosen: nChosen,
      k,
      compact: holds === 'chosen' ? 1 : 0,
      relu: relu ? 1 : 0,
      sign,
      neg_inf: -Infinity,
    },
    tensors: { x, chosen, best, indices, values },
    groups: [Math.ceil((nChosen + Math.max(0, k - nCandidates)) / 16), ...rowGroups(nRows)],
    cost: { flops: nRows * nChosen * nCandidates, bytes: 4 * nRows * (nCandidates + 2 * nChosen + 2 * k) },
  });
  return { indices, values };
}
