import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goldenValues } from '../../testing/golden.ts';
import goldens from './goldens/sampling.json';
import { checkSampling, chooseAt, drawOf, nextDistribution, type Sampling } from './sampling.ts';

const plain = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1 };
const logits = goldenValues(goldens[1]!.logits);

test('what is drawn from is what transformers draws from', () => {
  let worst = 0;
  for (const golden of goldens) {
    const row = goldenValues(golden.logits);
    const expected = goldenValues(golden.probs);
    const probs = nextDistribution(row, golden.setting, golden.ids, 61);
    expect(probs.filter((prob) => prob > 0)).toHaveLength(golden.kept);
    probs.forEach((prob, id) => (worst = Math.max(worst, Math.abs(prob - expected[id]!))));
  }
  expect(worst).toBeLessThan(5e-6);
});

/** Largest value of χ² that chance exceeds once in a thousand. @source Wilson & Hilferty 1931 */
const critical = (degrees: number): number =>
  degrees * (1 - 2 / (9 * degrees) + 3.09 * Math.sqrt(2 / (9 * degrees))) ** 3;

/** χ² of counts against probabilities; ids expected fewer than 8 times are counted together. */
function chiSquare(counts: readonly number[], probs: Float64Array): { value: number; degrees: number } {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const bins = [{ seen: 0, wanted: 0 }];
  probs.forEach((prob, id) => {
    if (prob === 0 && counts[id]! > 0) throw new Error(`${id} was chosen and cannot be`);
    const one = { seen: counts[id]!, wanted: prob * total };
    if (one.wanted >= 8) bins.push(one);
    else bins[0] = { seen: bins[0]!.seen + one.seen, wanted: bins[0]!.wanted + one.wanted };
  });
  const used = bins.filter(({ wanted }) => wanted > 0);
  const value = used.reduce((sum, { seen, wanted }) => sum + (seen - wanted) ** 2 / wanted, 0);
  return { value, degrees: used.length - 1 };
}

describe('samples against the exact distribution, by chi-square', () => {
  const count = (probs: Float64Array, draws: Iterable<number>): number[] => {
    const counts = Array<number>(probs.length).fill(0);
    for (const draw of draws) counts[chooseAt(probs, draw)]! += 1;
    return counts;
  };
  function* byStep(): Generator<number> {
    for (let seed = 0; seed < 20; seed++) for (let step = 0; step < 2000; step++) yield drawOf(seed, step);
  }
  function* bySeed(): Generator<number> {
    for (let seed = 0; seed < 40_000; seed++) yield drawOf(seed, 7);
  }

  test.each([
    plain,
    { ...plain, temperature: 0.5 },
    { ...plain, temperature: 2.5 },
    { ...plain, topK: 12 },
    { ...plain, topP: 0.9 },
    { temperature: 1.4, topK: 40, topP: 0.95, repetitionPenalty: 1.5 },
  ])('%j', (setting) => {
    const probs = nextDistribution(logits, setting, [5, 9, 33, 60], 61);
    for (const draws of [byStep, bySeed]) {
      const { value, degrees } = chiSquare(count(probs, draws()), probs);
      expect(degrees).toBeGreaterThan(4);
      expect(value).toBeLessThan(critical(degrees));
    }
  });

  test('another distribution would be noticed', () => {
    const probs = nextDistribution(logits, plain, [], 61);
    const other = nextDistribution(logits, { ...plain, temperature: 1.05 }, [], 61);
    const { value, degrees } = chiSquare(count(other, byStep()), probs);
    expect(value).toBeGreaterThan(critical(degrees));
  });

  test('draws one after the other do not depend on each other', () => {
    const cells = Array<number>(64).fill(0);
    for (let seed = 0; seed < 200; seed++) {
      for (let step = 0; step < 100; step++)
        cells[8 * Math.floor(8 * drawOf(seed, step)) + Math.floor(8 * drawOf(seed, step + 1))]! += 1;
    }
    const { value, degrees } = chiSquare(cells, new Float64Array(64).fill(1 / 64));
    expect(value).toBeLessThan(critical(degrees));
  });
});

test('a draw depends on seed and step alone', () => {
  expect([drawOf(1, 2), drawOf(1, 2)]).toEqual([0.3839605695102364, 0.3839605695102364]);
  expect(new Set([drawOf(1, 2), drawOf(2, 1), drawOf(1, 3), drawOf(3, 1)]).size).toBe(4);
});

test('the likeliest with temperature 0, the lowest id of those that tie; padding never', () => {
  const greedy = { ...plain, temperature: 0 };
  const chosen = (row: number[], seen: number[] = [], vocab = 10, penalty = 1): number =>
    chooseAt(nextDistribution(row, { ...greedy, repetitionPenalty: penalty }, seen, vocab), 0.999999);
  expect(chosen([1, 3, 3, 2])).toBe(1);
  expect(chosen([-1, -3, -2])).toBe(0);
  expect(chosen([1, 3, 3, 9], [], 3)).toBe(1);
  expect(chosen([1, 3, 2.9], [1], 3, 1.5)).toBe(2);
  expect(chosen([-1, -1.2], [0, 0, 0], 3, 1.3)).toBe(1);
  expect(chooseAt(nextDistribution([0, 1000], { ...plain, temperature: 1e-300 }, [], 2), 0)).toBe(1);
});

test('ties: all at the edge of top-k stay, the lowest ids at the edge of top-p', () => {
  expect([...nextDistribution([1, 2, 1, 2, 1], { ...plain, topK: 1 }, [], 5)]).toEqual([0, 0.5, 0, 0.5, 0]);
  const equal = nextDistribution([0, 0, 0, 0], { ...plain, topP: 0.5 }, [], 4);
  expect([...equal]).toEqual([0.5, 0.5, 0, 0]);
});

test('whatever the settings, what is drawn from is a distribution over tokens', () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 30 }),
      fc.record({
        temperature: fc.double({ min: 0, max: 10, noNaN: true }),
        topK: fc.nat(40),
        topP: fc.double({ min: 1e-9, max: 1, noNaN: true }),
        repetitionPenalty: fc.double({ min: 0.1, max: 10, noNaN: true }),
      }),
      fc.array(fc.nat(40)),
      fc.integer({ min: 1, max: 35 }),
      fc.double({ min: 0, max: 0.9999999, noNaN: true }),
      (row, setting, seen, vocab, draw) => {
        const probs = nextDistribution(row, setting, seen, vocab);
        expect(probs).toHaveLength(Math.min(row.length, vocab));
        expect(probs.reduce((sum, prob) => sum + prob, 0)).toBeCloseTo(1, 9);
        expect(probs[chooseAt(probs, draw)]).toBeGreaterThan(0);
        if (setting.temperature >= 1e-6) {
          const scores = nextDistribution(row, { ...setting, topK: 0, topP: 1 }, seen, vocab);
          const least = Math.min(...scores.filter((_, id) => probs[id]! > 0));
          expect(scores.every((score, id) => probs[id]! > 0 || score <= least)).toBe(true);
        }
      },
    ),
  );
});

test.each<[Partial<Sampling>, RegExp]>([
  [{ temperature: -1 }, /temperature/],
  [{ temperature: NaN }, /temperature/],
  [{ topK: 1.5 }, /Top-k/],
  [{ topP: 0 }, /Top-p/],
  [{ repetitionPenalty: 0 }, /penalty/],
  [{ seed: -1 }, /seed/],
])('%j is refused', (change, words) => {
  expect(() => checkSampling({ ...plain, seed: 0, ...change })).toThrow(words);
});
