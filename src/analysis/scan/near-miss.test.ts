import { expect, test } from 'vitest';
import { featureRows, nearMisses } from './near-miss.ts';

const codes = {
  offsets: Uint32Array.of(0, 2, 4, 5),
  indices: Uint32Array.of(5, 1, 2, 6, 5),
  values: Float32Array.of(4, 3, 2, 1, 7),
};
const input = Float32Array.of(1, 2, 3, 4, 5, 6);
const encoder = { direction: [1, -1], constant: 0.5 };
const topk = { k: 2, dSae: 8, architecture: 'topk' };

test('a would-be activation is the encoder’s number, and its bar the smallest of the k kept', () => {
  const { values, would, bar } = featureRows(topk, { codes, input }, 5, encoder);
  expect([...values]).toEqual([4, 0, 7]);
  expect([...would]).toEqual([-0.5, -0.5, -0.5]);
  // In the last row only one of two places is used.
  expect([...bar]).toEqual([3, 1, 0]);
});

test('a token’s scale multiplies the input, not the constant', () => {
  const scales = Float32Array.of(9, 2, 9, 9, 9, 3, 9, 9, 9, 4, 9, 9);
  expect([...featureRows(topk, { codes, input, scales }, 5, encoder).would]).toEqual([-1.5, -2.5, -3.5]);
});

test('thresholds are bars of their own, and a group is won by its largest', () => {
  const bars = Float32Array.from({ length: 8 }, (_, f) => f);
  expect([...featureRows({ ...topk, bars }, { codes, input }, 5, encoder).bar]).toEqual([5, 5, 5]);
  // Two groups, of latents 0 … 3 and 4 … 7.
  const groups = { ...topk, architecture: 'groupmax' };
  expect([...featureRows(groups, { codes, input }, 7, encoder).bar]).toEqual([4, 1, 7]);
  expect([...featureRows(groups, { codes, input }, 0, encoder).bar]).toEqual([3, 2, 0]);
});

test('near misses are the largest inactive ones, one a text, without row 0 and the prefix', () => {
  const window = (item: number, prefix: number, would: number[], values: number[]) => ({
    item,
    prefix,
    would: Float64Array.from(would),
    values: Float32Array.from(values),
    bar: Float32Array.from(would, () => 10),
  });
  const found = nearMisses(
    [
      window(0, 1, [99, 3, 5, 4], [0, 0, 0, 4]),
      window(1, 0, [99, 5, 1], [0, 0, 0]),
      window(0, 1, [99, 6, 2], [0, 6, 0]),
      window(2, 2, [99, 98, -1], [0, 0, 0]),
    ],
    3,
  );
  expect(found.map(({ window: at, row, would }) => [at, row, would])).toEqual([
    [0, 2, 5],
    [1, 1, 5],
    [3, 2, -1],
  ]);
  expect(nearMisses([window(0, 0, [1, 2], [0, 0]), window(1, 0, [1, 3], [0, 0])], 1)).toEqual([
    { window: 1, row: 1, would: 3, bar: 10 },
  ]);
});
