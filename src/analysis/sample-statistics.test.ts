import { expect, test } from 'vitest';
import { TestRandom } from '../testing/random.ts';
import { FeatureStatistics } from './sample-statistics.ts';

interface Row {
  feature: number;
  value: number;
}

function codesOf(rows: Row[][]): {
  offsets: Uint32Array<ArrayBuffer>;
  indices: Uint32Array<ArrayBuffer>;
  values: Float32Array<ArrayBuffer>;
} {
  const flat = rows.flat();
  const offsets = [0];
  for (const row of rows) offsets.push(offsets.at(-1)! + row.length);
  return {
    offsets: Uint32Array.from(offsets),
    indices: Uint32Array.from(flat, ({ feature }) => feature),
    values: Float32Array.from(flat, ({ value }) => value),
  };
}

test('counts, sums, maxima, histograms and examples agree with a brute-force pass', () => {
  const random = new TestRandom(1);
  const statistics = new FeatureStatistics(7, 5, { low: 0.1, high: 10 }, 3);
  const seen: { feature: number; value: number; item: number; token: number }[] = [];
  for (let item = 0; item < 20; item++) {
    const rows = Array.from({ length: 1 + random.integer(9) }, () =>
      Array.from({ length: random.integer(4) }, () => ({
        feature: random.integer(6),
        value: Math.fround(0.01 + 20 * random.next()),
      })),
    );
    statistics.add(item, codesOf(rows), 1);
    rows.forEach((row, token) => {
      if (token >= 1) for (const { feature, value } of row) seen.push({ feature, value, item, token });
    });
  }
  for (let feature = 0; feature < 7; feature++) {
    const mine = seen.filter((entry) => entry.feature === feature);
    expect(statistics.count[feature]).toBe(mine.length);
    expect(statistics.sum[feature]).toBeCloseTo(
      mine.reduce((sum, { value }) => sum + value, 0),
      4,
    );
    expect(statistics.max[feature]).toBe(Math.max(0, ...mine.map(({ value }) => value)));
    for (let bin = 0; bin < 5; bin++) {
      const low = bin === 0 ? 0 : 0.1 * 100 ** (bin / 5);
      const high = bin === 4 ? Infinity : 0.1 * 100 ** ((bin + 1) / 5);
      expect(statistics.histogram[feature * 5 + bin]).toBe(
        mine.filter(({ value }) => value >= low && value < high).length,
      );
    }
    const bestPerItem = new Map<number, (typeof mine)[number]>();
    for (const entry of mine)
      if (entry.value > (bestPerItem.get(entry.item)?.value ?? 0)) bestPerItem.set(entry.item, entry);
    const best = [...bestPerItem.values()].sort((a, b) => b.value - a.value).slice(0, 3);
    for (let slot = 0; slot < 3; slot++) {
      const expected = best[slot];
      expect(statistics.exampleItem[feature * 3 + slot]).toBe(expected?.item ?? 0xffffffff);
      if (expected) {
        expect(statistics.exampleToken[feature * 3 + slot]).toBe(expected.token);
        expect(statistics.exampleValue[feature * 3 + slot]).toBe(expected.value);
      }
    }
  }
  expect(statistics.tokens).toBeGreaterThan(0);
});
