import type { Batch } from '../src/gpu/batch.ts';
import type { Gpu } from '../src/gpu/gpu.ts';

/** What is measured: one recording of a kernel, repeated inside a batch. */
export interface Prepared extends Disposable {
  /** Records the work once and releases every scratch tensor it made. */
  record(batch: Batch): void;
  /** Floating-point operations of one recording; a multiply-add counts two. */
  flops: number;
}

/** Files in `workloads/` export `workloads: Workload[]`; adding one there is all it takes to be measured. */
export interface Workload {
  name: string;
  /** Uploads what the work reads. Called once, before the first round. */
  prepare: (gpu: Gpu) => Prepared;
}

export interface Measurement {
  name: string;
  medianMs: number;
  bestMs: number;
  gflops: number;
  rounds: number;
}

/** Least time one measurement takes, so that submission and waiting are a small part of it. */
const LEAST_MS = 40;
const MOST_REPEATS = 64;

async function timed(gpu: Gpu, prepared: Prepared, repeats: number): Promise<number> {
  const batch = gpu.batch('bench');
  for (let i = 0; i < repeats; i++) prepared.record(batch);
  const start = performance.now();
  await batch.submit();
  await gpu.settled();
  return performance.now() - start;
}

/** Measures every workload once a round, so that a slow moment of the machine falls on all of them. */
export async function measure(
  gpu: Gpu,
  workloads: readonly Workload[],
  rounds: number,
): Promise<Measurement[]> {
  using stack = new DisposableStack();
  const ready: { name: string; prepared: Prepared; repeats: number; times: number[] }[] = [];
  for (const { name, prepare } of workloads) {
    const prepared = stack.use(prepare(gpu));
    await timed(gpu, prepared, 1); // compiles
    const once = await timed(gpu, prepared, 1);
    const repeats = Math.min(MOST_REPEATS, Math.max(1, Math.ceil(LEAST_MS / once)));
    ready.push({ name, prepared, repeats, times: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { prepared, repeats, times } of ready)
      times.push((await timed(gpu, prepared, repeats)) / repeats);
  }
  return ready.map(({ name, prepared, times }) => {
    const sorted = [...times].sort((a, b) => a - b);
    const medianMs = sorted[Math.floor(sorted.length / 2)]!;
    return { name, medianMs, bestMs: sorted[0]!, gflops: prepared.flops / medianMs / 1e6, rounds };
  });
}
