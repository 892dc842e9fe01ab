import source from '../../shaders/head_dots.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const headDotsKernel = defineKernel({
  name: 'head_dots',
  source,
  dims: { n_rows: 'u32', n_heads: 'u32', group: 'u32', d4: 'u32' },
  tensors: { a: 'read', b: 'read', dots: 'write' },
  overrides: { wg: 64 },
});

/**
 * Each head's row of `b` times the row of `a` of the key/value head it shares, e.g. values times what reads them.
 * @param a [T, nKvHeads · dHead] f32
 * @param b [T, nHeads · dHead] f32; nKvHeads divides nHeads, dHead % 4 = 0
 * @returns scratch [nHeads, T]
 * @throws FacetError `bug` when the shapes do not fit
 */
export function headDots(
  batch: Batch,
  { a, b, nHeads, nKvHeads }: { a: Tensor; b: Tensor; nHeads: number; nKvHeads: number },
): Tensor {
  const [nRows = 0, width = 0] = b.shape;
  const dHead = width / nHeads;
  if (a.shape.join() !== `${nRows},${nKvHeads * dHead}` || dHead % 4 !== 0 || nHeads % nKvHeads !== 0)
    throw shapeError('head_dots', `${nHeads} heads on ${nKvHeads} do not fit`, { a, b });
  const dots = batch.scratch([nHeads, nRows]);
  batch.run(headDotsKernel, {
    dims: { n_rows: nRows, n_heads: nHeads, group: nHeads / nKvHeads, d4: dHead / 4 },
    tensors: { a, b, dots },
    groups: [Math.ceil(nRows / 64), nHeads],
    cost: { flops: 2 * nRows * width, bytes: a.byteLength + b.byteLength + dots.byteLength },
  });
  return dots;
}
