import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { roundToFloat16 } from '../../testing/f16.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { logProbGatherReference } from '../reference/log_prob_gather.ts';
import { logProbJoinReference } from '../reference/log_prob_join.ts';
import { matmulReference } from '../reference/matmul.ts';
import { topKRowsReference } from '../reference/topk_rows.ts';
import { unembedRescoreReference } from '../reference/unembed_rescore.ts';
import { unembedScanReference } from '../reference/unembed_scan.ts';
import type { Tensor } from '../tensor.ts';
import { logProbJoin } from './log_prob_join.ts';
import { unembedPredict } from './unembed_predict.ts';
import { unembedRescore } from './unembed_rescore.ts';
import { unembedScan } from './unembed_scan.ts';

interface Options {
  layout?: 'kn' | 'nk';
  bias?: boolean;
  cap?: number;
  f16?: boolean;
  /** First rows of the parts of an `nk` matrix. */
  cuts?: number[];
}

/** Quarters and eighths, whose products add up without rounding: equal logits are equal in any order of summation. */
function exact(random: TestRandom, count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, () => (random.integer(9) - 4) / 4);
}

async function check(
  gpu: Gpu,
  [rows, depth, nCols, k]: readonly [number, number, number, number],
  { layout = 'nk', bias: biased = false, cap, f16 = false, cuts = [0] }: Options = {},
): Promise<void> {
  const random = new TestRandom(rows + depth * 31 + nCols * 7 + k);
  const x = exact(random, rows * depth);
  const { bits, rounded } = roundToFloat16(exact(random, depth * nCols));
  const bias = biased ? exact(random, nCols) : undefined;
  const targets = Uint32Array.from({ length: rows }, (_, row) =>
    row % 5 === 4 ? nCols + row : random.integer(nCols),
  );
  const logits = matmulReference(x, rounded, { rows, k: depth, n: nCols, layout }, { bias, cap });
  const kept = Float32Array.from(logits);
  using xs = gpu.upload(x, [rows, depth]);
  using biases = bias && gpu.upload(bias, [nCols]);
  const parts = cuts.map((from, i) => {
    const to = cuts[i + 1] ?? nCols;
    const slice = <Values extends typeof bits | typeof rounded>(all: Values): Values =>
      (layout === 'kn' ? all : all.slice(from * depth, to * depth)) as Values;
    return gpu.upload(
      f16 ? slice(bits) : slice(rounded),
      layout === 'kn' ? [depth, nCols] : [to - from, depth],
    );
  });
  const unembedding = { parts, layout, bias: biases, cap };
  const batch = gpu.batch('unembed');
  const wanted = batch.input(targets, [rows]);
  const { logProb, lse, top } = unembedPredict(batch, { x: xs, targets: wanted, k, ...unembedding });
  const reads: Tensor[] = [logProb, lse, ...(top ? [top.indices, top.values] : [])];
  const { arrays } = await batch.submit(reads);
  const what = `${rows}×${depth}×${nCols}, k ${k}`;
  const sums = logProbGatherReference(kept, targets);
  expectClose(arrays[0]!, sums.logProb, { absolute: 2e-5, relative: 1e-6 }, `log prob of ${what}`);
  expectClose(arrays[1]!, sums.lse, { absolute: 2e-5, relative: 1e-6 }, `lse of ${what}`);
  const best = topKRowsReference(kept, nCols, k);
  if (k === 0 ? top : !top) throw new Error(`likely columns of ${what}`);
  if (top) {
    // A capped logit is rounded by tanh, so near ties may go either way there: then only values are compared.
    if (!cap) expectEqual(arrays[2]!, best.indices, `indices of ${what}`);
    expectClose(arrays[3]!, best.values, { absolute: cap ? 1e-5 : 0 }, `values of ${what}`);
  }
  for (const part of parts) part.dispose();
}

