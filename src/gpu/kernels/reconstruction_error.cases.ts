import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { reconstructionErrorReference } from '../reference/reconstruction_error.ts';
import { reconstructionError } from './reconstruction_error.ts';

async function run(
  gpu: Gpu,
  x: Float32Array<ArrayBuffer>,
  xHat: Float32Array<ArrayBuffer>,
  mean: Float32Array<ArrayBuffer>,
) {
  const shape = [x.length / mean.length, mean.length];
  using xs = gpu.upload(x, shape);
  using xHats = gpu.upload(xHat, shape);
  using means = gpu.upload(mean, [mean.length]);
  const batch = gpu.batch('reconstruction_error');
  const { arrays } = await batch.submit([reconstructionError(batch, { x: xs, xHat: xHats, mean: means })]);
  return arrays[0]!;
}

export const cases = gpuCases('reconstruction_error', {
  'random rows of many sizes': async (gpu) => {
    for (const [rows, d] of [
      [1, 4],
      [15, 64],
      [17, 192],
      [64, 768],
    ] as const) {
      const x = new TestRandom(d).normal(rows * d, 3);
      const xHat = new TestRandom(d + 1).normal(rows * d, 3);
      const mean = new TestRandom(d + 2).normal(d);
      expectClose(await run(gpu, x, xHat, mean), reconstructionErrorReference(x, xHat, mean), {
        relative: 1e-5,
      });
    }
  },
  'a perfect reconstruction has no error': async (gpu) => {
    const x = new TestRandom(1).normal(3 * 32);
    const sums = await run(gpu, x, x, new Float32Array(32));
    expectEqual([sums[0]!, sums[4]!, sums[8]!], [0, 0, 0]);
  },
  'one token far larger than the rest': async (gpu) => {
    const x = new TestRandom(2).normal(8 * 64);
    for (let i = 0; i < 64; i++) x[i]! *= 3000;
    const xHat = x.map((value) => value * 0.9);
    const mean = new Float32Array(64);
    const expected = reconstructionErrorReference(x, xHat, mean);
    const actual = await run(gpu, x, xHat, mean);
    for (let t = 0; t < 8; t++) {
      expectClose(
        actual.slice(t * 4, t * 4 + 4),
        expected.slice(t * 4, t * 4 + 4),
        { relative: 1e-5 },
        `row ${t}`,
      );
    }
  },
});
