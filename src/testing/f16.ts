import { float16ToNumber, numberToFloat16 } from '../shared/dtype.ts';

/** Packs values to f16 bits, and what those bits mean: references compute from the rounded values. */
export function roundToFloat16(values: Float32Array): {
  bits: Uint16Array<ArrayBuffer>;
  rounded: Float32Array<ArrayBuffer>;
} {
  const bits = Uint16Array.from(values, numberToFloat16);
  return { bits, rounded: Float32Array.from(bits, float16ToNumber) };
}
