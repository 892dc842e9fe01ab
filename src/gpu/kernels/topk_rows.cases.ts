import { gpuCases } from '../../testing/cases.ts';
import { expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { topKRowsReference } from '../reference/topk_rows.ts';
import { topKRows } from './topk_rows.ts';

/** Selection does no arithmetic, so indices and values must be exactly the reference's. */
async function check(
  gpu: Gpu,
  x: Float32Array<ArrayBuffer>,
  nCols: number,
  k: number,
  order: 'largest' | 'smallest' = 'largest',
): Promise<void> {
  using tensor = gpu.upload(x, [x.length / nCols, nCols]);
  const batch = gpu.batch('topk_rows');
  const { indices, values } = topKRows(batch, { x: tensor, k, order });
  const { arrays } = await batch.submit([indices, values]);
  const expected = topKRowsReference(x, nCols, k, order);
  expectEqual(arrays[0]!, expected.indices, `indices of ${x.length / nCols}×${nCols}, k ${k}`);
  expectEqual(arrays[1]!, expected.values, `values of ${x.length / nCols}×${nCols}, k ${k}`);
}

/** Few distinct values, so that nearly everything is tied; zeros of both signs among them. */
function tied(count: number, seed: number): Float32Array<ArrayBuffer> {
  const random = new TestRandom(seed);
  const choices = [-1, -0, 0, 0.5, 0.5, 2];
  return Float32Array.from({ length: count }, () => choices[random.integer(choices.length)]!);
}

export const cases = gpuCases('topk_rows', {
  'random rows of many sizes': async (gpu) => {
    for (const [rows, cols, k] of [
      [1, 1, 1],
      [3, 7, 2],
      [2, 64, 64],
      [5, 255, 10],
      [2, 513, 17],
      [64, 2048, 24],
      [3, 4099, 100],
      [1, 50257, 10],
    ] as const) {
      await check(gpu, new TestRandom(cols).normal(rows * cols), cols, k);
      await check(gpu, new TestRandom(cols + 1).normal(rows * cols), cols, k, 'smallest');
    }
  },
  'many equal values go to the lowest columns': async (gpu) => {
    for (const order of ['largest', 'smallest'] as const) {
      await check(gpu, tied(3 * 1000, 1), 1000, 300, order);
      await check(gpu, tied(100, 2), 100, 100, order);
      await check(gpu, new Float32Array(2 * 5000).fill(-3.5), 5000, 40, order);
    }
  },
  'k of the whole row and beyond pads the rest': async (gpu) => {
    for (const cols of [5, 512, 513, 1100]) {
      for (const k of [cols, cols + 3]) await check(gpu, new TestRandom(k).normal(2 * cols), cols, k);
    }
  },
  'rising and falling rows': async (gpu) => {
    const rising = Float32Array.from({ length: 3000 }, (_, i) => i);
    await check(gpu, rising, 3000, 50);
    await check(gpu, rising, 3000, 50, 'smallest');
  },
  'infinities and extremes are ordered like other values': async (gpu) => {
    const x = new TestRandom(9).normal(2 * 700, 1e38);
    for (let i = 0; i < x.length; i += 3) x[i] = -Infinity;
    for (let i = 1; i < x.length; i += 97) x[i] = Infinity;
    await check(gpu, x, 700, 600);
    await check(gpu, x, 700, 600, 'smallest');
    await check(gpu, new Float32Array(1300).fill(-Infinity), 1300, 1290);
  },
  'NaN comes last, whatever is wanted': async (gpu) => {
    const x = new TestRandom(10).normal(2 * 900);
    for (let i = 0; i < x.length; i += 5) x[i] = NaN;
    for (const order of ['largest', 'smallest'] as const) {
      const worst = order === 'largest' ? -Infinity : Infinity;
      const clean = x.map((value) => (Number.isNaN(value) ? worst : value));
      using tensor = gpu.upload(x, [2, 900]);
      const batch = gpu.batch('topk_rows');
      const { indices, values } = topKRows(batch, { x: tensor, k: 800, order });
      const { arrays } = await batch.submit([indices, values]);
      const expected = topKRowsReference(clean, 900, 800, order);
      expectEqual(arrays[0]!, expected.indices, 'indices');
      expectEqual(arrays[1]!, expected.values, 'values');
    }
  },
  'one long row': (gpu) => check(gpu, new TestRandom(11).normal(262_144), 262_144, 32),
});
