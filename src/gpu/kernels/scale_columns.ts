import source from '../../shaders/scale_columns.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const scaleColumnsKernel = defineKernel({
  name: 'scale_columns',
  source,
  dims: { n_rows: 'u32', d4: 'u32', centre: 'u32' },
  tensors: { x: 'read', gain: 'read', y: 'write' },
  overrides: { wg: 16 },
});

/**
 * Each column times its gain, rows centred first on demand: what a norm does to a direction, its scale taken as 1.
 * @param x [n_rows, d] f32, d % 4 = 0
 * @param gain [d] f32
 * @returns scratch [n_rows, d]
 * @throws FacetError `bug` when the shapes do not fit
 */
export function scaleColumns(
  batch: Batch,
  { x, gain, centre }: { x: Tensor; gain: Tensor; centre: boolean },
): Tensor {
  const [nRows = 0, d = 0] = x.shape;
  if (x.shape.length !== 2 || d % 4 !== 0 || gain.shape[0] !== d) {
    throw shapeError('scale_columns', 'd must be a multiple of 4 and equal for both', { x, gain });
  }
  const y = batch.scratch([nRows, d]);
  batch.run(scaleColumnsKernel, {
    dims: { n_rows: nRows, d4: d / 4, centre: centre ? 1 : 0 },
    tensors: { x, gain, y },
    groups: [Math.ceil(nRows / 16)],
    cost: { flops: 3 * nRows * d, bytes: 4 * (2 * nRows * d + d) },
  });
  return y;
}
