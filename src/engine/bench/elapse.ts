import { discarding } from '../../analysis/discarding.ts';
import type { Batch, KernelTiming } from '../../gpu/batch.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import type { KernelShare } from '../protocol.ts';

export type Clock = 'device' | 'wall';

export interface Elapsed {
  /** Of all runs together, by the clock asked for. */
  ms: number;
  /** From submission to the readback of four bytes, whatever the clock. */
  wallMs: number;
  /** Of all runs together. */
  flops: number;
  bytes: number;
  dispatches: number;
  /** By kernel, longest first; none where there are no timestamps. */
  kernels: KernelShare[];
}

/**
 * Time of `repeats` runs in one submission. Recording it, and what is written to the device meanwhile, comes before the
 * clock starts.
 * @param record records one run and releases what it made
 */
export async function elapse(
  gpu: Gpu,
  record: (batch: Batch) => void,
  repeats: number,
  clock: Clock,
): Promise<Elapsed> {
  using probe = gpu.tensor([1]);
  const { profiling } = gpu;
  const batch = gpu.batch('bench');
  discarding(batch, () => {
    for (let run = 0; run < repeats; run++) record(batch);
  });
  try {
    // On the processor, too, it is worth knowing what the time goes to; there it costs next to nothing.
    gpu.profiling = clock === 'device' || gpu.backend === 'cpu';
    await gpu.settled();
    const before = { ...gpu.counters };
    const started = performance.now();
    const { timings } = await batch.submit([probe]);
    const wallMs = performance.now() - started;
    const deviceMs = timings.reduce((sum, { gpuMs }) => sum + gpuMs, 0);
    return {
      ms: clock === 'device' ? deviceMs : wallMs,
      wallMs,
      flops: gpu.counters.flops - before.flops,
      bytes: gpu.counters.bytesMoved - before.bytesMoved,
      dispatches: gpu.counters.dispatches - before.dispatches,
      kernels: byKernel(timings, repeats),
    };
  } finally {
    gpu.profiling = profiling;
  }
}

/** Whether the device says how long its work took, better than the wall clock, which is exact for the processor. */
export async function clockOf(gpu: Gpu, record: (batch: Batch) => void): Promise<Clock> {
  if (gpu.backend === 'cpu') return 'wall';
  return (await elapse(gpu, record, 1, 'device')).ms > 0 ? 'device' : 'wall';
}

function byKernel(timings: readonly KernelTiming[], repeats: number): KernelShare[] {
  const found = new Map<string, KernelShare>();
  for (const { kernel, gpuMs, flops, bytes } of timings) {
    const sum = found.get(kernel) ?? { kernel, dispatches: 0, ms: 0, flops: 0, bytes: 0 };
    found.set(kernel, sum);
    sum.dispatches += 1 / repeats;
    sum.ms += gpuMs / repeats;
    sum.flops += flops / repeats;
    sum.bytes += bytes / repeats;
  }
  return [...found.values()].sort((a, b) => b.ms - a.ms);
}
