import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { asHalves, uploadWeights } from '../../testing/half.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { rowNormsReference } from '../reference/row_norms.ts';
import { rowNorms } from './row_norms.ts';

async function check(gpu: Gpu, weights: Float32Array<ArrayBuffer>, d: number, half = false): Promise<void> {
  using tensor = uploadWeights(gpu, weights, [weights.length / d, d], half);
  const batch = gpu.batch('row_norms');
  const { arrays } = await batch.submit([rowNorms(batch, { weights: tensor })]);
  expectClose(arrays[0]!, rowNormsReference(half ? asHalves(weights) : weights, d), { relative: 1e-6 });
}

export const cases = gpuCases('row_norms', {
  'random rows of many sizes, f32 and f16': async (gpu) => {
    for (const [rows, d] of [
      [1, 4],
      [17, 12],
      [2048, 192],
      [33, 768],
    ] as const) {
      await check(gpu, new TestRandom(d).normal(rows * d), d);
      await check(gpu, new TestRandom(d).normal(rows * d), d, true);
    }
  },
  'more rows than one axis has workgroups for': async (gpu) => {
    const d = 4;
    await check(gpu, new TestRandom(5).normal((65_535 * 16 + 21) * d), d);
  },
  'zero rows and very different lengths': async (gpu) => {
    const weights = new Float32Array(3 * 8);
    weights.fill(1e17, 8, 16);
    await check(gpu, weights, 8);
    await check(gpu, new Float32Array(8 * 4), 4);
    await check(gpu, new Float32Array(16).fill(60000), 16, true);
  },
});
