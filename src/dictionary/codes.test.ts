import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PADDING, toPaddedCodes, toSparseCodes } from './codes.ts';

describe('sparse codes', () => {
  test('padding is dropped and rows are found by their offsets', () => {
    const indices = Uint32Array.of(7, 3, PADDING, PADDING, PADDING, PADDING, 1, 2, 9);
    const values = Float32Array.of(5, 4, 0, 0, 0, 0, 3, 2, 1);
    const codes = toSparseCodes(indices, values, 3);
    expect([...codes.offsets]).toEqual([0, 2, 2, 5]);
    expect([...codes.indices]).toEqual([7, 3, 1, 2, 9]);
    expect([...codes.values]).toEqual([5, 4, 3, 2, 1]);
  });

  test('no features, and no rows', () => {
    expect([...toSparseCodes(new Uint32Array(), new Float32Array(), 4).offsets]).toEqual([0, 0, 0, 0, 0]);
    expect([...toSparseCodes(new Uint32Array(), new Float32Array(), 0).offsets]).toEqual([0]);
  });

  test('uneven arrays are refused', () => {
    expect(() => toSparseCodes(new Uint32Array(5), new Float32Array(5), 2)).toThrow(RangeError);
    expect(() => toSparseCodes(new Uint32Array(4), new Float32Array(5), 2)).toThrow(RangeError);
    expect(() => toSparseCodes(new Uint32Array(4), new Float32Array(4), 0)).toThrow(RangeError);
  });

  test('padding and dropping it give back what went in', () => {
    const row = fc.uniqueArray(fc.nat(100_000), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 8 }), fc.integer({ min: 6, max: 9 }), (rows, k) => {
        let total = 0;
        const offsets = Uint32Array.from([0, ...rows.map(({ length }) => (total += length))]);
        const values = Float32Array.from({ length: total }, (_, i) => total - i + 0.5);
        const codes = { offsets, indices: Uint32Array.from(rows.flat()), values };
        const padded = toPaddedCodes(codes, k);
        expect(padded.indices.length).toBe(rows.length * k);
        expect(toSparseCodes(padded.indices, padded.values, rows.length)).toEqual(codes);
      }),
    );
  });

  test('too narrow a padding is refused', () => {
    const codes = {
      offsets: Uint32Array.of(0, 2),
      indices: Uint32Array.of(1, 2),
      values: Float32Array.of(1, 1),
    };
    expect(() => toPaddedCodes(codes, 1)).toThrow('token 0 has 2 features');
  });
});

describe('order', () => {
  test('rows an encoder did not rank are sorted: strongest first, equal ones by number', () => {
    const indices = Uint32Array.of(4, PADDING, 2, 9, 7, 1, 3, PADDING, PADDING, 0);
    const values = Float32Array.of(1, 0, 3, 3, 1, 2, 2, 0, 0, 5);
    const codes = toSparseCodes(indices, values, 2);
    expect([...codes.indices]).toEqual([2, 9, 4, 7, 0, 1, 3]);
    expect([...codes.values]).toEqual([3, 3, 1, 1, 5, 2, 2]);
    expect([...codes.offsets]).toEqual([0, 4, 7]);
  });
});
