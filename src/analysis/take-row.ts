import type { Batch } from '../gpu/batch.ts';
import type { Tensor } from '../gpu/tensor.ts';

/** @returns scratch [1, width], a copy of one row of an f32 matrix */
export function takeRow(batch: Batch, matrix: Tensor, row: number): Tensor {
  const width = matrix.shape[1]!;
  const own = batch.scratch([1, width]);
  batch.copy(matrix, own, { fromOffset: 4 * row * width, size: 4 * width });
  return own;
}
