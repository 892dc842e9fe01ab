import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isVisible } from '../gpu/block-mask.ts';
import { FacetError } from '../shared/errors.ts';
import { TestRandom } from '../testing/random.ts';
import { allot, blocksOf } from './budget.ts';
import { everything, forced, joinHeads, PairMask, sinksAndDiagonal } from './pair-mask.ts';
import { type AttentionPattern, fillParameters, type HeadInput } from './pattern.ts';
import { blockOracle } from './patterns/block-oracle.ts';
import { patterns } from './patterns/index.ts';

const dHead = 4;

interface Given {
  nQueries: number;
  queryOffset: number;
  blockSize: number;
  window: number;
  seed: number;
  deviation: number;
}

/** A head with random queries and keys, and its true pattern. */
function head({ nQueries, queryOffset, blockSize, window, seed, deviation }: Given): HeadInput {
  const nKeys = nQueries + queryOffset;
  const random = new TestRandom(seed);
  const q = random.normal(nQueries * dHead, deviation);
  const k = random.normal(nKeys * dHead, deviation);
  const shape = { nQueries, nKeys, queryOffset, blockSize, window };
  const pattern = new Float32Array(nQueries * nKeys);
  for (let row = 0; row < nQueries; row++) {
    const t = row + queryOffset;
    let total = 0;
    for (let s = window === 0 ? 0 : Math.max(0, t - window + 1); s <= t; s++) {
      let score = 0;
      for (let i = 0; i < dHead; i++) score += q[row * dHead + i]! * k[s * dHead + i]!;
      pattern[row * nKeys + s] = Math.exp(score / 2);
      total += pattern[row * nKeys + s]!;
    }
    for (let s = 0; s < nKeys; s++) pattern[row * nKeys + s]! /= total;
  }
  return { ...shape, heads: { q, k, dHead, scale: 0.5, cap: 0 }, pattern };
}

const given = (more: Partial<{ [Key in keyof Given]: fc.Arbitrary<Given[Key]> }> = {}): fc.Arbitrary<Given> =>
  fc.record({
    nQueries: fc.integer({ min: 1, max: 90 }),
    queryOffset: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40 })),
    blockSize: fc.constantFrom(1, 4, 7, 16, 32),
    window: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 })),
    seed: fc.integer({ min: 0, max: 1000 }),
    deviation: fc.constantFrom(0, 0.1, 2),
    ...more,
  });

const usual = (pattern: AttentionPattern): Record<string, number> => fillParameters(pattern);

function recall(mask: PairMask, { pattern, nKeys, nQueries }: HeadInput): number {
  let sum = 0;
  for (let row = 0; row < nQueries; row++) for (const s of mask.keys(row)) sum += pattern![row * nKeys + s]!;
  return sum / nQueries;
}

test('patterns have names, sources and parameters of their own', () => {
  expect(new Set(patterns.map(({ id }) => id)).size).toBe(patterns.length);
  for (const pattern of patterns) {
    expect(pattern.source).toMatch(/arXiv:\d{4}\.\d{5}/);
    expect(pattern.sizedBy === undefined).toBe(pattern.parameters.length === 0);
    for (const { least, most, usual: value } of pattern.parameters) {
      expect(least).toBeLessThanOrEqual(value);
      expect(value).toBeLessThanOrEqual(most);
    }
    expect(() => fillParameters(pattern, { nothing: 1 })).toThrow(FacetError);
    for (const { id, most, least } of pattern.parameters)
      for (const value of [most + 1, least - 1, NaN, Infinity])
        expect(() => fillParameters(pattern, { [id]: value })).toThrow(FacetError);
  }
});

