import type { KernelSpec } from '../kernel.ts';
import type { Wasm } from '../wasm/index.ts';
import type { View } from './view.ts';

/** One dispatch as a kernel on the processor sees it. */
export interface CpuCall<D extends string = string, T extends string = string> {
  dims: Readonly<Record<D, number>>;
  tensors: Readonly<Record<T, View>>;
  /** Those of the variant, and the kernel's defaults. */
  overrides: Readonly<Record<string, number>>;
  /** Functions over the addresses of the tensors, and room for what they need on the way. */
  wasm: Wasm;
}

/** A kernel on the processor: reads and writes the tensors of its call, which `kernels/x.ts` above checked. */
export interface CpuKernel {
  name: string;
  run: (call: CpuCall) => void;
}

export function cpuKernel<D extends string, T extends string>(
  { name }: KernelSpec<D, T>,
  run: (call: CpuCall<D, T>) => void,
): CpuKernel {
  return { name, run };
}
