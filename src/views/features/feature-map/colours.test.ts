import { describe, expect, it } from 'vitest';
import { contrast, drawn, linear, themes } from '../../../testing/theme-colours.ts';
import { colouringOf, foundColouring, stepColour, STEPS, valuesBy } from './colours.ts';

describe.each(Object.entries(themes))('colours of the map, %s theme', (_, theme) => {
  const surface = linear(theme, '--surface');
  const ratios = Array.from({ length: STEPS }, (_unused, i) =>
    contrast(drawn(theme, stepColour(i + 1)), surface),
  );

  it('stand out from the surface, points without a value too', () => {
    expect(Math.min(...ratios)).toBeGreaterThanOrEqual(3);
    expect(contrast(drawn(theme, stepColour(0)), surface)).toBeGreaterThanOrEqual(3);
  });

  it('differ in lightness: more stands out more', () => {
    for (let i = 1; i < ratios.length; i++) expect(ratios[i]!).toBeGreaterThan(ratios[i - 1]!);
    expect(ratios.at(-1)! / ratios[0]!).toBeGreaterThan(3);
  });
});

describe('what points are coloured by', () => {
  const statistics = {
    tokens: 200,
    count: Uint32Array.of(0, 2, 50),
    sum: Float64Array.of(0, 5, 100),
    max: Float32Array.of(0, 4, 9),
  };

  it('is counted over tokens, or where the feature fires', () => {
    expect([...valuesBy('rate', statistics)]).toEqual([NaN, 0.01, 0.25]);
    expect([...valuesBy('mean', statistics)]).toEqual([NaN, 2.5, 2]);
    expect([...valuesBy('max', statistics)]).toEqual([NaN, 4, 9]);
  });

  it('is even in the logarithm, between ends that outliers do not move', () => {
    const values = Float64Array.from({ length: 1001 }, (_, i) => 10 ** (i / 500));
    values[1000] = 1e9;
    values[0] = NaN;
    const features = Uint32Array.from({ length: 1001 }, (_, i) => 1000 - i);
    const { steps, low, high, without } = colouringOf(values, features);
    expect(without).toBe(1);
    expect(low).toBeLessThan(1.06);
    expect(high).toBeLessThan(100);
    expect([steps[1000], steps[0]]).toEqual([0, STEPS]);
    // 10 is in the middle between 1 and 100.
    expect(Math.abs(steps[500]! - STEPS / 2)).toBeLessThanOrEqual(1);
  });

  it('is nothing where nothing fires, and one colour where all are alike', () => {
    const none = colouringOf([NaN, NaN], Uint32Array.of(0, 1));
    expect([...none.steps, none.low, none.without]).toEqual([0, 0, NaN, 2]);
    expect([...colouringOf([3, 3], Uint32Array.of(0, 1)).steps]).toEqual([STEPS, STEPS]);
  });

  it('tells found features from the others', () => {
    const { steps, without } = foundColouring(new Set([5, 9]), Uint32Array.of(4, 5, 8));
    expect([...steps, without]).toEqual([0, STEPS, 0, 2]);
  });
});
