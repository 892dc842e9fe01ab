import { expect, test } from 'vitest';
import { plainScan, plainTokens } from '../../testing/plain-scan.ts';
import { LEAST_TOGETHER, partnersOf } from './partners.ts';
import { lowerBound } from './partners-bound.ts';

const FEATURES = 8;
const tokens = plainTokens(400, FEATURES, 3);
const state = plainScan(tokens, FEATURES, 4);
const both = (a: number, b: number): number =>
  tokens.filter(({ values }) => values.has(a) && values.has(b)).length;

test('counts, share, lift and Jaccard of partners are those of brute force', () => {
  const { sampled, firing, partners } = partnersOf(state, 1, 50);
  expect([sampled, firing]).toEqual([tokens.length, both(1, 1)]);
  // Planted: feature 1 fires only where feature 0 does; the others fire by chance.
  expect(partners[0]!.feature).toBe(0);
  expect(partners[0]!.share).toBe(1);
  for (const { feature, ...partner } of partners) {
    const together = both(1, feature);
    const own = both(feature, feature);
    expect(partner).toEqual({
      together,
      firing: own,
      share: together / firing,
      lift: together / firing / (own / tokens.length),
      jaccard: together / (firing + own - together),
    });
  }
});

test('who meets it by chance, or hardly ever, is no partner', () => {
  for (let feature = 2; feature < FEATURES; feature++) {
    for (const { feature: other, together } of partnersOf(state, feature, 50).partners) {
      expect(together).toBeGreaterThanOrEqual(LEAST_TOGETHER);
      const rate = both(other, other) / tokens.length;
      expect(lowerBound(together, both(feature, feature))).toBeGreaterThan(rate);
    }
  }
  // It fires on every token: always met, and never more than by chance.
  const dense = plainScan(
    tokens.map(({ values, ...place }) => ({ ...place, values: new Map([...values, [FEATURES, 1]]) })),
    FEATURES + 1,
    4,
  );
  expect(partnersOf(dense, 1, 50).partners.some(({ feature }) => feature === FEATURES)).toBe(false);
  const few = plainScan(tokens.filter(({ values }) => values.has(1)).slice(0, 4), FEATURES, 4);
  expect(partnersOf(few, 1, 50)).toMatchObject({ firing: 4, partners: [] });
});

test('the lower bound of a share is Wilson’s', () => {
  // 8 of 10 and 0 of 10, from the formula by hand.
  expect(lowerBound(8, 10)).toBeCloseTo(0.4902, 4);
  expect(lowerBound(0, 10)).toBe(0);
  expect(lowerBound(0, 0)).toBe(0);
});
