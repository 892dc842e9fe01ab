import source from '../../shaders/activation.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { elementsOf, type Tensor } from '../tensor.ts';
import { ACTIVATION_NUMBERS, type KernelActivation, withActivations } from './activation-names.ts';
import { coverage } from './elementwise.ts';

export const activationKernel = defineKernel({
  name: 'activation',
  source: withActivations(source),
  dims: { n4: 'u32', stride: 'u32', kind: 'u32' },
  tensors: { x: 'read', y: 'write' },
  overrides: { wg: 64 },
});

/**
 * Elementwise activation.
 * @param x any shape, f32
 * @returns scratch of the same shape
 * @source gelu_new: Hendrycks & Gimpel 2016 tanh form as in GPT-2; gelu: erf form; silu: x·σ(x)
 */
export function activate(
  batch: Batch,
  { x, activation }: { x: Tensor; activation: KernelActivation },
): Tensor {
  const y = batch.scratch(x.shape);
  const { n4, stride, groups } = coverage(x);
  const elements = elementsOf(x.shape);
  batch.run(activationKernel, {
    dims: { n4, stride, kind: ACTIVATION_NUMBERS[activation] },
    tensors: { x, y },
    groups,
    cost: { flops: 10 * elements, bytes: 8 * elements },
  });
  return y;
}
