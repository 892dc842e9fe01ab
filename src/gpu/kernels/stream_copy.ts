import source from '../../shaders/stream_copy.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import { elementsOf, type Tensor } from '../tensor.ts';
import { coverage } from './elementwise.ts';

export const streamCopyKernel = defineKernel({
  name: 'stream_copy',
  source,
  dims: { n4: 'u32', stride: 'u32' },
  tensors: { x: 'read', y: 'write' },
  overrides: { wg: 64 },
});

/**
 * y = x by a kernel, f32: how bandwidth is measured.
 * @param into of x's size, another tensor
 * @throws FacetError `bug` when the sizes differ
 */
export function streamCopy(batch: Batch, { x, into }: { x: Tensor; into: Tensor }): void {
  const elements = elementsOf(x.shape);
  if (elements !== elementsOf(into.shape)) throw shapeError('stream_copy', 'sizes differ', { x, into });
  const { n4, stride, groups } = coverage(x);
  batch.run(streamCopyKernel, {
    dims: { n4, stride },
    tensors: { x, y: into },
    groups,
    cost: { flops: 0, bytes: 8 * elements },
  });
}
