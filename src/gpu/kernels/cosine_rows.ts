import source from '../../shaders/cosine_rows.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const cosineRowsKernel = defineKernel({
  name: 'cosine_rows',
  source,
  dims: { n_rows: 'u32', d4: 'u32' },
  tensors: { rows: 'weights', norms: 'read', query: 'read', cosines: 'write' },
  overrides: { wg: 16 },
});

/**
 * Cosine of every row with one query; 0 where either has no length.
 * @param rows  weights [F, d], d % 4 = 0
 * @param norms [F] f32, `rowNorms(rows)`
 * @param query [1, d] f32
 * @returns scratch [1, F], within −1 … 1
 * @throws FacetError `bug` when the shapes do not fit
 */
export function cosineRows(
  batch: Batch,
  { rows, norms, query }: { rows: Tensor; norms: Tensor; query: Tensor },
): Tensor {
  const [nRows = 0, d = 0] = rows.shape;
  if (d % 4 !== 0 || norms.shape[0] !== nRows || query.shape.join() !== `1,${d}`) {
    throw shapeError('cosine_rows', 'd must be a multiple of 4 and equal for both', { rows, norms, query });
  }
  const cosines = batch.scratch([1, nRows]);
  batch.run(cosineRowsKernel, {
    dims: { n_rows: nRows, d4: d / 4 },
    tensors: { rows, norms, query, cosines },
    groups: [Math.ceil(nRows / 16)],
    cost: { flops: 4 * nRows * d, bytes: rows.byteLength + 4 * (2 * nRows + d) },
  });
  return cosines;
}
