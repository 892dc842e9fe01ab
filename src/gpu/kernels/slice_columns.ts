import source from '../../shaders/slice_columns.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const sliceColumnsKernel = defineKernel({
  name: 'slice_columns',
  source,
  dims: { n_rows: 'u32', width4: 'u32', from4: 'u32', count4: 'u32' },
  tensors: { x: 'read', y: 'write' },
  overrides: { wg: 64 },
});

/**
 * Columns `from` … `from + count` of every row.
 * @param x [T, C] f32; C, from and count multiples of 4
 * @returns scratch [T, count]
 * @throws FacetError `bug` when the range does not fit
 */
export function sliceColumns(
  batch: Batch,
  { x, from, count }: { x: Tensor; from: number; count: number },
): Tensor {
  const [nRows = 0, width = 0] = x.shape;
  if ([width, from, count].some((size) => size % 4 !== 0) || from + count > width) {
    throw shapeError('slice_columns', `cannot take ${count} columns from ${from}`, { x });
  }
  const y = batch.scratch([nRows, count]);
  batch.run(sliceColumnsKernel, {
    dims: { n_rows: nRows, width4: width / 4, from4: from / 4, count4: count / 4 },
    tensors: { x, y },
    groups: [Math.ceil(count / 4 / 64), nRows],
    cost: { flops: 0, bytes: 8 * nRows * count },
  });
  return y;
}
