import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { layerNormReference } from '../reference/layer_norm.ts';
import { layerNorm } from './layer_norm.ts';

async function check(gpu: Gpu, x: Float32Array<ArrayBuffer>, d: number, eps = 1e-5): Promise<void> {
  const random = new TestRandom(d);
  const gain = random.normal(d);
  const bias = random.normal(d);
  using xs = gpu.upload(x, [x.length / d, d]);
  using gains = gpu.upload(gain, [d]);
  using biases = gpu.upload(bias, [d]);
  const batch = gpu.batch('layer_norm');
  const { y, scale } = layerNorm(batch, { x: xs, gain: gains, bias: biases, eps });
  const { arrays } = await batch.submit([y, scale]);
  const expected = layerNormReference(x, gain, bias, eps);
  expectClose(arrays[0]!, expected.y, { absolute: 1e-5, relative: 1e-5 }, 'y');
  expectClose(arrays[1]!, expected.scale, { absolute: 1e-6, relative: 1e-5 }, 'scale');
}

export const cases = gpuCases('layer_norm', {
  'random rows of many sizes': async (gpu) => {
    for (const [rows, d] of [
      [1, 4],
      [3, 12],
      [15, 64],
      [16, 192],
      [17, 768],
      [257, 36],
    ] as const) {
      await check(gpu, new TestRandom(rows).normal(rows * d, 3), d);
    }
  },
  'a row without variance gives the bias': (gpu) => check(gpu, new Float32Array(8 * 16).fill(-7.25), 16),
  'a small spread on a large mean keeps its precision': async (gpu) => {
    const x = new TestRandom(5).normal(4 * 64, 0.5).map((value) => value + 1000);
    await check(gpu, new Float32Array(x), 64);
  },
  'extreme scales': (gpu) => check(gpu, new TestRandom(6).normal(6 * 32, 1e8), 32),
  'what rounding leaves of a huge mean does not count as spread': async (gpu) => {
    // Near 3e6 a mean over 192 values is off by a good part of the spread, which must not enter the variance.
    const x = new TestRandom(11).normal(5 * 192).map((value) => 3e6 + value);
    await check(gpu, new Float32Array(x), 192);
  },
});
