import source from '../../shaders/add.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import { elementsOf, type Tensor } from '../tensor.ts';
import { coverage } from './elementwise.ts';

export const addKernel = defineKernel({
  name: 'add',
  source,
  dims: { n4: 'u32', stride: 'u32' },
  tensors: { a: 'read', b: 'read', y: 'write' },
  overrides: { wg: 64 },
});

/**
 * a + b, elementwise, f32.
 * @returns scratch of a's shape
 * @throws FacetError `bug` when the sizes differ
 */
export function add(batch: Batch, { a, b }: { a: Tensor; b: Tensor }): Tensor {
  const elements = elementsOf(a.shape);
  if (elements !== elementsOf(b.shape)) throw shapeError('add', 'sizes differ', { a, b });
  const y = batch.scratch(a.shape);
  const { n4, stride, groups } = coverage(a);
  batch.run(addKernel, {
    dims: { n4, stride },
    tensors: { a, b, y },
    groups,
    cost: { flops: elements, bytes: 12 * elements },
  });
  return y;
}
