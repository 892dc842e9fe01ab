import source from '../../shaders/reconstruction_error.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const reconstructionErrorKernel = defineKernel({
  name: 'reconstruction_error',
  source,
  dims: { n_rows: 'u32', d4: 'u32' },
  tensors: { x: 'read', x_hat: 'read', mean: 'read', sums: 'write' },
  overrides: { wg: 16 },
});

/**
 * What the fraction of variance unexplained and the error share are made of, per row.
 * @param x    [T, d] f32, d % 4 = 0
 * @param xHat [T, d] f32
 * @param mean [d] f32, usually `columnMean(x)`
 * @returns scratch [T, 4] = ‖x − x̂‖², ‖x − mean‖², ‖x‖², ‖x̂‖²
 * @throws FacetError `bug` when the shapes do not fit
 */
export function reconstructionError(
  batch: Batch,
  { x, xHat, mean }: { x: Tensor; xHat: Tensor; mean: Tensor },
): Tensor {
  const [nRows = 0, d = 0] = x.shape;
  if (x.shape.length !== 2 || d % 4 !== 0 || x.shape.join() !== xHat.shape.join() || mean.shape[0] !== d) {
    throw shapeError('reconstruction_error', 'd must be a multiple of 4 and equal for all', {
      x,
      xHat,
      mean,
    });
  }
  const sums = batch.scratch([nRows, 4]);
  batch.run(reconstructionErrorKernel, {
    dims: { n_rows: nRows, d4: d / 4 },
    tensors: { x, x_hat: xHat, mean, sums },
    groups: [Math.ceil(nRows / 16)],
    cost: { flops: 10 * nRows * d, bytes: 4 * (2 * nRows * d + d + 4 * nRows) },
  });
  return sums;
}
