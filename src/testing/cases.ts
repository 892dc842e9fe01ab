import type { Gpu } from '../gpu/gpu.ts';

/** Why a case did not run: something it needs is not there. */
export type Skipped = { skipped: string };

/** One check that needs a GPU. It runs in a module worker, as the product does, and throws when it fails. */
export interface GpuCase {
  name: string;
  run: (gpu: Gpu) => Promise<void | Skipped>;
}

/** `*.cases.ts` files export `cases` made with this; every one becomes a test of the `gpu` project. */
export function gpuCases(
  group: string,
  cases: Record<string, (gpu: Gpu) => Promise<void | Skipped>>,
): GpuCase[] {
  return Object.entries(cases).map(([name, run]) => ({ name: `${group}: ${name}`, run }));
}
