import { expose } from 'comlink';
import { Gpu } from '../src/gpu/gpu.ts';
import { type Measurement, measure, type Workload } from './workload.ts';

const modules = import.meta.glob<{ workloads: Workload[] }>('./workloads/*.ts', { eager: true });

const bench = {
  /** Measures the workloads whose name contains one of `filters` (all when empty). */
  async run(filters: string[], rounds: number): Promise<{ adapter: string; results: Measurement[] }> {
    using gpu = await Gpu.acquire({ largestTensorBytes: 1 << 28 });
    const all = Object.values(modules).flatMap(({ workloads }) => workloads);
    const chosen = all.filter(
      ({ name }) => filters.length === 0 || filters.some((part) => name.includes(part)),
    );
    const results = await measure(gpu, chosen, rounds);
    const { vendor, architecture, description } = gpu.adapter;
    return { adapter: [vendor, architecture, description].filter(Boolean).join(' '), results };
  },
};

export type Bench = typeof bench;
expose(bench);
