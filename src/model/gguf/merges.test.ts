import { expect, test } from 'vitest';
import { mergesOf } from './merges.ts';

const pieces = [undefined, 'a', 'b', 'aa', 'ab', 'aaa', 'aab', 'abab', '▁', '▁a', '▁ab', '🦊', 'a🦊', 'aa🦊'];
const merges = (scores: number[]): string =>
  mergesOf(pieces, scores)
    .map((pair) => pair.join('+'))
    .join(' ');

// Expected are those of transformers' `generate_merges`.
test('best pieces come first, of one piece the longest left part', () => {
  expect(merges(pieces.map((_, id) => -id))).toBe(
    'a+a a+b aa+a a+aa aa+b a+ab ab+ab ▁+a ▁a+b ▁+ab a+🦊 aa+🦊 a+a🦊',
  );
  expect(merges([0, -20, -19, -18, -1, -2, -30, -3, -4, -5, -6, -7, -8, -9])).toBe(
    'a+b aa+a a+aa ab+ab ▁+a ▁a+b ▁+ab a+🦊 aa+🦊 a+a🦊 a+a aa+b a+ab',
  );
});

test('without scores that tell pieces apart, their order does', () => {
  expect(merges(pieces.map(() => -1000))).toBe(merges(pieces.map((_, id) => -id)));
});

test('a piece of a million characters is not cut', () => {
  expect(mergesOf(['a', 'a'.repeat(1_000_000)], [0, 0])).toEqual([]);
});
