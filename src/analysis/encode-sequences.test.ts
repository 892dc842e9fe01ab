import { expect, test } from 'vitest';
import { packInOrder, splitCodes } from './encode-sequences.ts';

test('passes hold as many sequences as fit, in order; one too long is alone', () => {
  expect(packInOrder([], 10)).toEqual([]);
  expect(packInOrder([3, 7, 1, 12, 2, 8, 1], 10)).toEqual([
    { first: 0, lengths: [3, 7] },
    { first: 2, lengths: [1] },
    { first: 3, lengths: [12] },
    { first: 4, lengths: [2, 8] },
    { first: 6, lengths: [1] },
  ]);
});

test('codes of a pass are those of its sequences', () => {
  const codes = {
    offsets: Uint32Array.of(0, 2, 2, 3, 5),
    indices: Uint32Array.of(4, 1, 7, 2, 3),
    values: Float32Array.of(5, 4, 3, 2, 1),
  };
  expect(splitCodes(codes, Uint32Array.of(0, 1, 3))).toEqual([
    { offsets: Uint32Array.of(0, 2), indices: Uint32Array.of(4, 1), values: Float32Array.of(5, 4) },
    { offsets: Uint32Array.of(0, 0, 1), indices: Uint32Array.of(7), values: Float32Array.of(3) },
    { offsets: Uint32Array.of(0, 2), indices: Uint32Array.of(2, 3), values: Float32Array.of(2, 1) },
  ]);
});
