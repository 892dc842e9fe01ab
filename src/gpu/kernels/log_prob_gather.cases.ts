import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { logProbGatherReference } from '../reference/log_prob_gather.ts';
import { logProbGather } from './log_prob_gather.ts';

async function run(gpu: Gpu, logits: Float32Array<ArrayBuffer>, targets: Uint32Array<ArrayBuffer>) {
  using tensor = gpu.upload(logits, [targets.length, logits.length / targets.length]);
  const batch = gpu.batch('log_prob_gather');
  const wanted = batch.input(targets, [targets.length]);
  const { logProb, lse } = logProbGather(batch, { logits: tensor, targets: wanted });
  const { arrays } = await batch.submit([logProb, lse]);
  return { logProb: arrays[0]!, lse: arrays[1]! };
}

async function check(
  gpu: Gpu,
  logits: Float32Array<ArrayBuffer>,
  targets: Uint32Array<ArrayBuffer>,
): Promise<void> {
  const actual = await run(gpu, logits, targets);
  const expected = logProbGatherReference(logits, targets);
  expectClose(actual.logProb, expected.logProb, { absolute: 1e-5, relative: 1e-6 }, 'logProb');
  expectClose(actual.lse, expected.lse, { absolute: 1e-5, relative: 1e-6 }, 'lse');
}

export const cases = gpuCases('log_prob_gather', {
  'random rows of many sizes': async (gpu) => {
    for (const [rows, cols] of [
      [1, 1],
      [2, 63],
      [5, 64],
      [3, 65],
      [17, 1000],
      [2, 50257],
    ] as const) {
      const random = new TestRandom(cols);
      const targets = Uint32Array.from({ length: rows }, () => random.integer(cols));
      await check(gpu, random.normal(rows * cols, 4), targets);
    }
  },
  'logits far from zero neither overflow nor lose precision': async (gpu) => {
    for (const shift of [-5000, 5000]) {
      const logits = new TestRandom(2).normal(4 * 300, 3).map((value) => value + shift);
      const actual = await run(gpu, logits, Uint32Array.of(0, 1, 2, 299));
      const expected = logProbGatherReference(logits, Uint32Array.of(0, 1, 2, 299));
      // An f32 near 5,000 is known to 5e-4.
      expectClose(actual.logProb, expected.logProb, { absolute: 1e-3 }, 'logProb');
    }
  },
  'forbidden tokens weigh nothing, also when they come first': async (gpu) => {
    const logits = new TestRandom(3).normal(2 * 200);
    for (let i = 0; i < 150; i++) logits[i] = -Infinity;
    await check(gpu, logits, Uint32Array.of(10, 0));
  },
  'equal logits give ln V': async (gpu) => {
    const actual = await run(gpu, new Float32Array(777).fill(-2), Uint32Array.of(5));
    expectClose(actual.logProb, [-Math.log(777)], { absolute: 1e-5 });
  },
  'a target outside the row gives -infinity': async (gpu) => {
    const actual = await run(gpu, new Float32Array(2 * 10), Uint32Array.of(10, 0xffffffff));
    expectEqual(actual.logProb, [-Infinity, -Infinity]);
  },
});
