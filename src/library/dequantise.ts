import { float16ToNumber } from '../shared/dtype.ts';

/**
 * A ggml block type: so many values, packed in so many bytes, with their scales. `decode` writes the values of the block
 * that begins at `bytes[at]` to `out[to]` and on. Every product is exact in a double and rounded once on the way into
 * `out`, so the values are those of the reference to the bit.
 * @source gguf-py `quants.py` and llama.cpp `ggml-quants.c` (dequantize_row_*); layouts in `ggml-common.h`
 */
export interface BlockType {
  readonly values: number;
  readonly bytes: number;
  decode(bytes: Uint8Array, at: number, out: Float32Array, to: number): void;
}

type Decode = BlockType['decode'];

/** Every half as a number: a block has one or two, and computing them took longer than unpacking its values. */
let halves: Float32Array | undefined;

function half(bytes: Uint8Array, at: number): number {
  halves ??= Float32Array.from({ length: 0x10000 }, (_, bits) => float16ToNumber(bits));
  return halves[bytes[at]! | (bytes[at + 1]! << 8)]!;
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}

/** d, then signed bytes. */
const decodeQ8_0: Decode = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) out[to + i] = d * signed(bytes[at + 2 + i]!);
};

/** d, then nibbles: low ones are values 0 to 15, high ones 16 to 31. */
const decodeQ4_0: Decode = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 2 + i]!;
    out[to + i] = d * ((pair & 15) - 8);
    out[to + 16 + i] = d * ((pair >> 4) - 8);
  }
};

/** d, minimum, nibbles. */
const decodeQ4_1: Decode = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const min = half(bytes, at + 2);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 4 + i]!;
    out[to + i] = d * (pair & 15) + min;
    out[to + 16 + i] = d * (pair >> 4) + min;
  }
};

/** Fifth bits of the 32 values from `at`, nibbles 4 bytes on: calls `put(index, 0…31)`. */
function fiveBits(bytes: Uint8Array, at: number, put: (i: number, q: number) => void): void {
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 4 + i]!;
    put(i, (pair & 15) | (((bytes[at + (i >> 3)]! >> (i & 7)) & 1) << 4));
    put(i + 16, (pair >> 4) | (((bytes[at + 2 + (i >> 3)]! >> (i & 7)) & 1) << 4));
  }
}

const decodeQ5_0: Decode = (bytes, at, out, to) => {
  const d = half(bytes, at);
  fiveBits(bytes, at + 2, (i, q) => {
    out[to + i] = d * (q - 16);
  });
};

const decodeQ5_1: Decode = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const min = half(bytes, at + 2);
  fiveBits(bytes, at + 4, (i, q) => {
    out[to + i] = d * q + min;
  });
};

const NON_LINEAR = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

const decodeIQ4_NL: Decode = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 2 + i]!;
    out[to + i] = d * NON_LINEAR[pair & 15]!;
    out[to + 16 + i] = d * NON_LINEAR[pair >> 4]!;
  }
};

/** 16 bytes of scale | minimum nibbles, 64 of two-bit values, d, dmin. */
const decodeQ2_K: Decode = (bytes, at, out, to) => {
  const d = half(bytes, at + 80);
  const dmin = half(bytes, at + 82);
  for (let i = 0; i < 256; i++) {
    const scale = bytes[at + (i >> 4)]!;
    const q = (bytes[at + 16 + (i >> 7) * 32 + (i & 31)]! >> (((i >> 5) & 3) * 2)) & 3;
    out[to + i] = d * (scale & 15) * q - dmin * (scale >> 4);
  }
};

/** 32 bytes of third bits, 64 of two-bit values, 12 of six-bit scales, d. */
const decodeQ3_K: Decode = (bytes, at, out, to) => {
  const d = half(bytes, at + 108);
  for (let i = 0; i < 256; i++) {
    const group = i >> 4;
    const low = (bytes[at + 96 + (group & 7)]! >> ((group >> 3) << 2)) & 15;
    const high = (bytes[at + 104 + (group & 3)]! >> ((group >> 2) * 2)) & 3;
    const scale = (low | (high << 4)) - 32;
    const q = (bytes[at + 32 + (i >> 7) * 32 + (i & 31)]! >> (((i >> 5) & 3) * 2)) & 3;
    const third = (bytes[at + (i & 31)]! >> (i >> 5)) & 1;
    out[to + i] = d * scale * (q - (third ? 0 : 4));
  }
};

