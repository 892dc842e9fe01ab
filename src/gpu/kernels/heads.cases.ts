import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import { headDotsReference } from '../reference/head_dots.ts';
import { replaceColumnsReference } from '../reference/replace_columns.ts';
import { weighPatternReference } from '../reference/weigh_pattern.ts';
import { MASKED_SCORE } from './attention_pattern.ts';
import { headDots } from './head_dots.ts';
import { replaceColumns } from './replace_columns.ts';
import { weighPattern } from './weigh_pattern.ts';

export const cases = gpuCases('heads', {
  'head_dots: grouped and ungrouped heads': async (gpu) => {
    for (const [nRows, nHeads, nKvHeads, dHead] of [
      [1, 1, 1, 4],
      [7, 6, 6, 8],
      [65, 8, 2, 12],
      [130, 6, 3, 256],
    ] as const) {
      const random = new TestRandom(nRows);
      const a = random.normal(nRows * nKvHeads * dHead);
      const b = random.normal(nRows * nHeads * dHead);
      const batch = gpu.batch('head_dots');
      const given = {
        a: batch.input(a, [nRows, nKvHeads * dHead]),
        b: batch.input(b, [nRows, nHeads * dHead]),
      };
      const { arrays } = await batch.submit([headDots(batch, { ...given, nHeads, nKvHeads })]);
      const expected = headDotsReference(a, b, { nRows, nHeads, nKvHeads, dHead });
      expectClose(arrays[0]!, expected, { relative: 2e-6 }, `${nHeads} on ${nKvHeads}`);
    }
  },
  'weigh_pattern: one head, some, all; masked entries stay masked': async (gpu) => {
    for (const [nHeads, nRows, first, count] of [
      [1, 1, 0, 1],
      [5, 9, 2, 1],
      [5, 66, 1, 3],
      [12, 130, 0, 12],
    ] as const) {
      const random = new TestRandom(nRows);
      const x = random.normal(nHeads * nRows * nRows);
      for (let i = 0; i < x.length; i++)
        if (i % nRows > Math.floor(i / nRows) % nRows) x[i] = Math.fround(MASKED_SCORE);
      const weights = random.normal(nHeads * nRows).map(Math.abs);
      const batch = gpu.batch('weigh_pattern');
      const given = {
        x: batch.input(x, [nHeads, nRows, nRows]),
        keyWeights: batch.input(weights, [nHeads, nRows]),
      };
      const { arrays } = await batch.submit([weighPattern(batch, { ...given, heads: { first, count } })]);
      const expected = weighPatternReference(x, weights, nRows, { first, count });
      const open = (values: ArrayLike<number>): number[] =>
        Array.from(values, (value) => (value <= MASKED_SCORE ? 0 : value));
      expectEqual(
        Array.from(arrays[0]!, (value) => Number(value === Math.fround(MASKED_SCORE))),
        Array.from(expected, (value) => Number(value === MASKED_SCORE)),
        'masked',
      );
      expectClose(open(arrays[0]!), open(expected), { absolute: 1e-5 });
    }
  },
  'replace_columns: some columns of some rows': async (gpu) => {
    for (const [nRows, d, fromRow] of [
      [1, 4, 0],
      [1, 8, 1],
      [9, 12, 1],
      [70, 300, 33],
    ] as const) {
      const random = new TestRandom(d);
      const [x, row] = [random.normal(nRows * d), random.normal(d)];
      const keep = Float32Array.from({ length: d }, () => random.integer(2));
      const batch = gpu.batch('replace_columns');
      const tensors = {
        x: batch.input(x, [nRows, d]),
        row: batch.input(row, [d]),
        keep: batch.input(keep, [d]),
      };
      const { arrays } = await batch.submit([replaceColumns(batch, { ...tensors, fromRow })]);
      expectEqual(arrays[0]!, replaceColumnsReference(x, row, keep, fromRow), `${nRows} × ${d}`);
    }
  },
});
