import source from '../../shaders/fma_chain.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { elementsOf, type Tensor } from '../tensor.ts';
import { coverage } from './elementwise.ts';

export const fmaChainKernel = defineKernel({
  name: 'fma_chain',
  source,
  dims: { n4: 'u32', stride: 'u32', steps: 'u32', factor: 'f32', term: 'f32' },
  tensors: { x: 'read', y: 'write' },
  overrides: { wg: 64, chains: 8 },
});

export interface FmaChainArguments {
  x: Tensor;
  /** v ← factor · v + term, 8 · steps times. */
  steps: number;
  factor: number;
  term: number;
  /** Independent ones, which start at x, x + 1, … and are added in the end. More need more registers. */
  chains: 1 | 2 | 4 | 8;
}

/** Multiply-adds that stay in registers: how the peak is measured. @returns scratch of x's shape */
export function fmaChain(batch: Batch, { x, steps, factor, term, chains }: FmaChainArguments): Tensor {
  const y = batch.scratch(x.shape);
  const { n4, stride, groups } = coverage(x);
  batch.run(fmaChainKernel, {
    dims: { n4, stride, steps, factor, term },
    tensors: { x, y },
    groups,
    overrides: { chains },
    // The last four elements are computed whether or not they are all there.
    cost: { flops: 2 * 4 * n4 * chains * 8 * steps, bytes: 8 * elementsOf(x.shape) },
  });
  return y;
}
