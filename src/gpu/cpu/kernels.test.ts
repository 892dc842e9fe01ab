import { expect, test } from 'vitest';
import type { KernelSpec } from '../kernel.ts';
import { CPU_KERNELS } from './index.ts';

const modules = import.meta.glob<Record<string, unknown>>(['../kernels/*.ts', '!../kernels/*.cases.ts'], {
  eager: true,
});
const isKernel = (value: unknown): value is KernelSpec =>
  typeof value === 'object' && value !== null && 'source' in value && 'dims' in value && 'tensors' in value;

test('every kernel has one for the processor, and none has another name', () => {
  const names = Object.values(modules)
    .flatMap((module) => Object.values(module).filter(isKernel))
    .map(({ name }) => name);
  expect([...CPU_KERNELS.keys()].sort()).toEqual(names.sort());
});