/** Six-bit scale and minimum of group 0…7 out of the 12 bytes from `at`, as scale | minimum << 8. */
function scaleAndMin(bytes: Uint8Array, at: number, group: number): number {
  if (group < 4) return (bytes[at + group]! & 63) | ((bytes[at + 4 + group]! & 63) << 8);
  const both = bytes[at + 4 + group]!;
  const scale = (both & 15) | ((bytes[at + group - 4]! >> 6) << 4);
  return scale | (((both >> 4) | ((bytes[at + group]! >> 6) << 4)) << 8);
}

/** d, dmin, 12 bytes of scales and minima, then 32 bytes a pair of groups of 32: low nibbles first. */
const decodeQ4_K: Decode = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const dmin = half(bytes, at + 2);
  for (let group = 0; group < 8; group++) {
    const both = scaleAndMin(bytes, at + 4, group);
    const scale = d * (both & 255);
    const min = dmin * (both >> 8);
    const from = at + 16 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let i = 0; i < 32; i++) out[to + group * 32 + i] = scale * ((bytes[from + i]! >> shift) & 15) - min;
  }
};

/** As Q4_K with 32 bytes of fifth bits, one bit a group, before the nibbles. */
const decodeQ5_K: Decode = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const dmin = half(bytes, at + 2);
  for (let group = 0; group < 8; group++) {
    const both = scaleAndMin(bytes, at + 4, group);
    const scale = d * (both & 255);
    const min = dmin * (both >> 8);
    const from = at + 48 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let i = 0; i < 32; i++) {
      const q = ((bytes[from + i]! >> shift) & 15) | (((bytes[at + 16 + i]! >> group) & 1) << 4);
      out[to + group * 32 + i] = scale * q - min;
    }
  }
};

/** 128 bytes of low nibbles, 64 of upper two bits, 16 signed scales, d. */
const decodeQ6_K: Decode = (bytes, at, out, to) => {
  const d = half(bytes, at + 208);
  for (let i = 0; i < 256; i++) {
    const inHalf = i & 127;
    const low = (bytes[at + (i >> 7) * 64 + (inHalf & 63)]! >> ((inHalf >> 6) * 4)) & 15;
    const high = (bytes[at + 128 + (i >> 7) * 32 + (i & 31)]! >> ((inHalf >> 5) * 2)) & 3;
    out[to + i] = d * signed(bytes[at + 192 + (i >> 4)]!) * ((low | (high << 4)) - 32);
  }
};

/** The block types that are read, by ggml's name. */
export const BLOCK_TYPES = {
  Q4_0: { values: 32, bytes: 18, decode: decodeQ4_0 },
  Q4_1: { values: 32, bytes: 20, decode: decodeQ4_1 },
  Q5_0: { values: 32, bytes: 22, decode: decodeQ5_0 },
  Q5_1: { values: 32, bytes: 24, decode: decodeQ5_1 },
  Q8_0: { values: 32, bytes: 34, decode: decodeQ8_0 },
  IQ4_NL: { values: 32, bytes: 18, decode: decodeIQ4_NL },
  Q2_K: { values: 256, bytes: 84, decode: decodeQ2_K },
  Q3_K: { values: 256, bytes: 110, decode: decodeQ3_K },
  Q4_K: { values: 256, bytes: 144, decode: decodeQ4_K },
  Q5_K: { values: 256, bytes: 176, decode: decodeQ5_K },
  Q6_K: { values: 256, bytes: 210, decode: decodeQ6_K },
} as const satisfies Record<string, BlockType>;

export type BlockTypeName = keyof typeof BLOCK_TYPES;

/** Values of whole blocks that lie one after another. @param bytes a multiple of the type's block size */
export function dequantise(type: BlockType, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const blocks = bytes.length / type.bytes;
  const out = new Float32Array(blocks * type.values);
  for (let block = 0; block < blocks; block++)
    type.decode(bytes, block * type.bytes, out, block * type.values);
  return out;
}
