import fc from 'fast-check';
import { expect, test } from 'vitest';
import { highest, likelyTokens, probabilities, topMovers } from './movers.ts';

const numbers = fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 40 });

test('the highest are those a stable sort puts first', () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: 0, max: 45 }), (scores, most) => {
      const sorted = scores
        .map((_, i) => i)
        .sort((a, b) => scores[b]! - scores[a]! || a - b)
        .slice(0, most);
      expect(highest(scores.length, most, (i) => scores[i]!)).toEqual(sorted);
    }),
  );
});

test('NaN is never among the highest', () => {
  const scores = [NaN, 1, NaN, 3, NaN];
  expect(highest(5, 5, (i) => scores[i]!)).toEqual([3, 1]);
});

test('likely tokens have softmax probabilities', () => {
  const logits = Float32Array.of(0, 2, 1, 2);
  const lse = Math.log(1 + 2 * Math.exp(2) + Math.exp(1));
  const { ids, probs } = likelyTokens({ logits, lse }, 3);
  expect([...ids]).toEqual([1, 3, 2]);
  expect(probs[0]).toBeCloseTo(Math.exp(2 - lse), 6);
  expect(probabilities({ logits, lse }).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 10);
});

test('movers are the largest rises and falls, mixed by size, without those that stay', () => {
  const before = Float64Array.of(0.5, 0.1, 0.1, 0.2, 0.1);
  const after = Float64Array.of(0.2, 0.3, 0.15, 0.2, 0.15);
  expect(topMovers(before, after, 2).map(({ id }) => id)).toEqual([0, 1, 2]);
  expect(topMovers(before, after, 9).map(({ id }) => id)).toEqual([0, 1, 2, 4]);
  expect(topMovers(before, after, 1)).toEqual([
    { id: 0, before: 0.5, after: 0.2 },
    { id: 1, before: 0.1, after: 0.3 },
  ]);
  expect(topMovers(before, before, 3)).toEqual([]);
});

test('what only rounds differently does not move, and what changes by more than that does', () => {
  const before = Float64Array.of(0.6, 0.3, 0.1);
  expect(topMovers(before, Float64Array.of(0.600003, 0.299999, 0.0999995), 3)).toEqual([]);
  expect(topMovers(before, Float64Array.of(0.6002, 0.2999, 0.1), 3).map(({ id }) => id)).toEqual([0, 1]);
  // Out of nothing is a change, however small.
  expect(topMovers(Float64Array.of(1, 0), Float64Array.of(1, 1e-9), 1).map(({ id }) => id)).toEqual([1]);
});
