import { expect, test } from 'vitest';
import { float16ToNumber, numberToFloat16, roundToFloat16Bits, toFloat16Bits, toFloat32 } from './dtype.ts';

test('every finite half survives widening and narrowing', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = float16ToNumber(bits);
    if (Number.isNaN(value)) expect(numberToFloat16(value) & 0x7c00).toBe(0x7c00);
    else expect(numberToFloat16(value)).toBe(bits);
  }
});

test('known halves', () => {
  expect(float16ToNumber(0x3c00)).toBe(1);
  expect(float16ToNumber(0xc000)).toBe(-2);
  expect(float16ToNumber(0x7bff)).toBe(65504);
  expect(float16ToNumber(0x0001)).toBe(2 ** -24);
  expect(float16ToNumber(0x7c00)).toBe(Infinity);
});

test('rounding is to nearest, ties to even', () => {
  expect(numberToFloat16(1 + 2 ** -11)).toBe(0x3c00);
  expect(numberToFloat16(1 + 3 * 2 ** -11)).toBe(0x3c02);
  expect(numberToFloat16(1 + 2 ** -11 + 2 ** -20)).toBe(0x3c01);
  expect(numberToFloat16(2 ** -25)).toBe(0);
  expect(numberToFloat16(2 ** -25 * 1.5)).toBe(1);
  expect(numberToFloat16(65519)).toBe(0x7bff);
  expect(numberToFloat16(65520)).toBe(0x7c00);
  expect(numberToFloat16(-0)).toBe(0x8000);
});

test('files are widened whatever their alignment', () => {
  const file = new Uint8Array(9);
  new DataView(file.buffer).setFloat32(1, -1.5, true);
  new DataView(file.buffer).setUint16(5, 0x3fc0, true);
  new DataView(file.buffer).setUint16(7, 0x3c00, true);
  expect([...toFloat32(file.subarray(1, 5), 'F32')]).toEqual([-1.5]);
  expect([...toFloat32(file.subarray(5, 7), 'BF16')]).toEqual([1.5]);
  expect([...toFloat32(file.subarray(7, 9), 'F16')]).toEqual([1]);
  expect([...toFloat16Bits(file.subarray(7, 9), 'F16')]).toEqual([0x3c00]);
  expect(() => toFloat32(file.subarray(0, 8), 'I64')).toThrow('I64');
});

test('whole tensors round to the nearest half, ties to even, at every step of the range', () => {
  const values: number[] = [];
  for (let bits = 0; bits < 0x7bff; bits++) {
    const [low, high] = [float16ToNumber(bits), float16ToNumber(bits + 1)];
    for (const share of [0, 0.25, 0.5, 0.75])
      values.push(low + share * (high - low), -(low + share * (high - low)));
  }
  const { bits } = roundToFloat16Bits(new Uint8Array(Float32Array.from(values).buffer), 'F32');
  expect(bits.every((half, i) => half === numberToFloat16(values[i]!))).toBe(true);
});

test('whole tensors round as single values do, and what halves cannot hold is noticed', () => {
  const values = Float32Array.of(1 + 2 ** -11 + 2 ** -20, -0, 2 ** -25 * 1.5, 65_503, -1e-30);
  const bytes = new Uint8Array(values.slice().buffer);
  expect(roundToFloat16Bits(bytes, 'F32')).toEqual({
    bits: Uint16Array.from(values, numberToFloat16),
    fits: false,
  });
  expect(roundToFloat16Bits(bytes.subarray(0, 12), 'F32').fits).toBe(true);
  for (const large of [65_504, -70_000, Infinity, NaN])
    expect(roundToFloat16Bits(new Uint8Array(Float32Array.of(large).buffer), 'F32').fits).toBe(false);
  const halves = new Uint8Array(Uint16Array.of(0x3c01, 0x8001).buffer);
  expect(roundToFloat16Bits(halves, 'F16')).toEqual({ bits: Uint16Array.of(0x3c01, 0x8001), fits: true });
  const bfloats = new Uint8Array(Uint16Array.of(0x3fc0, 0xc2f7).buffer);
  expect(Array.from(roundToFloat16Bits(bfloats, 'BF16').bits, float16ToNumber)).toEqual([1.5, -123.5]);
});
