import { expect, test } from 'vitest';
import type { DictionaryMatch } from '../../../engine/protocol.ts';
import { cosineBins, matchRows, NONE, shareAbove } from './match-derived.ts';

const match = {
  nearest: Uint32Array.of(1, 0, NONE),
  cosine: Float32Array.of(0.96, 0.5, 0),
  backNearest: Uint32Array.of(2, 0),
  backCosine: Float32Array.of(0.6, 0.96),
} as unknown as DictionaryMatch;

test('a match is mutual when it goes both ways; what is not known is not a number', () => {
  expect(matchRows(match)).toEqual([
    { feature: 0, nearest: 1, cosine: Math.fround(0.96), mutual: true, partner: NONE, jaccard: NaN, count: NaN, together: NaN },
    { feature: 1, nearest: 0, cosine: 0.5, mutual: false, partner: NONE, jaccard: NaN, count: NaN, together: NaN },
    { feature: 2, nearest: NONE, cosine: NaN, mutual: false, partner: NONE, jaccard: NaN, count: NaN, together: NaN },
  ]); // oxfmt-ignore
  const firing = {
    tokens: 9,
    items: 1,
    partner: Uint32Array.of(0, NONE, NONE),
    jaccard: Float32Array.of(0.5, 0, 0),
    count: Uint32Array.of(4, 3, 0),
    together: Uint32Array.of(2, 0, 0),
  };
  const rows = matchRows({ ...match, firing });
  expect(rows.map(({ jaccard }) => jaccard)).toEqual([0.5, 0, NaN]);
});

test('shares and bins are of latents that have a direction', () => {
  expect(shareAbove(match.nearest, match.cosine, 0.9)).toBe(0.5);
  expect(shareAbove(match.nearest, match.cosine, 0.5)).toBe(1);
  const bins = cosineBins(match.nearest, match.cosine);
  expect(bins[0]!.low).toBe(0);
  expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(2);
  expect(bins.find(({ low }) => Math.abs(low - 0.95) < 1e-9)!.count).toBe(1);
  expect(cosineBins(Uint32Array.of(0), Float32Array.of(1)).at(-1)!.count).toBe(1);
  expect(cosineBins(Uint32Array.of(0), Float32Array.of(-0.5))[0]).toMatchObject({ low: -0.5, count: 1 });
});
