import source from '../../shaders/column_mean.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const columnMeanKernel = defineKernel({
  name: 'column_mean',
  source,
  dims: { from_row: 'u32', to_row: 'u32', d4: 'u32' },
  tensors: { x: 'read', mean: 'write' },
  overrides: { wg: 16 },
});

/**
 * Mean of the rows fromRow ≤ t < toRow.
 * @param x [T, d] f32, d % 4 = 0
 * @param fromRow first row; 1 leaves out a beginning-of-text token
 * @param toRow   one past the last row
 * @returns scratch [d]
 * @throws FacetError `bug` when the shapes do not fit or no row is left
 */
export function columnMean(
  batch: Batch,
  { x, fromRow, toRow }: { x: Tensor; fromRow: number; toRow: number },
): Tensor {
  const [nRows = 0, d = 0] = x.shape;
  if (x.shape.length !== 2 || d % 4 !== 0 || !(fromRow >= 0 && fromRow < toRow && toRow <= nRows)) {
    throw shapeError('column_mean', `rows ${fromRow} to ${toRow} of a matrix with d % 4 = 0`, { x });
  }
  const mean = batch.scratch([d]);
  batch.run(columnMeanKernel, {
    dims: { from_row: fromRow, to_row: toRow, d4: d / 4 },
    tensors: { x, mean },
    groups: [Math.ceil(d / 64)],
    cost: { flops: 3 * (toRow - fromRow) * d, bytes: 4 * (2 * (toRow - fromRow) + 1) * d },
  });
  return mean;
}
