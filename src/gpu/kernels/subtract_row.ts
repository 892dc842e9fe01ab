import source from '../../shaders/subtract_row.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const subtractRowKernel = defineKernel({
  name: 'subtract_row',
  source,
  dims: { n: 'u32', d4: 'u32' },
  tensors: { x: 'read', row: 'read', y: 'write' },
  overrides: { wg: 64 },
});

/**
 * x − row, the row taken from every row of x.
 * @param x   [n_rows, d] f32, d % 4 = 0, n_rows · d < 2²⁴
 * @param row [d] f32
 * @returns scratch [n_rows, d]
 * @throws FacetError `bug` when the shapes do not fit
 */
export function subtractRow(batch: Batch, { x, row }: { x: Tensor; row: Tensor }): Tensor {
  const [nRows = 0, d = 0] = x.shape;
  if (x.shape.length !== 2 || d % 4 !== 0 || row.shape[0] !== d) {
    throw shapeError('subtract_row', 'd must be a multiple of 4 and equal for both', { x, row });
  }
  const y = batch.scratch([nRows, d]);
  const n = (nRows * d) / 4;
  batch.run(subtractRowKernel, {
    dims: { n, d4: d / 4 },
    tensors: { x, row, y },
    groups: [Math.ceil(n / 64)],
    cost: { flops: nRows * d, bytes: 4 * (2 * nRows * d + d) },
  });
  return y;
}
