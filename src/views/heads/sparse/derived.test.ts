import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SparsifiedText } from '../../../engine/protocol.ts';
import { lossChange, lossesOf, queryRows } from './derived.ts';
import { AHEAD, KEPT, LEFT_OUT, maskPicture, OUTLINED, paintPicture } from './mask-picture.ts';
import { strongest } from './LossChange.tsx';

const sparse: SparsifiedText = {
  rows: 3,
  blockSize: 16,
  ceDense: 2,
  ceSparse: 2.5,
  loss: Float32Array.of(NaN, 1, 3),
  lossSparse: Float32Array.of(NaN, 2.5, 2.5),
  kl: Float32Array.of(9, 0.2, 0.4),
  visited: 0.75,
  heads: [
    { layer: 0, head: 1, pattern: 'a', visited: 0.5, kept: 0.5, recall: 0.5, kl: 1, blindRows: 2 },
    { layer: 0, head: 2, pattern: 'a', visited: 0.5, kept: 0.5, recall: 1, kl: 0, blindRows: 1 },
  ],
  masks: [],
};

test('figures of a text leave row 0 out', () => {
  const { rise, kl, recall, blindRows } = lossesOf(sparse);
  expect([rise, recall, blindRows]).toEqual([0.5, 0.75, 3]);
  expect(kl).toBeCloseTo(0.3, 6);
  expect([...lossChange(sparse)]).toEqual([NaN, 1.5, -0.5]);
  expect(lossesOf({ ...sparse, heads: [], kl: Float32Array.of(0) })).toMatchObject({ kl: NaN, recall: NaN });
});

test('the largest changes either way come first, equal ones in order, and the first row never', () => {
  expect(strongest(Float32Array.of(NaN, 0.5, -2, 0, 2, 0.1), 3)).toEqual([2, 4, 1]);
});

const anyMask = fc
  .record({
    rows: fc.integer({ min: 1, max: 24 }),
    seed: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
  })
  .map(({ rows, seed }) => {
    const next = (): number => seed.next().value as number;
    const mask = Uint8Array.from({ length: rows * rows }, () => (next() > 0.5 ? 1 : 0));
    const dense = Float32Array.from({ length: rows * rows }, next);
    return { rows, found: { layer: 0, head: 0, mask, dense } };
  });

test('what a query keeps and what it loses are its row up to the diagonal', () => {
  fc.assert(
    fc.property(anyMask, ({ rows, found }) => {
      queryRows(found, rows).forEach(({ keys, kept, lost, missed, missedMass }, t) => {
        const row = Array.from(found.dense.subarray(t * rows, t * rows + t + 1));
        const seen = Array.from(found.mask.subarray(t * rows, t * rows + t + 1));
        expect(keys).toBe(seen.filter(Boolean).length);
        expect(kept + lost).toBeCloseTo(
          row.reduce((sum, a) => sum + a, 0),
          6,
        );
        const out = row.filter((_, s) => !seen[s]);
        expect(missedMass).toBe(Math.max(0, ...out));
        if (missed >= 0) expect([seen[missed], row[missed]]).toEqual([0, missedMass]);
      });
    }),
    { numRuns: 50 },
  );
});

test('a picture with a cell a pair is the mask over the pattern', () => {
  fc.assert(
    fc.property(anyMask, ({ rows, found }) => {
      const { size, kinds, mass } = maskPicture(found, rows, 1000);
      expect(size).toBe(rows);
      for (let t = 0; t < rows; t++) {
        for (let s = 0; s < rows; s++) {
          const at = t * rows + s;
          expect(kinds[at]).toBe(s > t ? AHEAD : found.mask[at] ? KEPT : LEFT_OUT);
          expect(mass[at]).toBe(s > t ? 0 : found.dense[at]);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('a smaller picture loses no strong pair, whichever way it fell', () => {
  fc.assert(
    fc.property(anyMask, fc.integer({ min: 1, max: 12 }), ({ rows, found }, size) => {
      const picture = maskPicture(found, rows, size);
      const pairs = Array.from({ length: rows }, (_, t) =>
        Array.from({ length: t + 1 }, (__, s) => t * rows + s),
      ).flat();
      const best = Math.max(...pairs.map((pair) => found.dense[pair]!));
      const kinds = pairs
        .filter((pair) => found.dense[pair] === best)
        .map((pair) => (found.mask[pair] ? KEPT : LEFT_OUT));
      const cells = Array.from(picture.mass.keys()).filter(
        (at) => picture.kinds[at] !== AHEAD && picture.mass[at] === best,
      );
      expect(cells.length).toBeGreaterThan(0);
      for (const at of cells) expect(kinds).toContain(picture.kinds[at]);
    }),
    { numRuns: 50 },
  );
});

test('colours tell kept, left out and lost attention apart', () => {
  const ramp = (base: number) =>
    Uint8ClampedArray.from({ length: 65 * 3 }, (_, i) => base + Math.floor(i / 3));
  const colours = {
    kept: ramp(0),
    lost: ramp(100),
    ahead: Uint8ClampedArray.of(200, 200, 200),
    leftOut: Uint8ClampedArray.of(210, 210, 210),
  };
  const picture = {
    size: 2,
    kinds: Uint8Array.of(KEPT, AHEAD, LEFT_OUT, LEFT_OUT),
    mass: Float32Array.of(1, 0, OUTLINED / 2, 1),
  };
  const red = (fill: boolean) => [...paintPicture(picture, colours, fill)].filter((_, i) => i % 4 === 0);
  expect(red(true)).toEqual([64, 200, 210, 164]);
  // Outlined by the caller instead of filled.
  expect(red(false)).toEqual([64, 200, 210, 210]);
});
