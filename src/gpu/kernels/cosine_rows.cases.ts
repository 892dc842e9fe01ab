import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { asHalves, uploadWeights } from '../../testing/half.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { cosineRowsReference } from '../reference/cosine_rows.ts';
import { cosineRows } from './cosine_rows.ts';
import { rowNorms } from './row_norms.ts';

async function run(
  gpu: Gpu,
  rows: Float32Array<ArrayBuffer>,
  query: Float32Array<ArrayBuffer>,
  half = false,
) {
  const d = query.length;
  using weights = uploadWeights(gpu, rows, [rows.length / d, d], half);
  const batch = gpu.batch('cosine_rows');
  const norms = rowNorms(batch, { weights });
  const { arrays } = await batch.submit([
    cosineRows(batch, { rows: weights, norms, query: batch.input(query, [1, d]) }),
  ]);
  return arrays[0]!;
}

export const cases = gpuCases('cosine_rows', {
  'random rows of many sizes, f32 and f16': async (gpu) => {
    for (const [rows, d] of [
      [1, 4],
      [17, 12],
      [2048, 192],
      [33, 768],
    ] as const) {
      const weights = new TestRandom(d).normal(rows * d);
      const query = new TestRandom(d + 1).normal(d, 50);
      expectClose(await run(gpu, weights, query), cosineRowsReference(weights, query), { absolute: 2e-6 });
      const expected = cosineRowsReference(asHalves(weights), query);
      expectClose(await run(gpu, weights, query, true), expected, { absolute: 2e-6 });
    }
  },
  'a row with itself, its opposite and a scaled copy': async (gpu) => {
    const query = new TestRandom(1).normal(64);
    const rows = Float32Array.from([...query, ...query.map((v) => -v), ...query.map((v) => v * 1e-3)]);
    const actual = await run(gpu, rows, query);
    expectClose(actual, [1, -1, 1], { absolute: 1e-6 });
    if (actual.some((value) => Math.abs(value) > 1)) throw new Error(`beyond one: ${[...actual].join(' ')}`);
  },
  'no length gives zero': async (gpu) => {
    const query = new TestRandom(2).normal(8);
    expectEqual(await run(gpu, new Float32Array(16), query), [0, 0]);
    expectEqual(await run(gpu, new TestRandom(3).normal(16), new Float32Array(8)), [0, 0]);
  },
});
