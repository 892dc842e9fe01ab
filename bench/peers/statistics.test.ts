import { describe, expect, test } from 'vitest';
import { differenceOf, ratiosOf, spreadOf } from './statistics.ts';

test('quartiles lie between values in proportion', () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, lower: 1.75, upper: 3.25, least: 1, greatest: 4 });
  expect(spreadOf([7])).toEqual({ median: 7, lower: 7, upper: 7, least: 7, greatest: 7 });
});

test('ratios are of rounds that both have', () => {
  expect(ratiosOf([2, 9, 8], [1, 3])).toEqual([2, 3]);
  expect(ratiosOf([2], [1, 3])).toEqual([2]);
});

describe('whether two answers are the same', () => {
  const codes = (values: number[], indices: number[]) => ({ values, codes: { indices, k: 2 } });

  test('differences are relative to the largest value expected', () => {
    expect(differenceOf({ values: [1, -3.5] }, { values: [1, -4] })).toBe(0.125);
    expect(differenceOf({ values: [0] }, { values: [0] })).toBe(0);
  });

  test.each([
    ['another length', { values: [1] }, { values: [1, 2] }],
    ['nothing', { values: [] }, { values: [] }],
    ['no number', { values: [NaN] }, { values: [1] }],
    ['no codes', { values: [1, 2] }, codes([1, 2], [0, 1])],
    ['another k', { values: [1, 2], codes: { indices: [0, 1], k: 1 } }, codes([1, 2], [0, 1])],
  ])('%s is another answer', (_, answer, expected) => {
    expect(differenceOf(answer, expected)).toBe(Infinity);
  });

  test('the same values of other latents are another answer', () => {
    expect(differenceOf(codes([4, 2], [5, 6]), codes([4, 2], [7, 6]))).toBe(0.5);
    expect(differenceOf(codes([4, 2], [7, 6]), codes([4, 2], [5, 6]))).toBe(0.5);
  });

  test('one latent too many is found in either answer', () => {
    expect(differenceOf(codes([4, 2], [6, 9]), codes([4, 2], [5, 6]))).toBe(0.5);
    expect(differenceOf(codes([4, 2], [5, 6]), codes([4, 2], [6, 9]))).toBe(0.5);
  });

  test('what is as good as the last one kept may stand for it', () => {
    expect(differenceOf(codes([4, 2], [5, 6]), codes([4, 2], [5, 8]))).toBe(0);
    expect(differenceOf(codes([4, 4], [6, 5]), codes([4, 4], [5, 6]))).toBe(0);
  });

  test('a latent that is not active is none', () => {
    expect(differenceOf(codes([4, 0], [5, 4_294_967_295]), codes([4, 0], [5, 0]))).toBe(0);
  });
});
