import { expect, test } from 'vitest';
import { TestRandom } from '../testing/random.ts';
import { blocksOf } from './budget.ts';
import { everything, type PairMask, sinksAndDiagonal } from './pair-mask.ts';
import { type AttentionPattern, fillParameters, type HeadInput } from './pattern.ts';
import { fixed } from './patterns/fixed.ts';
import { kMeans } from './patterns/k-means.ts';
import { strided } from './patterns/strided.ts';

const LENGTHS = [
  [256, 4],
  [256, 8],
  [512, 16],
] as const;
const BUDGETS = [0.5, 0.25, 0.1];

const text = (length: number, blockSize: number): HeadInput => ({
  nQueries: length,
  nKeys: length,
  queryOffset: 0,
  blockSize,
  window: 0,
});

const build = (pattern: AttentionPattern, input: HeadInput, budget: number): PairMask =>
  pattern.build(input, fillParameters(pattern), budget);

/** How far back each key is that a row sees, but for the first token of the text. */
const distances = (mask: PairMask, row: number): number[] =>
  [...mask.keys(row)]
    .filter((s) => s > 0)
    .map((s) => row - s)
    .toReversed();

/** The stride of a row whose window is this wide: where only one key is beyond it, the window may hide one before it. */
function strideOf(mask: PairMask, row: number, window: number): number {
  const [first, second] = distances(mask, row).slice(window + 1);
  if (first === undefined) return row + 1;
  return second === undefined ? (first / 2 <= window ? first / 2 : first) : second - first;
}

/** Keys in a row from the query's own backwards. */
const run = (mask: PairMask, row: number): number =>
  distances(mask, row).findIndex((distance, i, all) => all[i + 1] !== distance + 1) + 1;

/** The last row reads every end, of 4 tokens each, before its stretch. */
function stretchAndPeriod(mask: PairMask, length: number): { stretch: number; period: number } {
  const runs = Array.from({ length }, (_, t) => run(mask, t));
  const fall = runs.findIndex((size, t) => t > 1 && size < runs[t - 1]!);
  const stretch = fall < 0 ? length : fall;
  const row = length - 1;
  const ends = [...mask.keys(row)].filter((s) => s > 0 && s < row - (row % stretch));
  return { stretch, period: ends.length === 0 ? length : ends[3]! + 1 };
}

for (const [length, blockSize] of LENGTHS)
  for (const budget of BUDGETS) {
    const what = `${length} tokens in blocks of ${blockSize} at ${budget}`;

    test(`strided has a window of one block at least, and a stride as alike as can be: ${what}`, () => {
      const input = text(length, blockSize);
      const mask = build(strided, input, budget);
      const row = length - 1;
      const window = run(mask, row) - 1;
      expect(window).toBeGreaterThanOrEqual(blockSize);
      expect(window % blockSize).toBe(0);
      const stride = strideOf(mask, row, window);
      expect(stride % blockSize).toBe(0);
      // Nothing but the window, the stride and the first token.
      for (let t = 0; t < length; t++)
        for (let s = 1; s <= t; s++)
          if (mask.has(t, s) !== (t - s <= window || (t - s) % stride === 0)) throw new Error(`${t} ${s}`);
      const all = everything(input).visited;
      const unlike = (near: number, period: number): number => Math.abs(Math.log(near / period));
      for (let near = blockSize; near < length; near += blockSize)
        for (let period = blockSize; period <= 16 * blockSize; period += blockSize) {
          if (unlike(near, period) + 0.25 >= unlike(window, stride)) continue;
          const other = strided.build(input, { stride: period, local: near + 1 });
          expect(Math.abs(other.visited - budget * all)).toBeGreaterThan(mask.queryBlocks / 4 - 1);
        }
    });

    test(`fixed reads its own stretch, never below two blocks, and the ends of periods: ${what}`, () => {
      const input = text(length, blockSize);
      const mask = build(fixed, input, budget);
      const { stretch, period } = stretchAndPeriod(mask, length);
      expect(stretch).toBeGreaterThanOrEqual(2 * blockSize);
      expect(stretch % blockSize).toBe(0);
      expect(period % blockSize).toBe(0);
      for (let t = 0; t < length; t++)
        for (let s = 1; s <= t; s++) {
          const isEnd = s % period >= period - 4 && t >= s - (s % period) + period;
          if (mask.has(t, s) !== (s >= t - (t % stretch) || isEnd)) throw new Error(`${t} ${s}`);
        }
    });
  }

