import type { Gpu } from '../../gpu/gpu.ts';
import { fmaChain } from '../../gpu/kernels/fma_chain.ts';
import { streamCopy } from '../../gpu/kernels/stream_copy.ts';
import { fmaChainReference } from '../../gpu/reference/fma_chain.ts';
import type { Roof } from '../../shared/roofline.ts';
import { mustAgree } from './agree.ts';
import { type Clock, clockOf, elapse } from './elapse.ts';
import type { BenchContext } from './prepared.ts';
import { seededValues, seedOf } from './seeded.ts';

/** Of a buffer that no cache holds. The processor's memory never shrinks again. */
const COPIED_BYTES = { webgpu: 2 ** 27, cpu: 2 ** 26 };
const WRITTEN_AT_ONCE = 2 ** 20;
/** Invocations enough to fill a large adapter, of four values each. */
const CHAINED = 2 ** 20;
const FIRST_STEPS = 2;
const MOST_STEPS = 2 ** 13;
const ROUNDS = 5;
/** Least time of a round. */
const LEAST_MS = 25;
const CHAIN = { factor: 0.996_093_75, term: 0.25 };

/**
 * What the adapter does at most: the best of some rounds of copying, and of multiply-adds in two or eight chains.
 * @throws FacetError `bug` when it computes something else, `out-of-memory`
 */
export async function measureRoof(
  context: Pick<BenchContext, 'gpu' | 'turn'>,
): Promise<{ roof: Roof; clock: Clock }> {
  const { gpu } = context;
  const values = seededValues(seedOf('roof'), CHAINED);
  using x = gpu.upload(values, [CHAINED]);
  const clock = await context.turn(() =>
    clockOf(gpu, (batch) => batch.release(fmaChain(batch, { x, steps: FIRST_STEPS, chains: 2, ...CHAIN }))),
  );
  const bytesPerSecond = await bandwidth(context, clock);
  let flopsPerSecond = 0;
  for (const chains of [2, 8] as const) {
    const run = (steps: number) => (batch: ReturnType<Gpu['batch']>) =>
      batch.release(fmaChain(batch, { x, steps, chains, ...CHAIN }));
    await context.turn(async () => {
      const batch = gpu.batch('chains');
      const { arrays } = await batch.submit([fmaChain(batch, { x, steps: 40, chains, ...CHAIN })]);
      const expected = fmaChainReference(values, { steps: 40, chains, ...CHAIN });
      mustAgree('a chain of multiply-adds', arrays[0]!, expected, 1e-4);
    });
    const first = await context.turn(() => elapse(gpu, run(FIRST_STEPS), 1, clock));
    const steps = Math.min(MOST_STEPS, Math.ceil((FIRST_STEPS * LEAST_MS) / Math.max(first.ms, 1e-3)));
    for (let round = 0; round < ROUNDS; round++) {
      const { flops, ms } = await context.turn(() => elapse(gpu, run(steps), 1, clock));
      if (ms > 0) flopsPerSecond = Math.max(flopsPerSecond, (1000 * flops) / ms);
    }
  }
  return { roof: { bytesPerSecond, flopsPerSecond }, clock };
}

async function bandwidth({ gpu, turn }: Pick<BenchContext, 'gpu' | 'turn'>, clock: Clock): Promise<number> {
  const count =
    Math.min(COPIED_BYTES[gpu.backend], gpu.largestTensorBytes - (gpu.largestTensorBytes % 16)) / 4;
  using from = await gpu.reserve([count], 'f32');
  using into = await gpu.reserve([count], 'f32');
  // Memory that holds nothing but zeros may be quicker than it is.
  const part = seededValues(seedOf('copied'), Math.min(count, WRITTEN_AT_ONCE));
  for (let at = 0; at < count; at += part.length)
    gpu.write(from, 4 * at, part.subarray(0, Math.min(part.length, count - at)));
  const copy = (batch: ReturnType<Gpu['batch']>): void => streamCopy(batch, { x: from, into });
  await turn(() => elapse(gpu, copy, 1, clock));
  const first = await turn(() => elapse(gpu, copy, 1, clock));
  const repeats = Math.min(64, Math.max(1, Math.ceil(LEAST_MS / Math.max(first.ms, 1e-3))));
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { bytes, ms } = await turn(() => elapse(gpu, copy, repeats, clock));
    if (ms > 0) best = Math.max(best, (1000 * bytes) / ms);
  }
  return best;
}