describe.each(patterns.map((pattern) => [pattern.id, pattern] as const))('%s', (_, pattern) => {
  test('no query sees a later key or one out of the window, and every query sees itself', () => {
    fc.assert(
      fc.property(given(), fc.option(fc.double({ min: 0, max: 1, noNaN: true })), (shape, budget) => {
        const input = head(shape);
        const mask = pattern.build(input, usual(pattern), budget ?? undefined);
        for (let row = 0; row < input.nQueries; row++) {
          const t = row + input.queryOffset;
          expect(mask.has(row, t)).toBe(true);
          for (const s of mask.keys(row)) {
            expect(s).toBeLessThanOrEqual(t);
            if (input.window > 0) expect(t - s).toBeLessThan(input.window);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test.runIf(pattern.sizedBy)('a budget is met within one block a row of blocks', () => {
    fc.assert(
      fc.property(
        given({ nQueries: fc.integer({ min: 1, max: 300 }), blockSize: fc.constantFrom(4, 8, 16) }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (shape, budget) => {
          const input = head({
            ...shape,
            queryOffset: shape.queryOffset - (shape.queryOffset % shape.blockSize),
          });
          const mask = pattern.build(input, usual(pattern), budget);
          const least = Math.max(
            sinksAndDiagonal(input).visited,
            pattern.build(input, usual(pattern), 0).visited,
          );
          const wanted = Math.max(least, blocksOf(input, budget));
          expect(mask.visited - wanted).toBeLessThanOrEqual(mask.queryBlocks);
          expect(wanted - mask.visited).toBeLessThanOrEqual(mask.queryBlocks);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('the whole budget is dense attention', () => {
    const input = head({ nQueries: 70, queryOffset: 5, blockSize: 8, window: 0, seed: 1, deviation: 1 });
    const dense = everything(input);
    const mask = pattern.build(input, usual(pattern), 1);
    expect(mask.visited).toBe(dense.visited);
    expect(mask.words).toEqual(dense.words);
  });

  test('what it keeps is never more of the attention than the oracle with as many blocks', () => {
    fc.assert(
      fc.property(
        given({ blockSize: fc.constantFrom(4, 8) }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (shape, budget) => {
          const input = head(shape);
          const mask = pattern.build(input, usual(pattern), budget);
          const all = everything(input).visited;
          const oracle = blockOracle.build(input, usual(blockOracle), mask.visited / all);
          expect(oracle.visited).toBeGreaterThanOrEqual(Math.min(mask.visited, all));
          expect(recall(mask, input)).toBeLessThanOrEqual(recall(oracle, input) + 1e-6);
        },
      ),
      {
        numRuns: 40,
        // The window hides the first key, though not all of its block.
        examples: [[{ nQueries: 13, queryOffset: 0, blockSize: 4, window: 6, seed: 0, deviation: 0 }, 0]],
      },
    );
  });
});

test('a pair mask is a set of pairs: against a plain one', () => {
  fc.assert(
    fc.property(
      given(),
      fc.array(fc.tuple(fc.nat(89), fc.nat(130), fc.nat(130)), { maxLength: 30 }),
      (shape, ranges) => {
        const input = head(shape);
        const mask = new PairMask(input);
        const plain = new Set<string>();
        for (const [at, start, end] of ranges) {
          const row = at % input.nQueries;
          mask.add(row, start, end);
          const t = row + input.queryOffset;
          for (let s = start; s < end; s++)
            if (s <= t && (input.window === 0 || t - s < input.window)) plain.add(`${row} ${s}`);
        }
        const listed = Array.from({ length: input.nQueries }, (__, row) =>
          [...mask.keys(row)].map((s) => `${row} ${s}`),
        );
        expect(listed.flat().sort()).toEqual([...plain].sort());
        listed.forEach((keys, row) => expect(mask.count(row)).toBe(keys.length));
        const blocks = new Set(
          [...plain].map((pair) =>
            pair
              .split(' ')
              .map((part) => Math.floor(Number(part) / input.blockSize))
              .join(),
          ),
        );
        expect(mask.visited).toBe(blocks.size);
        expect(
          Array.from({ length: mask.queryBlocks }, (__, block) => mask.blocksOf(block).length).reduce(
            (a, b) => a + b,
          ),
        ).toBe(blocks.size);
      },
    ),
    { numRuns: 100 },
  );
});

test('heads joined for the kernel see what each of them sees', () => {
  fc.assert(
    fc.property(
      given(),
      fc.shuffledSubarray([...patterns], { minLength: 1, maxLength: 4 }),
      (shape, chosen) => {
        const input = head(shape);
        const masks = chosen.map((pattern) => pattern.build(input, usual(pattern), 0.5));
        const joined = joinHeads(masks);
        masks.forEach((mask, h) => {
          for (let row = 0; row < input.nQueries; row++)
            for (let s = 0; s < input.nKeys; s++)
              expect(
                isVisible(joined, {
                  head: h,
                  queryRow: row,
                  nQueryBlocks: mask.queryBlocks,
                  t: row + input.queryOffset,
                  s,
                }),
              ).toBe(mask.has(row, s));
        });
        expect(joined.entries.length).toBe(masks.reduce((sum, mask) => sum + mask.visited, 0));
      },
    ),
    { numRuns: 30 },
  );
});

test('masks of whole blocks carry no bits, others do', () => {
  const input = head({ nQueries: 40, queryOffset: 0, blockSize: 8, window: 0, seed: 1, deviation: 1 });
  expect(joinHeads([everything(input), blockOracle.build(input, { mass: 0.5 }, 0.5)]).bits).toBeUndefined();
  const holes = everything(input);
  holes.removeBlock(3, 1);
  expect(joinHeads([holes]).bits).toBeUndefined();
  holes.words[39 * holes.stride]! &= ~1;
  expect(joinHeads([holes]).bits?.length).toBe(8 * joinHeads([holes]).entries.length);
});

test('blocks allotted to rows add up to the budget, whatever is always kept', () => {
  fc.assert(
    fc.property(
      given({ nQueries: fc.integer({ min: 1, max: 300 }) }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (shape, budget) => {
        const mask = new PairMask(head(shape));
        const counts = allot(mask.shape, budget);
        const least = counts.map((__, block) => forced(mask, block).length);
        counts.forEach((count, block) => expect(count).toBeGreaterThanOrEqual(least[block]!));
        const wanted = Math.max(
          least.reduce((a, b) => a + b),
          blocksOf(mask.shape, budget),
        );
        expect(Math.abs(counts.reduce((a, b) => a + b) - wanted)).toBeLessThanOrEqual(
          1 + mask.queryBlocks / 10,
        );
      },
    ),
    { numRuns: 100 },
  );
});
