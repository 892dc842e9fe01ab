import { expect, test } from 'vitest';
import type { ScanStatistics } from '../../engine/protocol.ts';
import { featureRows, rateBins, rateTable, scanTotals } from './overview-derived.ts';

const scan = (count: number[], tokens: number): ScanStatistics =>
  ({
    count: Uint32Array.from(count),
    sum: Float64Array.from(count, (fired) => 2 * fired),
    max: Float32Array.from(count, (fired) => (fired > 0 ? 5 : 0)),
    topTokens: count.map((fired) => (fired > 0 ? ' a' : '')),
    tokens,
  }) as unknown as ScanStatistics;

test('totals count every feature once', () => {
  const totals = scanTotals(scan([0, 1, 50_000, 0, 5, 100_000], 100_000));
  expect(totals).toEqual({ features: 6, tokens: 100_000, l0: 150_006 / 100_000, dead: 2, rare: 2 });
  expect(scanTotals(scan([0, 0], 0)).l0).toBeNaN();
});

test('bins hold every feature that fired, whatever its rate', () => {
  const counts = [0, 1, 1, 7, 10, 99, 100, 1000, 99_999, 100_000];
  const bins = rateBins(scan(counts, 100_000));
  expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(9);
  for (const [i, { low, high, count }] of bins.entries()) {
    expect(high / low).toBeCloseTo(10 ** 0.25, 6);
    const last = i === bins.length - 1;
    const inside = counts.filter((fired) => {
      const rate = fired / 100_000;
      return (
        rate > 0 &&
        rate >= low * (1 - 1e-12) &&
        (rate < high * (1 - 1e-12) || (last && rate <= high * (1 + 1e-12)))
      );
    });
    expect(count).toBe(inside.length);
  }
  expect(rateBins(scan([0, 0], 10))).toEqual([]);
  expect(rateBins(scan([10, 10], 10))).toHaveLength(1);
  expect(rateTable(bins).rows).toHaveLength(bins.length);
});

test('a feature that never fired has no mean', () => {
  const [dead, alive] = featureRows(scan([0, 4], 8));
  expect(dead).toEqual({ feature: 0, rate: 0, mean: NaN, max: 0, top: '' });
  expect(alive).toEqual({ feature: 1, rate: 0.5, mean: 2, max: 5, top: ' a' });
});
