import { expect, test } from 'vitest';
import { rateDifference } from './rate-difference.ts';

test('log-ratio and z of two rates', () => {
  const found = rateDifference({ count: 30, of: 1000, otherCount: 10, otherOf: 2000 });
  expect(found.rate).toBe(0.03);
  expect(found.otherRate).toBe(0.005);
  expect(found.logRatio).toBeCloseTo(Math.log2(30.5 / 1001 / (10.5 / 2001)), 12);
  // 0.025 / √(40/3000 · 2960/3000 · (1/1000 + 1/2000))
  expect(found.z).toBeCloseTo(5.62781, 4);
});

test('what never happens differs by nothing, the other way round is the opposite', () => {
  expect(rateDifference({ count: 0, of: 10, otherCount: 0, otherOf: 10 })).toEqual({
    rate: 0,
    otherRate: 0,
    logRatio: 0,
    z: 0,
  });
  const there = rateDifference({ count: 3, of: 40, otherCount: 9, otherOf: 70 });
  const back = rateDifference({ count: 9, of: 70, otherCount: 3, otherOf: 40 });
  expect(back.z).toBeCloseTo(-there.z, 12);
  expect(back.logRatio).toBeCloseTo(-there.logRatio, 12);
  expect(rateDifference({ count: 0, of: 0, otherCount: 1, otherOf: 5 }).z).toBe(0);
});
