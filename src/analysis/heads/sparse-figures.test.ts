import { expect, test } from 'vitest';
import { everything, PairMask } from '../../attention/pair-mask.ts';
import type { SparseCodes } from '../../dictionary/codes.ts';
import { compareFeatures, maskBytes, maskFigures } from './sparse-figures.ts';

const shape = { nQueries: 4, nKeys: 4, queryOffset: 0, blockSize: 2, window: 0 };
const pattern = [1, 0, 0, 0, 0.25, 0.75, 0, 0, 0.5, 0.25, 0.25, 0, 0.125, 0.125, 0.25, 0.5];

test('figures of a mask, worked out by hand', () => {
  const mask = new PairMask(shape);
  mask.add(0, 0);
  mask.add(1, 1);
  mask.add(3, 1, 3);
  const figures = maskFigures(mask, pattern);
  expect(figures.visited).toBe(1);
  expect(figures.kept).toBeCloseTo(4 / 10);
  expect(figures.recall).toBeCloseTo((1 + 0.75 + 0 + 0.375) / 4);
  expect(figures.kl).toBeCloseTo(-(Math.log(0.75) + Math.log(0.375)) / 3);
  expect(figures.blindRows).toBe(1);
  expect([...maskBytes(mask)]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]);
});

test('dense keeps everything; nothing keeps nothing', () => {
  expect(maskFigures(everything(shape), pattern)).toEqual({
    visited: 1,
    kept: 1,
    recall: 1,
    kl: 0,
    blindRows: 0,
  });
  expect(maskFigures(new PairMask(shape), pattern)).toEqual({
    visited: 0,
    kept: 0,
    recall: 0,
    kl: NaN,
    blindRows: 4,
  });
});

const codes = (rows: [number, number][][]): SparseCodes => ({
  offsets: Uint32Array.from([0, ...rows.map((_, i) => rows.slice(0, i + 1).flat().length)]),
  indices: Uint32Array.from(rows.flat(), ([index]) => index),
  values: Float32Array.from(rows.flat(), ([, value]) => value),
});

test('features of two readings, worked out by hand; row 0 does not count', () => {
  const dense = codes([[[9, 100]], [[1, 4], [2, 1]], [], [[3, 2]]]); // oxfmt-ignore
  const sparse = codes([[[8, 100]], [[1, 3], [5, 2]], [], []]); // oxfmt-ignore
  const changes = compareFeatures(dense, sparse, 3);
  // Row 1: feature 1 of 1, 2, 5; row 2: none in either; row 3: 3 is lost.
  expect(changes.jaccard).toBeCloseTo((1 / 3 + 1 + 0) / 3);
  expect(changes.change).toBeCloseTo(((1 + 1 + 2) / 5 + 2 / 2) / 2);
  expect(changes.most).toEqual([
    { index: 3, dense: 2, sparse: 0 },
    { index: 5, dense: 0, sparse: 2 },
    { index: 1, dense: 4, sparse: 3 },
  ]);
  expect(compareFeatures(dense, dense, 3)).toEqual({ jaccard: 1, change: 0, most: [] });
});
