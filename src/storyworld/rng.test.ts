import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Rng } from './rng.ts';

const draws = (seed: number, stream: number, count = 8): number[] => {
  const rng = new Rng(seed, stream);
  return Array.from({ length: count }, () => rng.unit());
};
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test('draws are pinned, as trained models depend on them', () => {
  expect(draws(1, 0, 4).map((value) => Math.round(value * 2 ** 32))).toMatchInlineSnapshot(`
    [
      2652611047,
      1302885290,
      2935343508,
      2979354188,
    ]
  `);
});

test('the same seed and stream repeat; a change of either changes the sequence', () => {
  fc.assert(
    fc.property(seeds, seeds, (seed, stream) => {
      expect(draws(seed, stream)).toEqual(draws(seed, stream));
      expect(draws(seed, stream)).not.toEqual(draws((seed + 1) % 2 ** 32, stream));
      expect(draws(seed, stream)).not.toEqual(draws(seed, (stream + 1) % 2 ** 32));
    }),
  );
});

test('draws stay in range', () => {
  fc.assert(
    fc.property(
      seeds,
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: -50, max: 50 }),
      (seed, n, low) => {
        const rng = new Rng(seed);
        expect(rng.unit()).toBeLessThan(1);
        expect(rng.below(n)).toBeLessThan(n);
        const between = rng.between(low, low + n);
        expect(between).toBeGreaterThanOrEqual(low);
        expect(between).toBeLessThanOrEqual(low + n);
      },
    ),
  );
});

test('sample takes different values and no more than there are', () => {
  const values = Array.from({ length: 10 }, (_, i) => i);
  fc.assert(
    fc.property(seeds, fc.integer({ min: 0, max: 15 }), (seed, count) => {
      const taken = new Rng(seed).sample(values, count);
      expect(taken).toHaveLength(Math.min(count, 10));
      expect(new Set(taken).size).toBe(taken.length);
      expect(taken.every((value) => values.includes(value))).toBe(true);
    }),
  );
  expect(values).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('first draws are uniform over neighbouring streams of one seed', () => {
  const bins = Array.from({ length: 20 }, () => 0);
  for (let stream = 0; stream < 20_000; stream++) bins[new Rng(5, stream).below(20)]! += 1;
  const chiSquare = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  // 19 degrees of freedom: 50 is passed by chance about once in 10,000.
  expect(chiSquare).toBeLessThan(50);
});