test('window and stride are one number, and stretch and period, where a budget lets them be', () => {
  const input = text(256, 4);
  for (const local of [24, 40, 64]) {
    const budget = (pattern: AttentionPattern, parameters: Record<string, number>): number =>
      pattern.build(input, fillParameters(pattern, parameters)).visited / everything(input).visited;
    const mask = build(strided, input, budget(strided, { stride: local, local: local + 1 }));
    const window = run(mask, 255) - 1;
    expect(Math.abs(Math.log(window / strideOf(mask, 255, window)))).toBeLessThan(0.2);
    const { stretch, period } = stretchAndPeriod(
      build(fixed, input, budget(fixed, { period: local, local })),
      256,
    );
    expect(Math.abs(Math.log(stretch / period))).toBeLessThan(0.2);
  }
});

/** Queries and keys in four groups that point the same way, taking turns, and a fifth of rows of zeros. */
function planted(length: number, blockSize: number): HeadInput {
  const dHead = 5;
  const rows = Float32Array.from({ length: length * dHead }, (_, at) => {
    const [t, i] = [Math.floor(at / dHead), at % dHead];
    return t % 5 === i && i < 4 ? 1 + (t % 3) : 0;
  });
  return { ...text(length, blockSize), heads: { q: rows, k: rows, dHead, scale: 1, cap: 0 } };
}

test('k-means: each cluster takes as many queries and keys, and nobody else reads further', () => {
  const input = planted(100, 4);
  const members = 20;
  // Started at the keys 12, 37, 62 and 87: two clusters of each group 2.
  const mask = kMeans.build(input, { clusters: 4, members, steps: 0 });
  const always = sinksAndDiagonal(input);
  for (let t = 0; t < 100; t++)
    for (let s = 0; s <= t; s++)
      expect(mask.has(t, s)).toBe(always.has(t, s) || (t % 5 === 2 && s % 5 === 2));
  // A cluster of five takes the first five of those that are as near.
  const few = kMeans.build(input, { clusters: 1, members: 5, steps: 0 });
  const near = Array.from({ length: 100 }, (_, t) => t).filter((t) => t % 5 === 0).slice(0, 5); // oxfmt-ignore
  for (let t = 0; t < 100; t++)
    for (let s = 0; s <= t; s++)
      expect(few.has(t, s)).toBe(always.has(t, s) || (near.includes(t) && near.includes(s)));
});

test('k-means: who is in a cluster, worked out plainly', () => {
  const [length, dHead, clusters, members] = [60, 3, 5, 9];
  const random = new TestRandom(5);
  const [q, k] = [random.normal(length * dHead), random.normal(length * dHead)];
  const input = { ...text(length, 4), heads: { q, k, dHead, scale: 1, cap: 0 } };
  const cosine = (rows: Float32Array, row: number, key: number): number => {
    const [a, b] = [
      rows.subarray(row * dHead, (row + 1) * dHead),
      k.subarray(key * dHead, (key + 1) * dHead),
    ];
    return a.reduce((sum, value, i) => sum + value * b[i]!, 0) / Math.hypot(...a) / Math.hypot(...b);
  };
  const expected = sinksAndDiagonal(input);
  for (const centre of [6, 18, 30, 42, 54]) {
    const nearest = (rows: Float32Array): number[] =>
      Array.from({ length }, (_, row) => row)
        .sort((a, b) => cosine(rows, b, centre) - cosine(rows, a, centre))
        .slice(0, members);
    for (const t of nearest(q)) for (const s of nearest(k)) expected.add(t, s);
  }
  expect(kMeans.build(input, { clusters, members, steps: 0 }).words).toEqual(expected.words);
});

test('k-means: a budget is met to the block, and more of it lets no pair go', () => {
  for (const [length, blockSize] of LENGTHS) {
    const random = new TestRandom(length);
    const dHead = 8;
    const [q, k] = [random.normal(length * dHead), random.normal(length * dHead)];
    const input = { ...text(length, blockSize), heads: { q, k, dHead, scale: 1, cap: 0 } };
    let before: PairMask | undefined;
    for (const budget of [0, 0.1, 0.25, 0.5, 0.75, 0.999, 1]) {
      const mask = build(kMeans, input, budget);
      expect(mask.visited).toBe(Math.max(sinksAndDiagonal(input).visited, blocksOf(input, budget)));
      expect(mask.words).toEqual(build(kMeans, input, budget).words);
      before?.words.forEach((bits, word) => expect(bits & ~mask.words[word]!).toBe(0));
      before = mask;
    }
  }
});
