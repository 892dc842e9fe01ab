import type { Batch } from '../batch.ts';
import type { AdapterDescription } from '../device.ts';
import type { Gpu } from '../gpu.ts';
import type { KernelSpec, Variant } from '../kernel.ts';
import type { Tensor } from '../tensor.ts';
import type { Asked } from './choices.ts';

/** An op that has several variants, and how they are tried out. Files in `ops/` export one each. */
export interface TunedOp {
  /** As its kernel asks for it, see `Choices.look`. */
  id: string;
  /** Every kernel a variant may run: measurements made with another text of them are forgotten. */
  kernels: readonly KernelSpec[];
  /** Variants worth trying on an adapter for what was asked, the default first. */
  candidates(adapter: AdapterDescription, asked: Asked): string[];
  /** What a variant runs, so that it can be compiled ahead. */
  plan(variant: string, asked: Asked): { kernel: KernelSpec; variant: Variant };
  /** Inputs like what was asked for, though no more of them than a trial needs. */
  example(gpu: Gpu, asked: Asked): Example;
}

export interface Example extends Disposable {
  /** Records the op once with a variant. @returns what it gave, in scratch */
  record(batch: Batch, variant: string): Tensor;
}

/** Most numbers of one input of an example: larger weights are cut, which changes little of what is fastest. */
export const MOST_NUMBERS = 2 ** 22;

/** Whether an adapter can run a kernel. */
export function runsOn(adapter: AdapterDescription, kernel: KernelSpec): boolean {
  return !kernel.needs || adapter.features.includes(kernel.needs);
}
