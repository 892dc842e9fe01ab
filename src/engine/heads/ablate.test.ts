import { expect, test } from 'vitest';
import { rowsOfPairsAgain } from './ablate.ts';

test('rows before a token that followed the same token earlier, row 0 counted neither way', () => {
  expect(rowsOfPairsAgain(Uint32Array.of(0, 5, 6, 7, 5, 6, 7))).toEqual([4, 5]);
  expect(rowsOfPairsAgain(Uint32Array.of(5, 6, 9, 5, 6, 8, 5, 6))).toEqual([6]);
  expect(rowsOfPairsAgain(Uint32Array.of(3, 3, 3, 3))).toEqual([2]);
  for (const short of [[], [1], [1, 2], [1, 2, 3]])
    expect(rowsOfPairsAgain(Uint32Array.from(short))).toEqual([]);
});
