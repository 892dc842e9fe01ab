import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Life, planBuffers } from './plan.ts';

/** Bytes needed at the same time, at most. */
function needed(lives: readonly Life[]): number {
  const moments = lives.map(({ first }) => first);
  const at = (moment: number): number =>
    lives.reduce((sum, { bytes, first, last }) => sum + (first <= moment && moment <= last ? bytes : 0), 0);
  return Math.max(0, ...moments.map(at));
}

const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);

const anyLife = fc
  .record({
    bytes: fc.integer({ min: 4, max: 1000 }),
    first: fc.nat(60),
    length: fc.nat(20),
    kept: fc.boolean(),
  })
  .map(({ bytes, first, length, kept }): Life => ({ bytes, first, last: kept ? Infinity : first + length }));

test('no two tensors that are needed at the same time share a buffer, and each fits', () => {
  fc.assert(
    fc.property(fc.array(anyLife, { maxLength: 60 }), (lives) => {
      const { places, sizes } = planBuffers(lives);
      lives.forEach((a, i) => {
        expect(sizes[places[i]!]).toBeGreaterThanOrEqual(a.bytes);
        lives.forEach((b, j) => {
          if (i < j && a.first <= b.last && b.first <= a.last) expect(places[i]).not.toBe(places[j]);
        });
      });
      expect(total(sizes)).toBeGreaterThanOrEqual(needed(lives));
      expect(total(sizes)).toBeLessThanOrEqual(total(lives.map(({ bytes }) => bytes)));
    }),
  );
});

test('tensors of one size take as many buffers as are needed at once', () => {
  fc.assert(
    fc.property(fc.array(anyLife, { maxLength: 60 }), (lives) => {
      const alike = lives.map((life) => ({ ...life, bytes: 64 }));
      expect(total(planBuffers(alike).sizes)).toBe(needed(alike));
    }),
  );
});

test('a chain of layers takes what its widest moment needs', () => {
  const lives: Life[] = [];
  for (let layer = 0; layer < 12; layer++) {
    const at = layer * 4;
    lives.push({ bytes: 100, first: at, last: at + 4 });
    lives.push({ bytes: 300, first: at + 1, last: at + 2 });
    lives.push({ bytes: 100, first: at + 2, last: at + 3 });
    lives.push({ bytes: 400, first: at + 3, last: at + 4 });
  }
  expect(total(planBuffers(lives).sizes)).toBeLessThanOrEqual(1.1 * needed(lives));
});
