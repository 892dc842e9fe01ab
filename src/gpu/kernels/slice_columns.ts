import source from '../../shaders/slice_columns.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const sliceColumnsKernel = defineKernel({
  name: 'slice_columns',
  source,
  dims: { width4: 'u32', from4: 'u32', count4: 'u32', y_width4: 'u32', row: 'u32', to4: 'u32' },
  tensors: { x: 'read', y: 'write' },
  overrides: { wg: 64 },
});

interface Columns {
  x: Tensor;
  from: number;
  count: number;
}

/**
 * Columns `from` … `from + count` of every row.
 * @param x [T, C] f32; C, from and count multiples of 4
 * @returns scratch [T, count]
 * @throws FacetError `bug` when the range does not fit
 */
export function sliceColumns(batch: Batch, { x, from, count }: Columns): Tensor {
  const y = batch.scratch([x.shape[0] ?? 0, count]);
  putColumns(batch, { x, from, count }, { y, row: 0, column: 0 });
  return y;
}

/**
 * Columns `from` … `from + count` of every row of x [T, C], written to rows `row` … of another tensor, at `column`.
 * @param to y [R, D] f32, not x; D and column multiples of 4, as C, from and count are
 * @throws FacetError `bug` when a range does not fit
 */
export function putColumns(
  batch: Batch,
  { x, from, count }: Columns,
  { y, row, column }: { y: Tensor; row: number; column: number },
): void {
  const [nRows = 0, width = 0] = x.shape;
  const [yRows = 0, yWidth = 0] = y.shape;
  if ([width, from, count, yWidth, column].some((size) => size % 4 !== 0) || from + count > width)
    throw shapeError('slice_columns', `cannot take ${count} columns from ${from}`, { x });
  if (row + nRows > yRows || column + count > yWidth)
    throw shapeError('slice_columns', `${nRows} × ${count} from ${row}, ${column} do not fit`, { y });
  batch.run(sliceColumnsKernel, {
    dims: {
      width4: width / 4,
      from4: from / 4,
      count4: count / 4,
      y_width4: yWidth / 4,
      row,
      to4: column / 4,
    },
    tensors: { x, y },
    groups: [Math.ceil(count / 4 / 64), nRows],
    cost: { flops: 0, bytes: 8 * nRows * count },
  });
}
