import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SparseCodes } from '../../dictionary/codes.ts';
import type { TokenSample } from '../scan/scan-state.ts';
import { coFiring, FiringTokens } from './co-firing.ts';
import { NONE } from './nearest-rows.ts';
import { rankFeatures } from './rank.ts';
import { findTogether } from './together.ts';

/** One row a token: pairs of a feature and its value. */
type Row = readonly (readonly [feature: number, value: number])[];

function codesOf(rows: readonly Row[]): SparseCodes {
  const offsets = new Uint32Array(rows.length + 1);
  rows.forEach((row, i) => (offsets[i + 1] = offsets[i]! + row.length));
  const flat = rows.flat();
  return {
    offsets,
    indices: Uint32Array.from(flat, ([feature]) => feature),
    values: Float32Array.from(flat, ([, value]) => value),
  };
}

const sampleOf = (rows: readonly { item: number; token: number; row: Row }[]): TokenSample => ({
  rows: rows.length,
  item: Uint32Array.from(rows, ({ item }) => item),
  token: Uint32Array.from(rows, ({ token }) => token),
  ...codesOf(rows.map(({ row }) => row)),
});

const rowOf = (features: number) =>
  fc
    .uniqueArray(fc.nat(features - 1), { maxLength: 4 })
    .chain((found) =>
      fc.tuple(...found.map((feature) => fc.tuple(fc.constant(feature), fc.integer({ min: 1, max: 9 })))),
    );

test('features of a text are ranked by what is asked for, equal ones by number', () => {
  const text = { codes: codesOf([[[4, 2]], [], [[4, 1], [1, 3]], [[7, 3]]]), counted: 4 }; // oxfmt-ignore
  const against = { codes: codesOf([[[7, 8], [9, 1]]]), counted: 1 }; // oxfmt-ignore
  const order = (...asked: Parameters<typeof rankFeatures>): number[][] =>
    rankFeatures(...asked).map(({ feature, score }) => [feature, score]);
  expect(order(text, undefined, { rank: 'total' })).toEqual([[1, 3], [4, 3], [7, 3]]); // oxfmt-ignore
  expect(order(text, undefined, { rank: 'max' })).toEqual([[1, 3], [7, 3], [4, 2]]); // oxfmt-ignore
  expect(order(text, against, { rank: 'contrast' })).toEqual([[1, 0.75], [4, 0.75], [9, -1], [7, -7.25]]); // oxfmt-ignore
  const rates = new Float32Array(10).fill(0.5);
  rates[7] = 0.125;
  const specific = order(text, undefined, { rank: 'specificity', rates });
  expect(specific.map(([feature]) => feature)).toEqual([7, 1, 4]);
  expect(specific[0]![1]).toBeCloseTo(0.75 * Math.log(8), 6);
  expect(rankFeatures(text, against, { rank: 'total' }).find(({ feature }) => feature === 7)).toMatchObject({
    total: 3,
    max: 3,
    tokens: 1,
    againstTotal: 8,
    againstMax: 8,
    againstTokens: 1,
  });
});

test('tokens where all fire and none of others, against looking at each', () => {
  const rows = fc.array(fc.record({ item: fc.nat(3), token: fc.nat(50), row: rowOf(5) }), { maxLength: 30 });
  const features = fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(rows, features, features, (sampled, all, none) => {
      const found = findTogether(sampleOf(sampled), { within: 'token', all, none });
      const expected = sampled.filter(({ row }) => {
        const on = new Set(row.map(([feature]) => feature));
        return all.every((feature) => on.has(feature)) && !none.some((feature) => on.has(feature));
      });
      expect(found.looked).toBe(sampled.length);
      expect(found.places).toHaveLength(expected.length);
      const weakest = expected
        .map(({ row }) => Math.min(...all.map((feature) => row.find(([own]) => own === feature)![1])))
        .sort((a, b) => b - a);
      expect(found.places.map(({ value }) => value)).toEqual(weakest);
    }),
  );
});

test('texts where all fire somewhere, and none of others anywhere', () => {
  const sample = sampleOf([
    { item: 1, token: 3, row: [[0, 2]] },
    { item: 1, token: 9, row: [[0, 5], [1, 1]] },
    { item: 2, token: 0, row: [[0, 1], [1, 4]] },
    { item: 2, token: 5, row: [[2, 1]] },
    { item: 3, token: 1, row: [[0, 7]] },
    { item: 4, token: 2, row: [[1, 3]] },
    { item: 4, token: 4, row: [[0, 3]] },
  ]); // oxfmt-ignore
  const found = findTogether(sample, { within: 'text', all: [0, 1], none: [2] });
  expect(found.looked).toBe(4);
  expect(found.places).toEqual([
    { item: 4, token: 4, value: 3 },
    { item: 1, token: 9, value: 1 },
  ]);
});

test('latents that fire on the same tokens, against counting every pair', () => {
  const token = fc.record({ own: rowOf(6), other: rowOf(7) });
  fc.assert(
    fc.property(fc.array(fc.array(token, { maxLength: 6 }), { maxLength: 5 }), fc.nat(1), (texts, first) => {
      const [own, other] = [new FiringTokens(), new FiringTokens()];
      for (const text of texts) {
        own.add(codesOf(text.map((each) => each.own)), first);
        other.add(codesOf(text.map((each) => each.other)), first);
      }
      const tokens = texts.flatMap((text) => text.slice(first));
      const found = coFiring(own, other, 6, 7);
      expect(own.tokens).toBe(tokens.length);
      const on = (row: Row, feature: number): boolean => row.some(([index]) => index === feature);
      for (let f = 0; f < 6; f++) {
        let [best, partner, most] = [0, NONE, 0];
        for (let g = 0; g < 7; g++) {
          const both = tokens.filter((each) => on(each.own, f) && on(each.other, g)).length;
          const either = tokens.filter((each) => on(each.own, f) || on(each.other, g)).length;
          if (both > 0 && both / either > best) [best, partner, most] = [both / either, g, both];
        }
        expect(found.partner[f]).toBe(partner);
        expect(found.together[f]).toBe(most);
        expect(found.jaccard[f]).toBeCloseTo(best, 6);
        expect(found.count[f]).toBe(tokens.filter((each) => on(each.own, f)).length);
      }
    }),
  );
});
