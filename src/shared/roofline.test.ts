import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quartiles } from './quartiles.ts';
import { placeUnder, ridgeOf, roofAt } from './roofline.ts';

const roof = { bytesPerSecond: 100e9, flopsPerSecond: 2e12 };

test('work that moves much is bound by bandwidth, and its share is that of the bandwidth', () => {
  const placed = placeUnder(roof, { flops: 1e9, bytes: 1e9, ms: 20 });
  expect(placed).toEqual({
    intensity: 1,
    gigabytesPerSecond: 50,
    gigaflopsPerSecond: 50,
    bound: 'bandwidth',
    boundMs: 10,
    share: 0.5,
  });
});

test('work that computes much is bound by the peak', () => {
  const placed = placeUnder(roof, { flops: 1e12, bytes: 1e9, ms: 1000 });
  expect(placed.bound).toBe('peak');
  expect(placed.share).toBeCloseTo(0.5, 12);
  expect(placed.boundMs).toBeCloseTo(500, 9);
  expect(placed.gigaflopsPerSecond).toBeCloseTo(1000, 9);
});

test('at the ridge both bound alike', () => {
  expect(ridgeOf(roof)).toBe(20);
  expect(roofAt(roof, 20)).toBe(2e12);
  expect(roofAt(roof, 2)).toBe(2e11);
  expect(roofAt(roof, 2000)).toBe(2e12);
});

test('a share is achieved over what the roof allows at that intensity', () => {
  const amount = fc.double({ min: 1e3, max: 1e13, noNaN: true });
  fc.assert(
    fc.property(amount, amount, fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (flops, bytes, ms) => {
      const { share, intensity, gigaflopsPerSecond } = placeUnder(roof, { flops, bytes, ms });
      const allowed = roofAt(roof, intensity) / 1e9;
      expect(Math.abs(share - gigaflopsPerSecond / allowed)).toBeLessThan(1e-9 * share);
    }),
  );
});

test('what cannot be said is not a number', () => {
  expect(placeUnder(undefined, { flops: 1, bytes: 1, ms: 1 }).share).toBeNaN();
  expect(placeUnder(roof, { flops: 1, bytes: 1, ms: 0 }).share).toBeNaN();
  expect(placeUnder(roof, { flops: 0, bytes: 0, ms: 1 }).intensity).toBeNaN();
});

test('quartiles are those of NumPy', () => {
  expect(quartiles([1, 2, 3, 4])).toEqual({ median: 2.5, lower: 1.75, upper: 3.25 });
  expect(quartiles([7, 1, 3])).toEqual({ median: 3, lower: 2, upper: 5 });
  expect(quartiles([5])).toEqual({ median: 5, lower: 5, upper: 5 });
  expect(quartiles([]).median).toBeNaN();
  const values = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
  fc.assert(
    fc.property(values, (all) => {
      const { median, lower, upper } = quartiles(all);
      expect(lower <= median && median <= upper).toBe(true);
      expect(all.filter((value) => value <= median).length * 2).toBeGreaterThanOrEqual(all.length);
    }),
  );
});
