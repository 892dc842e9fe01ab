import { everything, joinHeads, type PairMask, type PairShape } from '../../attention/pair-mask.ts';
import { randomBlocks } from '../../attention/random-blocks.ts';
import type { BlockMask } from '../../gpu/block-mask.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { attention, type HeadView } from '../../gpu/kernels/attention.ts';
import type { Tensor } from '../../gpu/tensor.ts';

/** Heads of the model whose attention is timed. */
export interface TimedHeads {
  nHeads: number;
  nKvHeads: number;
  dHead: number;
  attentionScale: number;
}

export interface TimedPoint {
  clock: 'gpu' | 'wall';
  length: number;
  /** Share of the blocks of dense attention visited. */
  visited: number;
  /** Median over the rounds of its time divided by dense attention's of the same round; least and greatest. */
  ratio: number;
  least: number;
  greatest: number;
  /** Median time of dense attention, milliseconds. */
  denseMs: number;
}

/** Least time a measurement of dense attention takes by the wall clock, so that submitting is a small part of it. */
const LEAST_MS = 30;
const MOST_REPEATS = 64;

/**
 * Times the attention kernel on random queries, keys and values with random blocks left out, each head its own, beside
 * dense attention in turn. By GPU timestamps where there are any, else by the wall clock over one submission.
 * @param densities shares of blocks to keep, besides what is always kept
 * @param turn runs one piece of work on the GPU at a time
 */
export async function timeLength(
  gpu: Gpu,
  heads: TimedHeads,
  asked: { length: number; blockSize: number; densities: readonly number[]; rounds: number },
  turn: <Result>(work: () => Promise<Result>) => Promise<Result>,
): Promise<TimedPoint[]> {
  const { length, blockSize, densities, rounds } = asked;
  const { nHeads } = heads;
  const shape: PairShape = { nQueries: length, nKeys: length, queryOffset: 0, blockSize, window: 0 };
  const dense = everything(shape);
  const share = (masks: readonly PairMask[]): number =>
    masks.reduce((sum, { visited }) => sum + visited, 0) / (masks.length * dense.visited);
  const candidates = densities.map((density, which) => {
    const masks = Array.from({ length: nHeads }, (_, head) =>
      randomBlocks(shape, density, 1 + head + 1_000 * which),
    );
    return { visited: share(masks), mask: joinHeads(masks) };
  });
  const all = joinHeads(Array.from({ length: nHeads }, () => dense));
  const timer = new Timer(gpu, heads, length);
  try {
    // Compiles, and says how often to repeat.
    await turn(() => timer.run(all, 1));
    const once = await turn(() => timer.run(all, 1));
    const clock = once.gpuMs > 0 ? 'gpuMs' : 'wallMs';
    const repeats = Math.min(MOST_REPEATS, Math.max(1, Math.ceil(LEAST_MS / once[clock])));
    const time = async (mask: BlockMask): Promise<number> =>
      (await turn(() => timer.run(mask, repeats)))[clock];
    const baselines: number[] = [];
    const ratios = candidates.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      const baseline = await time(all);
      baselines.push(baseline);
      for (const [which, { mask }] of candidates.entries())
        ratios[which]!.push((await time(mask)) / baseline);
    }
    return candidates.map(({ visited }, which) => ({
      clock: clock === 'gpuMs' ? 'gpu' : 'wall',
      length,
      visited,
      ratio: median(ratios[which]!),
      least: Math.min(...ratios[which]!),
      greatest: Math.max(...ratios[which]!),
      denseMs: median(baselines) / repeats,
    }));
  } finally {
    timer[Symbol.dispose]();
  }
}

class Timer implements Disposable {
  readonly #tensors: Tensor[];

  constructor(
    private readonly gpu: Gpu,
    private readonly heads: TimedHeads,
    private readonly length: number,
  ) {
    const { nHeads, nKvHeads, dHead } = heads;
    this.#tensors = [nHeads, nKvHeads, nKvHeads].map((count, which) =>
      gpu.upload(noise(length * count * dHead, which), [length, count * dHead]),
    );
  }

  /** @returns milliseconds of all the repeats; by timestamps 0 where there are none */
  async run(mask: BlockMask, repeats: number): Promise<{ gpuMs: number; wallMs: number }> {
    const { gpu, heads, length } = this;
    const [q, k, v] = this.#tensors.map((tensor): HeadView => ({
      tensor,
      rowStride: tensor.shape[1]!,
      offset: 0,
    }));
    const batch = gpu.batch('attention time');
    const profiling = gpu.profiling;
    gpu.profiling = true;
    try {
      let last: Tensor | undefined;
      for (let i = 0; i < repeats; i++) {
        const { z, lse } = attention(batch, {
          ...heads, q: q!, k: k!, v: v!, nQueries: length, nKeys: length, queryOffset: 0, scale: heads.attentionScale, mask,
        }); // oxfmt-ignore
        batch.release(z);
        if (i < repeats - 1) batch.release(lse);
        last = lse;
      }
      // Masks are on their way before the clock starts.
      await gpu.settled();
      const started = performance.now();
      const { timings } = await batch.submit([last!]);
      const wallMs = performance.now() - started;
      return { gpuMs: timings.reduce((sum, { gpuMs }) => sum + gpuMs, 0), wallMs };
    } catch (thrown) {
      batch.discard();
      throw thrown;
    } finally {
      gpu.profiling = profiling;
    }
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#tensors) tensor.dispose();
  }
}

/** Values in [−1, 1), the same each time. */
function noise(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed + 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
