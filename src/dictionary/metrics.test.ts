import { expect, test } from 'vitest';
import {
  ceRecovered,
  errorShare,
  errorSums,
  explainedVariance,
  fractionVarianceUnexplained,
  l0,
  meanKl,
  relativeNorm,
} from './metrics.ts';

/** Sums of each token as the kernel would give them. */
function sumsOf(x: number[][], xHat: number[][]) {
  const center = x[0]!.map((_, i) => x.reduce((sum, row) => sum + row[i]!, 0) / x.length);
  const square = (row: number[]): number => row.reduce((sum, value) => sum + value * value, 0);
  return x.map((row, t) => ({
    residual: square(row.map((value, i) => value - xHat[t]![i]!)),
    variance: square(row.map((value, i) => value - center[i]!)),
    power: square(row),
    reconstructed: square(xHat[t]!),
  }));
}

const x = [
  [3, 4],
  [-3, 0],
  [0, -4],
];

test('a perfect reconstruction explains everything', () => {
  const tokens = sumsOf(x, x);
  expect(fractionVarianceUnexplained(tokens)).toBe(0);
  expect(explainedVariance(tokens)).toBe(1);
  expect(errorShare(tokens)).toBe(0);
  expect(relativeNorm(tokens)).toBe(1);
});

test('the mean explains nothing of the variance, and zero leaves the whole error', () => {
  // The columns of x average to zero, so both reconstructions are the same here.
  const zero = x.map(() => [0, 0]);
  expect(explainedVariance(sumsOf(x, zero))).toBe(0);
  expect(errorShare(sumsOf(x, zero))).toBe(1);
});

test('half of every activation', () => {
  const half = x.map((row) => row.map((value) => value / 2));
  const tokens = sumsOf(x, half);
  expect(fractionVarianceUnexplained(tokens)).toBeCloseTo(0.25, 12);
  expect(errorShare(tokens)).toBeCloseTo(0.25, 12);
  expect(relativeNorm(tokens)).toBeCloseTo(0.5, 12);
});

test('FVU is a ratio of sums, the error share a mean of ratios', () => {
  const tokens = [
    { residual: 1, variance: 1, power: 1, reconstructed: 0 },
    { residual: 0, variance: 99, power: 99, reconstructed: 99 },
  ];
  expect(fractionVarianceUnexplained(tokens)).toBe(0.01);
  expect(errorShare(tokens)).toBe(0.5);
});

test('what has no variance has no explained variance; zero activations are no error', () => {
  const tokens = [{ residual: 0, variance: 0, power: 0, reconstructed: 0 }];
  expect(explainedVariance(tokens)).toBeNaN();
  expect(errorShare(tokens)).toBe(0);
  expect(relativeNorm(tokens)).toBe(1);
});

test('columns of the kernel output', () => {
  expect(errorSums([1, 2, 3, 4, 5, 6, 7, 8], 1)).toEqual({
    residual: 5,
    variance: 6,
    power: 7,
    reconstructed: 8,
  });
});

test('loss recovered', () => {
  expect(ceRecovered({ clean: 2, spliced: 2, zero: 10 })).toBe(1);
  expect(ceRecovered({ clean: 2, spliced: 10, zero: 10 })).toBe(0);
  expect(ceRecovered({ clean: 2, spliced: 4, zero: 10 })).toBe(0.75);
  expect(ceRecovered({ clean: 2, spliced: 12, zero: 10 })).toBe(-0.25);
  expect(ceRecovered({ clean: 2, spliced: 2, zero: 2 })).toBeNaN();
  expect(ceRecovered({ clean: 2, spliced: 3, zero: 1.9 })).toBeNaN();
  expect(ceRecovered({ clean: 2, spliced: 2.5, zero: 2.0005 })).toBeNaN();
});

test('averages', () => {
  expect(l0([3, 0, 6])).toBe(3);
  expect(l0([])).toBeNaN();
  expect(meanKl([0.5, -1e-9, 1])).toBe(0.5);
});
