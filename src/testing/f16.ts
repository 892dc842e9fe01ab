import { float16ToNumber, numberToFloat16 } from '../shared/dtype.ts';

/** Drops the low halves of f32 values: bf16 bits, and what those bits mean. */
export function truncateToBfloat16(values: Float32Array): {
  bits: Uint16Array<ArrayBuffer>;
  rounded: Float32Array<ArrayBuffer>;
} {
  const words = new Uint32Array(values.slice().buffer);
  return {
    bits: Uint16Array.from(words, (word) => word >>> 16),
    rounded: new Float32Array(words.map((word) => (word & 0xffff0000) >>> 0).buffer),
  };
}

/** Packs values to f16 bits, and what those bits mean: references compute from the rounded values. */
export function roundToFloat16(values: Float32Array): {
  bits: Uint16Array<ArrayBuffer>;
  rounded: Float32Array<ArrayBuffer>;
} {
  const bits = Uint16Array.from(values, numberToFloat16);
  return { bits, rounded: Float32Array.from(bits, float16ToNumber) };
}
