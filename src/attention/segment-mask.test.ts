import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isVisible } from '../gpu/block-mask.ts';
import { checkSegments, longestSegment, maskOfSegments, segmentPositions } from './segment-mask.ts';

const lengths = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 9 });

function segmentsOf(given: readonly number[]): { starts: Uint32Array<ArrayBuffer>; rows: number } {
  let rows = 0;
  const starts = Uint32Array.from(given, (length) => {
    rows += length;
    return rows - length;
  });
  return { starts, rows };
}

test('a query sees its own sequence up to itself, as far as its window goes, and no block twice', () => {
  fc.assert(
    fc.property(
      lengths,
      fc.integer({ min: 1, max: 32 }),
      fc.integer({ min: 0, max: 40 }),
      (given, blockSize, window) => {
        const segments = segmentsOf(given);
        const mask = maskOfSegments(segments, blockSize, window);
        const nQueryBlocks = Math.ceil(segments.rows / blockSize);
        expect(mask.offsets).toHaveLength(nQueryBlocks + 1);
        const owner = given.flatMap((length, i) => Array<number>(length).fill(i));
        for (let t = 0; t < segments.rows; t++)
          for (let s = 0; s < segments.rows; s++) {
            const sees = owner[s] === owner[t] && s <= t && (window === 0 || t - s < window);
            if (isVisible(mask, { head: 0, queryRow: t, nQueryBlocks, t, s }) !== sees)
              throw new Error(`${t} → ${s} of [${given.join()}], blocks of ${blockSize}, window ${window}`);
          }
        for (let row = 0; row < nQueryBlocks; row++) {
          const blocks = [...mask.entries.subarray(mask.offsets[row], mask.offsets[row + 1])].map(
            (entry) => (entry << 1) >>> 1,
          );
          expect(blocks).toEqual([...new Set(blocks)].sort((a, b) => a - b));
        }
      },
    ),
    { numRuns: 25 },
  );
});

test('sequences on the edges of blocks visit no block of another', () => {
  const mask = maskOfSegments(segmentsOf([16, 16, 32]), 16, 0);
  expect([...mask.offsets]).toEqual([0, 1, 2, 3, 5]);
});

test('positions, the longest, and sequences that do not share out the rows', () => {
  const segments = segmentsOf([2, 1, 3]);
  expect([...segmentPositions(segments)]).toEqual([0, 1, 0, 0, 1, 2]);
  expect(longestSegment(segments)).toBe(3);
  expect(() => checkSegments(segments)).not.toThrow();
  for (const starts of [[], [1], [0, 0], [0, 3, 2], [0, 6]])
    expect(() => checkSegments({ starts: Uint32Array.from(starts), rows: 6 })).toThrow(/share out/);
});
