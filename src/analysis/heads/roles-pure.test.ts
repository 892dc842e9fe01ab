import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { adjustedRand, averageLinkage, cut } from './roles-cluster.ts';
import { effectiveNumber, normalized, similarity } from './roles-divergence.ts';
import { DISTANCES, distanceBin, labelValues, successorOf, tokenClass, tokenKind } from './roles-tokens.ts';
import { polysemanticShare } from '../../shared/polysemantic-share.ts';

const masses = fc.array(fc.tuple(fc.nat(20), fc.double({ min: 1e-6, max: 10, noNaN: true })), {
  minLength: 1,
  maxLength: 12,
});
const distributions = masses.map((pairs) => normalized(new Map(pairs)));

/** 1 − JSD / ln 2 as it is defined, over dense arrays. */
function plain(p: readonly number[], q: readonly number[]): number {
  const kl = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, x, i) => (x > 0 ? sum + x * Math.log(x / b[i]!) : sum), 0);
  const middle = p.map((x, i) => (x + q[i]!) / 2);
  return 1 - (kl(p, middle) + kl(q, middle)) / 2 / Math.LN2;
}

describe('Jensen–Shannon similarity', () => {
  it('is 1 of equal distributions and 0 of disjoint ones', () => {
    const p = normalized([
      [3, 2],
      [1, 6],
    ]);
    expect([...p.keys]).toEqual([1, 3]);
    expect([...p.shares]).toEqual([0.75, 0.25]);
    expect(similarity(p, p)).toBeCloseTo(1, 12);
    expect(similarity(p, normalized([[2, 1]]))).toBe(0);
    expect(similarity(p, normalized([]))).toBe(0);
  });

  it('is what the definition says, and symmetric', () => {
    fc.assert(
      fc.property(distributions, distributions, (p, q) => {
        const dense = (d: typeof p): number[] =>
          Array.from({ length: 21 }, (_, key) => d.shares[d.keys.indexOf(key)] ?? 0);
        expect(similarity(p, q)).toBeCloseTo(plain(dense(p), dense(q)), 10);
        expect(similarity(q, p)).toBeCloseTo(similarity(p, q), 12);
      }),
    );
  });
});

describe('effective number', () => {
  it('of n equal weights is n, whatever their size', () => {
    expect(effectiveNumber([0.2, 0.2, 0.2, 0])).toBeCloseTo(3, 12);
    expect(effectiveNumber([7])).toBeCloseTo(1, 12);
    expect(effectiveNumber([0.5, 0.25, 0.25])).toBeCloseTo(2 ** 1.5, 12);
    expect(effectiveNumber([])).toBe(0);
  });
});

/** Merges the two clusters with the largest mean similarity of their points until none is above the threshold. */
function naive(s: Float32Array, n: number, threshold: number): number[] {
  let clusters = Array.from({ length: n }, (_, i) => [i]);
  for (;;) {
    let best: { a: number; b: number; mean: number } | undefined;
    for (let a = 0; a < clusters.length; a++) {
      for (let b = a + 1; b < clusters.length; b++) {
        const pairs = clusters[a]!.flatMap((i) => clusters[b]!.map((j) => s[i * n + j]!));
        const mean = pairs.reduce((sum, x) => sum + x, 0) / pairs.length;
        if (!best || mean > best.mean) best = { a, b, mean };
      }
    }
    if (!best || best.mean <= threshold) break;
    const { a, b } = best;
    clusters = [...clusters.filter((_, i) => i !== a && i !== b), [...clusters[a]!, ...clusters[b]!]];
  }
  return Array.from({ length: n }, (_, point) => Math.min(...clusters.find((c) => c.includes(point))!));
}

describe('average linkage', () => {
  it('groups as merging the closest pair again and again does', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        (n, stream, threshold) => {
          const s = new Float32Array(n * n);
          for (let i = 0; i < n; i++) {
            // Distinct values: of equal ones either may be merged first.
            for (let j = 0; j < i; j++)
              s[i * n + j] = s[j * n + i] = stream.next().value! * 0.9 + (i * n + j) * 1e-3;
          }
          const groups = [...cut(averageLinkage(s, n), n, threshold)];
          const expected = naive(s, n, threshold);
          expect(groups.map((g) => groups.indexOf(g))).toEqual(expected.map((g) => expected.indexOf(g)));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('adjusted Rand index', () => {
  it('is 1 for equal groupings, 0 where all is one group, and 2/17 in an example worked by hand', () => {
    expect(adjustedRand([[0, 0, 1, 1, 2].map((x) => [x, 5 - x] as const)])).toBe(1);
    expect(adjustedRand([[0, 0, 1, 1].map((x) => [x, 0] as const)])).toBe(0);
    // 2 pairs are together in both; 4 and 6 in either, of 15, so 1.6 are expected: (2 − 1.6) / (5 − 1.6)
    const [a, b] = [
      [0, 0, 1, 1, 1, 2],
      [0, 0, 0, 1, 1, 1],
    ] as const;
    expect(adjustedRand([a.map((x, i) => [x, b[i]!] as const)])).toBeCloseTo(2 / 17, 12);
  });
});

describe('tokens', () => {
  it('are told apart by what they look like', () => {
    const kinds = [' Mary', ' the', '17', ' (', '",', '"', '\n', ' lamp', 'ing', '  ', '.'].map(tokenKind);
    expect(kinds).toEqual([
      'capitalised word', 'function word', 'number', 'bracket', 'punctuation', 'quote', 'newline', 'word',
      'piece of a word', 'white space', 'punctuation',
    ]); // oxfmt-ignore
  });

  it('are classed by slot and role where Storyworld gives them', () => {
    expect(tokenClass(' Mary', { slot: 'name', role: 'S2' })).toBe('name S2');
    expect(tokenClass(' the', { slot: 'word' })).toBe('function word');
    expect(tokenClass(' the', {})).toBe('function word');
    expect(labelValues({ slot: 'name', quoteDepth: 0, index: 3, repeatOf: 17 })).toEqual([
      'slot = name',
      'repeatOf = yes',
    ]);
  });

  it('lie in bins of doubling distance, the first row in one of its own', () => {
    const at = (distance: number): string => DISTANCES[distanceBin(500, 500 - distance)]!;
    expect([0, 1, 2, 3, 4, 5, 8, 9, 128, 129, 499, 500].map(at)).toEqual([
      '0', '1', '2', '3–4', '3–4', '5–8', '5–8', '9–16', '65–128', '129 and more', '129 and more',
      'beginning of the text',
    ]); // oxfmt-ignore
  });

  it('have successors', () => {
    expect([' Sunday', '09', '99', ' Mary', 'december', 'two'].map(successorOf)).toEqual([
      'monday', '10', '100', undefined, 'january', 'three',
    ]); // oxfmt-ignore
  });
});

describe('share of polysemantic heads', () => {
  it('comes with the quantiles of what the resamples say, heads without ablations left out', () => {
    const resampled = (rate: number): boolean[] => Array.from({ length: 200 }, (_, b) => b < rate * 200);
    const heads = [
      { polysemantic: true, resampled: resampled(1) },
      { polysemantic: false, resampled: resampled(0.5) },
      { polysemantic: 'unknown' as const, resampled: [] },
    ];
    expect(polysemanticShare(heads)).toEqual({ heads: 2, polysemantic: 1, share: 0.5, low: 0.5, high: 1 });
    expect(polysemanticShare([]).heads).toBe(0);
  });
});
