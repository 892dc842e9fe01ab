import { describe, expect, test } from 'vitest';
import { plainScan, plainTokens } from '../../testing/plain-scan.ts';
import { intervalPlaces, topPlaces } from './examples.ts';
import { placeHash } from './place-hash.ts';

const FEATURES = 6;
const tokens = plainTokens(300, FEATURES, 7);
const everything = plainScan(tokens, FEATURES, 10_000);
const asked = { intervals: 10, perInterval: 5 };
const firing = (feature: number) => tokens.filter(({ values }) => values.has(feature));

describe('intervals of a feature’s values', () => {
  test('where every firing is kept, counts, shares and places are those of brute force', () => {
    for (let feature = 0; feature < FEATURES; feature++) {
      const all = firing(feature);
      const max = everything.max[feature]!;
      const groups = intervalPlaces(everything, feature, asked, placeHash);
      expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(all.length);
      for (const { low, high, count, share, exact, places } of groups) {
        const own = all.filter(({ values }) => values.get(feature)! > low && values.get(feature)! <= high);
        expect({ count, exact }).toEqual({ count: own.length, exact: true });
        expect(share).toBeCloseTo(own.length / all.length, 12);
        const seen = new Set<number>();
        const chosen = own
          .toSorted((a, b) => placeHash(a.item, a.token) - placeHash(b.item, b.token))
          .filter(({ item }) => !seen.has(item) && seen.add(item))
          .slice(0, asked.perInterval);
        expect(new Set(places.map(({ item, token }) => `${item}/${token}`))).toEqual(
          new Set(chosen.map(({ item, token }) => `${item}/${token}`)),
        );
        for (const place of places) expect(place.value <= max && place.value > low).toBe(true);
      }
      expect(groups[0]!.high).toBe(max);
      expect(groups.map(({ low }) => low)).toEqual(groups.map(({ low }) => low).toSorted((a, b) => b - a));
    }
  });

  test('where few are kept, estimates add up to all firings and are right on average', () => {
    const errors: number[] = [];
    for (let seed = 0; seed < 40; seed++) {
      const own = plainTokens(200, 1, seed);
      const exact = intervalPlaces(plainScan(own, 1, 10_000), 0, asked, placeHash);
      const few = intervalPlaces(plainScan(own, 1, 8), 0, asked, placeHash);
      expect(few.reduce((sum, { count }) => sum + count, 0)).toBeCloseTo(
        own.filter(({ values }) => values.size).length,
      );
      expect(few.some((group) => !group.exact)).toBe(true);
      const at = exact.find(({ low }) => low === 0)!;
      errors.push((few.find(({ low }) => low === 0)!.count - at.count) / at.count);
    }
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(errors.some((error) => Math.abs(error) > 0.01)).toBe(true);
  });

  test('an interval whose ends are edges of bins is counted exactly however few places are kept', () => {
    const state = plainScan(tokens, FEATURES, 1);
    // Two intervals, with an edge in the middle and one at the end.
    state.edges = Float32Array.from(state.edges, (_, b) => (b * state.max[0]!) / 6);
    state.histogram.fill(0);
    for (const { values } of firing(0)) {
      const bin = Math.min(11, Math.floor((6 * values.get(0)!) / state.max[0]!));
      state.histogram[bin]! += 1;
    }
    const half = state.max[0]! / 2;
    const [upper, lower] = intervalPlaces(state, 0, { intervals: 2, perInterval: 3 }, placeHash);
    const count = (from: number, to: number): number =>
      firing(0).filter(({ values }) => values.get(0)! > from && values.get(0)! <= to).length;
    expect([lower!.exact, upper!.exact]).toEqual([true, true]);
    expect([lower!.count, upper!.count]).toEqual([count(0, half), count(half, Infinity)]);
  });

  test('a feature that never fires has none; one value is in the highest', () => {
    const none = plainScan([{ item: 0, token: 3, values: new Map() }], 1, 4);
    expect(intervalPlaces(none, 0, asked, placeHash)).toEqual([]);
    expect(topPlaces(none, 0, 5)).toEqual([]);
    const one = plainScan([{ item: 0, token: 3, values: new Map([[0, 2.5]]) }], 1, 4);
    const groups = intervalPlaces(one, 0, asked, placeHash);
    expect(groups).toEqual([
      { low: 2.25, high: 2.5, count: 1, share: 1, exact: true, places: [{ item: 0, token: 3, value: 2.5 }] },
    ]);
    expect(topPlaces(one, 0, 5)).toEqual([{ item: 0, token: 3, value: 2.5 }]);
  });
});
