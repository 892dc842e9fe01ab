import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { columnMeanReference } from '../reference/column_mean.ts';
import { columnMean } from './column_mean.ts';

async function check(
  gpu: Gpu,
  x: Float32Array<ArrayBuffer>,
  d: number,
  fromRow: number,
  toRow: number,
): Promise<void> {
  using tensor = gpu.upload(x, [x.length / d, d]);
  const batch = gpu.batch('column_mean');
  const { arrays } = await batch.submit([columnMean(batch, { x: tensor, fromRow, toRow })]);
  expectClose(arrays[0]!, columnMeanReference(x, d, fromRow, toRow), { absolute: 1e-6, relative: 1e-6 });
}

export const cases = gpuCases('column_mean', {
  'random matrices, all rows and some': async (gpu) => {
    for (const [rows, d, fromRow, toRow] of [
      [1, 4, 0, 1],
      [7, 12, 1, 7],
      [64, 192, 0, 64],
      [65, 68, 64, 65],
      [512, 768, 1, 300],
    ] as const) {
      await check(gpu, new TestRandom(d).normal(rows * d, 2), d, fromRow, toRow);
    }
  },
  'a large mean under a small spread keeps its precision': (gpu) =>
    check(
      gpu,
      new TestRandom(3).normal(500 * 16, 0.1).map((value) => value + 4096),
      16,
      0,
      500,
    ),
  'no rows are refused': async (gpu) => {
    using x = gpu.upload(new Float32Array(8), [2, 4]);
    const batch = gpu.batch('column_mean');
    let refused = false;
    try {
      columnMean(batch, { x, fromRow: 2, toRow: 2 });
    } catch {
      refused = true;
    }
    batch.discard();
    if (!refused) throw new Error('an empty range of rows was accepted');
  },
});
