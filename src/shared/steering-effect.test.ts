import { expect, test } from 'vitest';
import { effectOf, fluencyLoss, keepsOf, type MeasuredPoint, selectivityAt } from './steering-effect.ts';

const point = (strength: number, loss: number, ...rates: number[]): MeasuredPoint => ({
  strength,
  loss,
  rates,
});
const base = point(0, 2, 0.1, 0.5);

test('fluency is kept up to the first strength that loses it, on each side', () => {
  const keeps = (...pairs: [strength: number, loss: number][]) =>
    keepsOf({ base, points: pairs.map(([strength, loss]) => point(strength, loss)) });
  expect(keeps([1, 2.1], [2, 2.4], [4, 2.41], [-1, 2.3], [-2, 9])).toEqual({ up: 2, down: -1 });
  // One that is fluent again further out does not count, and the order of asking does not matter.
  expect(keeps([4, 2], [1, 2], [2, 3])).toEqual({ up: 1 });
  expect(keeps([1, 3], [-1, 1])).toEqual({ down: -1 });
  // Without the swept feature the texts are broken already.
  expect(keeps([0, 3], [1, 2], [-1, 2])).toEqual({});
  expect(keeps([0, 2], [1, 2])).toEqual({ up: 1 });
  expect(keeps([1, NaN])).toEqual({});
  expect(keeps([1, 2], [1, 3])).toEqual({});
  expect(keeps()).toEqual({});
});

test('slope through the base, over strengths that keep fluency', () => {
  const sweep = { base, points: [point(1, 2, 0.2, 0.5), point(2, 2.2, 0.4, 0.4), point(3, 9, 0.9, 0)] };
  // Σ strength · change / Σ strength²
  const slope = (1 * 0.1 + 2 * 0.3) / 5;
  const other = (2 * -0.1) / 5;
  const effect = effectOf(sweep, 0)!;
  expect(effect.slope).toBeCloseTo(slope, 12);
  expect(effect.selectivity).toBeCloseTo(slope / (slope - other), 12);
  expect(effect.fluencyLoss).toBeCloseTo(0.1, 12);
  expect(effect.strengths).toBe(2);
  expect(effectOf(sweep, 1)!.slope).toBeCloseTo(other, 12);
});

test('both sides of 0 make one line; factors change nothing at 1', () => {
  const points = [point(-1, 2, 0.05, 0.5), point(1, 2, 0.15, 0.5)];
  expect(effectOf({ base, points }, 0)!.slope).toBeCloseTo(0.05, 12);
  const factors = [point(0, 2, 0.06, 0.5), point(1, 2, 7, 7), point(2, 2, 0.14, 0.5)];
  expect(effectOf({ base, points: factors }, 0, 1)!.slope).toBeCloseTo(0.04, 12);
});

test('factors keep fluency up and down from 1', () => {
  const sweep = {
    base,
    points: [point(0, 9, 0, 0), point(0.5, 2, 0.08, 0.5), point(2, 2.1, 0.14, 0.5), point(4, 3, 0.9, 0)],
  };
  expect(keepsOf(sweep, 1)).toEqual({ up: 2, down: 0.5 });
  expect(effectOf(sweep, 0, 1)!.strengths).toBe(2);
  expect(effectOf(sweep, 0, 1)!.slope).toBeCloseTo(0.04, 12);
  expect(keepsOf({ base, points: [point(0, 2), point(1, 2)] }, 1)).toEqual({ down: 0 });
});

test('nothing is said where no strength keeps fluency', () => {
  expect(effectOf({ base, points: [point(1, 5, 1, 1)] }, 0)).toBeUndefined();
  expect(effectOf({ base, points: [point(0, 2, 0.1, 0.5)] }, 0)).toBeUndefined();
  expect(effectOf({ base, points: [point(1, 2, 0.1, 0.5)] }, 0)!.selectivity).toBeNaN();
});

test('at one strength', () => {
  const steered = point(2, 2.3, 0.4, 0.4);
  expect(fluencyLoss(base, steered)).toBeCloseTo(0.15, 12);
  expect(selectivityAt(base, steered, 0)).toBeCloseTo(0.75, 12);
  expect(selectivityAt(base, steered, 1)).toBeCloseTo(0.25, 12);
});
