import source from '../../shaders/row_norms.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const rowNormsKernel = defineKernel({
  name: 'row_norms',
  source,
  dims: { n_rows: 'u32', d4: 'u32' },
  tensors: { weights: 'weights', norms: 'write' },
  overrides: { wg: 16 },
});

const MOST_GROUPS = 65_535; // maxComputeWorkgroupsPerDimension

/**
 * L2 norm of each row.
 * @param weights weights [F, d], d % 4 = 0, entries below 1e18 in size
 * @returns scratch [F]
 * @throws FacetError `bug` when the shapes do not fit
 */
export function rowNorms(batch: Batch, { weights }: { weights: Tensor }): Tensor {
  const [nRows = 0, d = 0] = weights.shape;
  if (weights.shape.length !== 2 || d % 4 !== 0) {
    throw shapeError('row_norms', 'd must be a multiple of 4', { weights });
  }
  const norms = batch.scratch([nRows]);
  const groups = Math.ceil(nRows / 16);
  batch.run(rowNormsKernel, {
    dims: { n_rows: nRows, d4: d / 4 },
    tensors: { weights, norms },
    groups: [Math.min(groups, MOST_GROUPS), Math.ceil(groups / MOST_GROUPS)],
    cost: { flops: 2 * nRows * d, bytes: weights.byteLength + 4 * nRows },
  });
  return norms;
}
