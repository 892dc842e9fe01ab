import { expose } from 'comlink';
import { WebGpu } from '../gpu/webgpu/web-gpu.ts';
import type { GpuCase, Skipped } from './cases.ts';

const modules = import.meta.glob<{ cases: GpuCase[] }>('../**/*.cases.ts');

const uncaught: string[] = [];
let gpu: Promise<WebGpu> | undefined;
let cases: GpuCase[] = [];

function acquire(): Promise<WebGpu> {
  gpu ??= WebGpu.acquire({ largestTensorBytes: 1 << 27 }).then((acquired) => {
    acquired.onError = (error) => uncaught.push(error.message);
    return acquired;
  });
  return gpu;
}

const runner = {
  /** Names of every case in files whose path contains one of `filters` (all when empty). */
  async list(filters: string[]): Promise<string[]> {
    const chosen = Object.entries(modules).filter(
      ([path]) => filters.length === 0 || filters.some((part) => path.includes(part)),
    );
    const loaded = await Promise.all(chosen.map(([, load]) => load()));
    cases = loaded.flatMap((module) => module.cases);
    return cases.map(({ name }) => name);
  },
  async run(name: string): Promise<void | Skipped> {
    const found = cases.filter((candidate) => candidate.name === name);
    if (found.length !== 1) throw new Error(`${found.length} cases are called "${name}"`);
    const acquired = await acquire();
    acquired.device.pushErrorScope('validation');
    let failure: unknown;
    let result: void | Skipped = undefined;
    try {
      result = await found[0]!.run(acquired);
    } catch (thrown) {
      failure = thrown;
    }
    const invalid = await acquired.device.popErrorScope();
    if (invalid) throw new Error(`WebGPU: ${invalid.message}`);
    if (failure !== undefined) throw failure;
    if (uncaught.length > 0) throw new Error(`WebGPU: ${uncaught.splice(0).join('; ')}`);
    return result;
  },
};

export type CaseRunner = typeof runner;
expose(runner);