export const cases = gpuCases('unembed_predict', {
  'rows and columns of many sizes, with ties in plenty': async (gpu) => {
    for (const shape of [
      [1, 4, 1, 1],
      [2, 8, 15, 3],
      [3, 12, 16, 16],
      [4, 4, 17, 5],
      [5, 36, 61, 10],
      [8, 16, 128, 7],
      [9, 192, 1000, 10],
      [17, 12, 3072, 24],
      [66, 4, 515, 2],
    ] as const) {
      await check(gpu, shape);
      await check(gpu, shape, { bias: true, f16: true });
    }
  },
  'columns that lie together': async (gpu) => {
    await check(gpu, [5, 36, 60, 10], { layout: 'kn' });
    await check(gpu, [3, 8, 1024, 40], { layout: 'kn', bias: true, f16: true });
  },
  'a large vocabulary of an odd size': (gpu) => check(gpu, [3, 8, 50_257, 10], { f16: true }),
  'k of every column and beyond, and none': async (gpu) => {
    for (const k of [0, 37, 40]) await check(gpu, [3, 8, 37, k]);
  },
  'a matrix in parts': async (gpu) => {
    await check(gpu, [6, 12, 150, 9], { cuts: [0, 16, 64, 144], bias: true });
    await check(gpu, [1, 8, 33, 33], { cuts: [0, 32] });
  },
  'soft-capped logits': async (gpu) => {
    await check(gpu, [9, 64, 700, 10], { cap: 30 });
    await check(gpu, [9, 64, 700, 10], { cap: 2, bias: true });
  },
  'what is kept of groups, computed again and joined, each by itself': async (gpu) => {
    const [rows, depth, nCols] = [11, 20, 133];
    const random = new TestRandom(7);
    const [x, w] = [random.normal(rows * depth), random.normal(nCols * depth)];
    const logits = matmulReference(x, w, { rows, k: depth, n: nCols, layout: 'nk' });
    const targets = Uint32Array.from({ length: rows }, () => random.integer(nCols));
    const chosen = Uint32Array.from({ length: rows * 3 }, (_, i) => (i * 5) % 9);
    using xs = gpu.upload(x, [rows, depth]);
    using ws = gpu.upload(w, [nCols, depth]);
    const unembedding = { parts: [ws], layout: 'nk' } as const;
    const batch = gpu.batch('unembed');
    const wanted = batch.input(targets, [rows]);
    const scanned = unembedScan(batch, { x: xs, targets: wanted, ...unembedding });
    const again = unembedRescore(batch, { x: xs, chosen: batch.input(chosen, [rows, 3]), ...unembedding });
    const { logProb, lse } = logProbJoin(batch, { ...scanned, targets: wanted, nCols });
    const { m, s, chosen: ofTargets } = scanned;
    const { arrays } = await batch.submit([m, s, ofTargets, again.logits, again.best, logProb, lse]);
    const tolerance = { absolute: 5e-6, relative: 1e-6 };
    const kept = unembedScanReference(logits, nCols);
    expectClose(arrays[0]!, kept.m, tolerance, 'm');
    expectClose(arrays[1]!, kept.s, tolerance, 's');
    const own = Float64Array.from(targets, (target, row) => logits[row * nCols + target]!);
    expectClose(arrays[2]!, own, tolerance, 'logits of targets');
    const some = unembedRescoreReference(logits, nCols, chosen);
    expectClose(arrays[3]!, some.logits, tolerance, 'logits of groups');
    expectClose(arrays[4]!, some.best, tolerance, 'bests of groups');
    const joined = logProbJoinReference(arrays[0]!, arrays[1]!, arrays[2]!);
    expectClose(arrays[5]!, joined.logProb, tolerance, 'joined');
    expectClose(arrays[6]!, joined.lse, tolerance, 'sums joined');
  },
  'logits far from zero neither overflow nor lose precision': async (gpu) => {
    for (const shift of [-5000, 5000]) {
      const bias = new TestRandom(2).normal(300, 3).map((value) => value + shift);
      using x = gpu.upload(new Float32Array(4), [1, 4]);
      using w = gpu.upload(new Float32Array(300 * 4), [300, 4]);
      using biases = gpu.upload(bias, [300]);
      const batch = gpu.batch('unembed');
      const targets = batch.input(Uint32Array.of(299), [1]);
      const asked = { x, parts: [w], layout: 'nk', bias: biases, targets, k: 3 } as const;
      const { logProb, top } = unembedPredict(batch, asked);
      const { arrays } = await batch.submit([logProb, top!.indices]);
      const expected = logProbGatherReference(bias, Uint32Array.of(299));
      // An f32 near 5,000 is known to 5e-4.
      expectClose(arrays[0]!, expected.logProb, { absolute: 1e-3 }, 'logProb');
      expectEqual(arrays[1]!, topKRowsReference(bias, 300, 3).indices, 'likely');
    }
  },
  'forbidden columns weigh nothing, and what is no number does not pass for one': async (gpu) => {
    const bias = new TestRandom(3).normal(100);
    bias.fill(-Infinity, 0, 40);
    using x = gpu.upload(Float32Array.of(0, 0, 0, 0, NaN, 0, 0, 0), [2, 4]);
    using w = gpu.upload(new Float32Array(100 * 4).fill(1), [100, 4]);
    using biases = gpu.upload(bias, [100]);
    const batch = gpu.batch('unembed');
    const targets = batch.input(Uint32Array.of(7, 50), [2]);
    const asked = { x, parts: [w], layout: 'nk', bias: biases, targets, k: 2 } as const;
    const { logProb, lse, top } = unembedPredict(batch, asked);
    const { arrays } = await batch.submit([logProb, lse, top!.indices]);
    const expected = logProbGatherReference(bias, Uint32Array.of(7));
    expectEqual([arrays[0]![0]!], [-Infinity], 'a forbidden target');
    expectClose([arrays[1]![0]!], expected.lse, { absolute: 1e-5 }, 'lse');
    expectEqual(arrays[2]!.slice(0, 2), topKRowsReference(bias, 100, 2).indices, 'likely');
    // Which of the values that are not finite is up to the adapter's exponential.
    if (Number.isFinite(arrays[1]![1])) throw new Error(`lse of no number is ${arrays[1]![1]}`);
  },
});
