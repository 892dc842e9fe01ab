import { expect, test } from 'vitest';
import { CpuGpu } from '../gpu/cpu/cpu-gpu.ts';
import type { GpuCase } from './cases.ts';

const uncaught: string[] = [];
let device: Promise<CpuGpu> | undefined;

function acquire(): Promise<CpuGpu> {
  device ??= CpuGpu.open('asked').then((acquired) => {
    acquired.onError = (error) => uncaught.push(error.message);
    return acquired;
  });
  return device;
}

/**
 * Makes tests of the project `cpu` of a file's cases; `casesAsTests` of vitest.config.ts calls it at the end of each.
 * A file that another one imports has its turn by itself.
 */
export function casesOnCpu(path: string, cases: readonly GpuCase[]): void {
  if (expect.getState().testPath !== path) return;
  for (const found of cases) {
    test(found.name, async ({ skip }) => {
      const result = await found.run(await acquire());
      expect(uncaught.splice(0)).toEqual([]);
      if (result) skip(result.skipped);
    });
  }
}
