import source from '../../shaders/replace_columns.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const replaceColumnsKernel = defineKernel({
  name: 'replace_columns',
  source,
  dims: { n_rows: 'u32', d4: 'u32', from_row: 'u32' },
  tensors: { x: 'read', row: 'read', keep: 'read', y: 'write' },
  overrides: { wg: 64 },
});

/**
 * x with the same values in some columns of every row from `fromRow` on.
 * @param x    [T, d] f32, d % 4 = 0
 * @param row  [d] f32, what is put there
 * @param keep [d] f32: 0 where it is put, anything else where x stays
 * @returns scratch [T, d]
 * @throws FacetError `bug` when the shapes do not fit
 */
export function replaceColumns(
  batch: Batch,
  { x, row, keep, fromRow }: { x: Tensor; row: Tensor; keep: Tensor; fromRow: number },
): Tensor {
  const [nRows = 0, d = 0] = x.shape;
  if (x.shape.length !== 2 || d % 4 !== 0 || row.shape[0] !== d || keep.shape[0] !== d)
    throw shapeError('replace_columns', 'd must be a multiple of 4 and equal for all', { x, row, keep });
  const y = batch.scratch([nRows, d]);
  batch.run(replaceColumnsKernel, {
    dims: { n_rows: nRows, d4: d / 4, from_row: fromRow },
    tensors: { x, row, keep, y },
    groups: [Math.ceil(d / 256), ...rowGroups(nRows)],
    cost: { flops: 0, bytes: 8 * nRows * d },
  });
  return y;
}
