import { expect, test } from 'vitest';
import {
  arrangeRows,
  chosenRows,
  featureOverRows,
  featureRows,
  positionOf,
  rowOf,
  rowRanges,
  strongestOverRows,
  tellingOverRows,
} from './rows.ts';

// Row 0 is the beginning-of-text token; features 5 and 9 fire on rows 1 to 3.
const codes = {
  offsets: Uint32Array.from([0, 1, 3, 4, 5]),
  indices: Uint32Array.from([2, 5, 9, 5, 9]),
  values: Float32Array.from([100, 3, 1, 2, 4]),
};
const none = { minValue: 0, minDensity: 0, maxDensity: 1, search: '' };

test('without a choice every position but the first counts', () => {
  const rows = featureRows(codes, null, chosenRows(4, null, []));
  expect(rows.map(({ index, sum }) => [index, sum])).toEqual([
    [5, 5],
    [9, 5],
  ]);
  expect(rows.find(({ index }) => index === 9)).toMatchObject({
    mean: 5 / 3,
    max: 4,
    contrast: 5 / 3,
    value: 0,
  });
});

test('a brushed range is compared with the rest', () => {
  const rows = featureRows(codes, 1, chosenRows(4, 1, [[1, 2]]));
  expect(rows.find(({ index }) => index === 5)).toMatchObject({ value: 3, sum: 5, mean: 2.5, contrast: 2.5 });
  expect(rows.find(({ index }) => index === 9)).toMatchObject({ value: 1, mean: 0.5, contrast: 0.5 - 4 });
});

test('sorting is largest first with ties by lowest index, filters do not change values', () => {
  const rows = featureRows(codes, 3, chosenRows(4, null, []));
  expect(arrangeRows(rows, 'sum', none).map(({ index }) => index)).toEqual([5, 9]);
  expect(arrangeRows(rows, 'max', none).map(({ index }) => index)).toEqual([9, 5]);
  expect(arrangeRows(rows, 'value', none).map(({ index }) => index)).toEqual([9, 5]);
  expect(arrangeRows(rows, 'index', none).map(({ index }) => index)).toEqual([5, 9]);
  expect(arrangeRows(rows, 'sum', { ...none, minValue: 3.5 }).map(({ index }) => index)).toEqual([9]);
  expect(arrangeRows(rows, 'sum', { ...none, search: '5' }).map(({ index }) => index)).toEqual([5]);
});

test('one feature over the rows, and the strongest of each', () => {
  expect([...featureOverRows(codes, 9)]).toEqual([0, 1, 0, 4]);
  expect([...strongestOverRows(codes).values]).toEqual([100, 3, 2, 4]);
  expect([...strongestOverRows(codes).features]).toEqual([2, 5, 5, 9]);
});

test('the most telling feature stands out from its own mean over the other rows', () => {
  // Feature 1 fires everywhere at 10; feature 7 on row 2 alone at 6: 6 − 0 is more than 10 − 10.
  const loud = {
    offsets: Uint32Array.from([0, 1, 2, 4, 5]),
    indices: Uint32Array.from([1, 1, 1, 7, 1]),
    values: Float32Array.from([99, 10, 10, 6, 10]),
  };
  expect([...tellingOverRows(loud).features]).toEqual([1, 1, 7, 1]);
  expect([...tellingOverRows(loud).values]).toEqual([99, 10, 6, 10]);
  const silent = { offsets: new Uint32Array(3), indices: new Uint32Array(), values: new Float32Array() };
  expect([...tellingOverRows(silent).features]).toEqual([-1, -1]);
});

test('rows and positions of a window in the middle of a text', () => {
  const window = { prefix: 1, windowStart: 100, windowTokens: 10 };
  expect([0, 1, 10].map((row) => positionOf(window, row))).toEqual([0, 101, 110]);
  expect([0, 100, 101, 110, 111].map((position) => rowOf(window, position))).toEqual([
    0,
    undefined,
    1,
    10,
    undefined,
  ]);
  expect(
    rowRanges(window, [
      [0, 0],
      [90, 102],
      [105, 300],
      [400, 500],
    ]),
  ).toEqual([
    [0, 0],
    [1, 2],
    [5, 10],
  ]);
});

test('a brushed beginning stays chosen when the rest of the brush lies before the window', () => {
  const window = { prefix: 1, windowStart: 100, windowTokens: 10 };
  expect(rowRanges(window, [[0, 90]])).toEqual([[0, 0]]);
  expect(rowRanges(window, [[0, 102]])).toEqual([[0, 2]]);
});

test('a model without a beginning-of-text token has no row for position 0, and the same positions', () => {
  const whole = { prefix: 0, windowStart: 0, windowTokens: 4 };
  expect([0, 1, 3].map((row) => positionOf(whole, row))).toEqual([1, 2, 4]);
  expect([0, 1, 4, 5].map((position) => rowOf(whole, position))).toEqual([undefined, 0, 3, undefined]);
  const window = { prefix: 0, windowStart: 100, windowTokens: 10 };
  expect([0, 9].map((row) => positionOf(window, row))).toEqual([101, 110]);
  expect([0, 100, 101, 110, 111].map((position) => rowOf(window, position))).toEqual([
    undefined,
    undefined,
    0,
    9,
    undefined,
  ]);
  expect(
    rowRanges(window, [
      [0, 0],
      [0, 90],
      [95, 101],
      [103, 300],
    ]),
  ).toEqual([
    [0, 0],
    [2, 9],
  ]);
  expect(rowRanges(whole, [[0, 2]])).toEqual([[0, 1]]);
});

test('rows and positions agree, with and without a beginning', () => {
  for (const prefix of [0, 1]) {
    for (const windowStart of [0, 7]) {
      const window = { prefix, windowStart, windowTokens: 5 };
      for (let row = 0; row < prefix + 5; row++) expect(rowOf(window, positionOf(window, row))).toBe(row);
    }
  }
});
