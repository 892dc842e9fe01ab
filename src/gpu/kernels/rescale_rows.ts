import source from '../../shaders/rescale_rows.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const rescaleRowsKernel = defineKernel({
  name: 'rescale_rows',
  source,
  dims: { n_rows: 'u32', d4: 'u32', back: 'u32', has_row: 'u32' },
  tensors: { x: 'read', scales: 'read', row: 'read', y: 'write' },
  overrides: { wg: 64 },
});

/**
 * (x − shift) · in − row, or with `back` the way out again: x · back + shift.
 * @param x      [T, d] f32, d % 4 = 0
 * @param scales [T, 4] of `rowScale`
 * @param row    [d] f32, taken off on the way in
 * @returns scratch [T, d]
 * @throws FacetError `bug` when the shapes do not fit
 */
export function rescaleRows(
  batch: Batch,
  { x, scales, row, back = false }: { x: Tensor; scales: Tensor; row?: Tensor; back?: boolean },
): Tensor {
  const [nRows = 0, d = 0] = x.shape;
  const fits = d % 4 === 0 && scales.shape.join() === [nRows, 4].join() && (!row || row.shape[0] === d);
  if (x.shape.length !== 2 || !fits || (back && row)) {
    throw shapeError('rescale_rows', 'shapes do not fit', { x, scales, ...(row && { row }) });
  }
  const y = batch.scratch([nRows, d]);
  batch.run(rescaleRowsKernel, {
    dims: { n_rows: nRows, d4: d / 4, back: back ? 1 : 0, has_row: row ? 1 : 0 },
    // What is left out is never read, but a binding needs a buffer.
    tensors: { x, scales, row: row ?? x, y },
    groups: [Math.ceil(d / 4 / 64), ...rowGroups(nRows)],
    cost: { flops: 3 * nRows * d, bytes: 2 * x.byteLength + scales.byteLength },
  });
  return y;
}
