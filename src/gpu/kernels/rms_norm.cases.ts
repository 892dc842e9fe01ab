import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { rmsNormReference } from '../reference/rms_norm.ts';
import { rmsNorm } from './rms_norm.ts';

async function check(gpu: Gpu, x: Float32Array<ArrayBuffer>, d: number, eps = 1e-5): Promise<void> {
  const gain = new TestRandom(d).normal(d);
  using xs = gpu.upload(x, [x.length / d, d]);
  using gains = gpu.upload(gain, [d]);
  const batch = gpu.batch('rms_norm');
  const { y, scale } = rmsNorm(batch, { x: xs, gain: gains, eps });
  const { arrays } = await batch.submit([y, scale]);
  const expected = rmsNormReference(x, gain, eps);
  expectClose(arrays[0]!, expected.y, { absolute: 1e-6, relative: 2e-6 }, 'y');
  expectClose(arrays[1]!, expected.scale, { relative: 2e-6 }, 'scale');
}

export const cases = gpuCases('rms_norm', {
  'random rows of many sizes': async (gpu) => {
    for (const [rows, d] of [
      [1, 4],
      [3, 12],
      [16, 192],
      [17, 768],
      [257, 36],
    ] as const) {
      await check(gpu, new TestRandom(rows).normal(rows * d, 3), d);
    }
  },
  'the mean counts': (gpu) => check(gpu, new Float32Array(8 * 16).fill(-7.25), 16),
  'rows of zeros': (gpu) => check(gpu, new Float32Array(3 * 16), 16, 1e-6),
  'values whose squares f32 cannot hold, and tiny ones': async (gpu) => {
    await check(gpu, new TestRandom(6).normal(6 * 32, 1e30), 32);
    await check(gpu, new TestRandom(7).normal(6 * 32, 1e-4), 32);
  },
  'heads inside a wider matrix': async (gpu) => {
    const [tokens, heads, d, rowStride, offset] = [5, 3, 8, 44, 12];
    const wide = new TestRandom(8).normal(tokens * rowStride);
    const gain = new TestRandom(9).normal(d);
    using tensor = gpu.upload(wide, [tokens, rowStride]);
    using gains = gpu.upload(gain, [d]);
    const batch = gpu.batch('rms_norm');
    const { y, scale } = rmsNorm(batch, {
      x: { tensor, rowStride, offset },
      heads,
      gain: gains,
      eps: 1e-6,
    });
    const { arrays } = await batch.submit([y, scale]);
    const dense = Float32Array.from(
      { length: tokens * heads * d },
      (_, i) => wide[Math.floor(i / (heads * d)) * rowStride + offset + (i % (heads * d))]!,
    );
    const expected = rmsNormReference(dense, gain, 1e-6);
    expectClose(arrays[0]!, expected.y, { relative: 2e-6 }, 'y');
    expectClose(arrays[1]!, expected.scale, { relative: 2e-6 }, 'scale');
  },
});
