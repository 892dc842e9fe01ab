import { FacetError } from './errors.ts';
import type { FileDType } from './tensor-file.ts';

const scratch = new DataView(new ArrayBuffer(4));

/** Value of an IEEE 754 half given as 16 bits; exact, subnormals, infinities and NaN included. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Bits of the half nearest to `value`, ties to even; beyond 65,519.99 gives infinity. `value` is first rounded to f32. */
export function numberToFloat16(value: number): number {
  scratch.setFloat32(0, value);
  return float32BitsToFloat16(scratch.getUint32(0));
}

function float32BitsToFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 255) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  const shifted = exponent - 127 + 15;
  if (shifted >= 31) return sign | 0x7c00;
  if (shifted < -10) return sign;
  // Below the normal range the hidden bit joins the fraction and everything moves right.
  const mantissa = shifted <= 0 ? fraction | 0x800000 : fraction;
  const drop = shifted <= 0 ? 14 - shifted : 13;
  const kept = mantissa >>> drop;
  const rest = mantissa & ((1 << drop) - 1);
  const half = 1 << (drop - 1);
  const up = rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0;
  // A carry out of the fraction correctly raises the exponent.
  return sign | ((shifted <= 0 ? kept : (shifted << 10) | kept) + up);
}

/** What each of the 65,536 halves means: model weights come by the hundred million. */
let wideHalves: Float32Array | undefined;

/** Widens raw little-endian bytes to f32; exact for all three types. @throws FacetError `unsupported` for other types */
export function toFloat32(bytes: Uint8Array<ArrayBuffer>, dtype: FileDType): Float32Array<ArrayBuffer> {
  // Copies, because a tensor may begin at any byte of its file.
  const own = bytes.slice().buffer;
  if (dtype === 'F32') return new Float32Array(own);
  if (dtype === 'F16') {
    wideHalves ??= Float32Array.from({ length: 0x10000 }, (_, bits) => float16ToNumber(bits));
    const halves = new Uint16Array(own);
    const values = new Float32Array(halves.length);
    for (let i = 0; i < halves.length; i++) values[i] = wideHalves[halves[i]!]!;
    return values;
  }
  if (dtype === 'BF16') {
    const halves = new Uint16Array(own);
    const words = new Uint32Array(halves.length);
    for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
    return new Float32Array(words.buffer);
  }
  throw new FacetError('unsupported', `Tensors of type ${dtype} cannot be read as numbers yet.`, {
    hint: 'Supported are F32, F16 and BF16.',
  });
}

/** Raw f16 bits for packed storage. @throws FacetError `unsupported` unless the file holds F16 */
export function toFloat16Bits(bytes: Uint8Array<ArrayBuffer>, dtype: FileDType): Uint16Array<ArrayBuffer> {
  if (dtype !== 'F16')
    throw new FacetError('unsupported', `Only F16 tensors are stored packed, not ${dtype}.`);
  return new Uint16Array(bytes.slice().buffer);
}

/**
 * Rounds raw little-endian values to f16 bits; F16 stays as it is.
 * @returns `fits` false when one is not finite or 65,504 or more in size
 */
export function roundToFloat16Bits(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: FileDType,
): { bits: Uint16Array<ArrayBuffer>; fits: boolean } {
  const bits =
    dtype === 'F16' ? toFloat16Bits(bytes, dtype) : new Uint16Array(bytes.length / (dtype === 'F32' ? 4 : 2));
  if (dtype !== 'F16') {
    const words = new Uint32Array(toFloat32(bytes, dtype).buffer);
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      const exponent = (word >>> 23) & 0xff;
      if (exponent <= 112 || exponent >= 142) {
        bits[i] = float32BitsToFloat16(word);
        continue;
      }
      // What nearly all weights are, normal numbers in both types, in few steps: they come by the hundred million.
      const half = ((word >>> 16) & 0x8000) | ((exponent - 112) << 10) | ((word >>> 13) & 0x3ff);
      const rest = word & 0x1fff;
      bits[i] = rest > 0x1000 || (rest === 0x1000 && (half & 1) === 1) ? half + 1 : half;
    }
  }
  let fits = true;
  for (let i = 0; i < bits.length; i++) fits &&= (bits[i]! & 0x7fff) < 0x7bff;
  return { bits, fits };
}
