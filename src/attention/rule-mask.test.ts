import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isVisible, PARTIAL } from '../gpu/block-mask.ts';
import { maskFromRule } from './rule-mask.ts';

test('a mask expanded to elements is the rule, and lists no block it does not need', () => {
  fc.assert(
    fc.property(
      fc.record({
        nQueries: fc.integer({ min: 1, max: 40 }),
        cached: fc.integer({ min: 0, max: 30 }),
        blockSize: fc.constantFrom(1, 4, 7, 16),
        window: fc.integer({ min: 0, max: 20 }),
        sinks: fc.integer({ min: 0, max: 6 }),
      }),
      ({ nQueries, cached, blockSize, window, sinks }) => {
        const nKeys = nQueries + cached;
        const shape = { nQueries, nKeys, queryOffset: cached, blockSize };
        const mask = maskFromRule(shape, { window, sinks });
        const nQueryBlocks = Math.ceil(nQueries / blockSize);
        const rule = (t: number, s: number) => s <= t && (window === 0 || t - s < window || s < sinks);
        const seen = new Set<string>();
        for (let row = 0; row < nQueries; row++) {
          const t = row + cached;
          for (let s = 0; s < nKeys; s++) {
            expect(isVisible(mask, { head: 1, queryRow: row, nQueryBlocks, t, s })).toBe(rule(t, s));
            if (rule(t, s)) seen.add(`${Math.floor(row / blockSize)} ${Math.floor(s / blockSize)}`);
          }
        }
        for (let block = 0; block < nQueryBlocks; block++) {
          for (let i = mask.offsets[block]!; i < mask.offsets[block + 1]!; i++) {
            expect(seen.has(`${block} ${(mask.entries[i]! & ~PARTIAL) >>> 0}`)).toBe(true);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('blocks below the diagonal are full, those on it partial', () => {
  const mask = maskFromRule({ nQueries: 8, nKeys: 8, queryOffset: 0, blockSize: 4 }, { window: 0, sinks: 0 });
  expect([...mask.entries]).toEqual([PARTIAL, 0, (1 | PARTIAL) >>> 0]);
});
