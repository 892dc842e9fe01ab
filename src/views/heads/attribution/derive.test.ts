import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AttributionRecord } from '../../../engine/protocol.ts';
import {
  additivity,
  foldRows,
  headLines,
  largestAt,
  largestFirst,
  signed,
  sourceSums,
  writers,
} from './derive.ts';

const feature: AttributionRecord = {
  kind: 'feature',
  layer: 1,
  row: 2,
  value: 3.25,
  heads: {
    byHead: Float32Array.from([2, 1]),
    bySource: Float32Array.from([0.5, -0.5, 3]),
    matrix: Float32Array.from([0.5, -1, 2.5, 0, 0.5, 0.5]),
  },
  residue: [{ what: 'rounding', value: 0.125 }],
};
const residual: AttributionRecord = {
  kind: 'residual',
  layer: 1,
  row: 2,
  value: 2,
  components: [
    { kind: 'embed', what: 'embedding', value: 1 },
    {
      kind: 'head',
      layer: 0,
      head: 0,
      what: 'head 0.0',
      value: 0.75,
      bySource: Float32Array.from([0.25, 0.5, 0]),
    },
    {
      kind: 'head',
      layer: 0,
      head: 1,
      what: 'head 0.1',
      value: -0.5,
      bySource: Float32Array.from([0, -0.5, 0]),
    },
    { kind: 'mlp', layer: 0, what: 'MLP 0', value: 0.5 },
    { kind: 'bias', layer: 0, what: 'b_O 0', value: 0.25 },
    { kind: 'bias', layer: 1, what: 'b_O 1', value: -0.125 },
  ],
  residue: [{ what: 'b_V', value: 0.125 }],
};

test('parts, residue and what is missing add up to the value', () => {
  expect(additivity(feature)).toEqual({ value: 3.25, parts: 3, residue: 0.125, gap: 0.125 });
  expect(additivity(residual)).toEqual({ value: 2, parts: 1.875, residue: 0.125, gap: 0 });
});

test('lines of a matrix are the heads of the layer, or those before it', () => {
  const lines = headLines(feature);
  expect(lines.map(({ layer, head, value }) => [layer, head, value])).toEqual([
    [1, 0, 2],
    [1, 1, 1],
  ]);
  expect([...lines[1]!.bySource]).toEqual([0, 0.5, 0.5]);
  expect([...sourceSums(lines, 3)]).toEqual([...feature.heads!.bySource]);
  expect(headLines(residual).map(({ layer, head }) => [layer, head])).toEqual([
    [0, 0],
    [0, 1],
  ]);
});

test('writers of the residual stream keep its sum, heads of a layer and biases together', () => {
  expect(writers(residual)).toEqual([
    { key: 'embed ', what: 'embedding', value: 1 },
    { key: 'heads 0', what: 'heads of layer 0', value: 0.25 },
    { key: 'mlp 0', what: 'MLP 0', value: 0.5 },
    { key: 'bias', what: 'biases', value: 0.125 },
    { key: 'residue 0', what: 'residue: b_V', value: 0.125 },
  ]);
});

test('folding hides rows but never a part of the sum', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 70 }),
      (numbers, keep) => {
        const values = Float32Array.from(numbers);
        const stretches = foldRows(values, values.length - 1, keep);
        const shown = stretches.flatMap((stretch) => ('row' in stretch ? [stretch.row] : []));
        expect(shown).toHaveLength(Math.min(keep, values.length));
        expect(shown).toEqual(shown.toSorted((a, b) => a - b));
        const least = Math.min(...shown.map((row) => Math.abs(values[row]!)));
        const total = stretches.reduce(
          (all, stretch) => all + ('row' in stretch ? values[stretch.row]! : stretch.value),
          0,
        );
        expect(total).toBe(numbers.reduce((all, value) => all + value, 0));
        const hidden = stretches.reduce((all, stretch) => all + ('row' in stretch ? 0 : stretch.skipped), 0);
        expect(hidden).toBe(values.length - shown.length);
        numbers.forEach((value, row) => {
          if (!shown.includes(row)) expect(Math.abs(value)).toBeLessThanOrEqual(least);
        });
      },
    ),
  );
  expect(largestFirst([{ value: 1 }, { value: -3 }, { value: 2 }], 1)).toEqual({
    shown: [{ value: -3 }],
    others: { count: 2, value: 3 },
  });
  expect(largestAt([1, -4, 4])).toBe(1);
});

test('signs are always said', () => {
  expect([0.1234, -2, 0, 0.00001].map(signed)).toEqual(['+0.123', '−2.00', '0', '+1.0e−5']);
});
