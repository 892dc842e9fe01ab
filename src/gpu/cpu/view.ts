import { type DType, isPacked, type WeightDType } from '../tensor.ts';

let halves: Float32Array | undefined;

/** Every f16 by its bits. */
function halfTable(): Float32Array {
  if (halves) return halves;
  const table = new Float32Array(65_536);
  for (let bits = 0; bits < 65_536; bits++) {
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Infinity
            : NaN
          : (1024 + fraction) * 2 ** (exponent - 25);
    table[bits] = bits >= 32_768 ? -size : size;
  }
  halves = table;
  return table;
}

/**
 * A tensor in the processor's memory. Its arrays are made when they are asked for, and are void once the memory has
 * grown: ask again after every allocation.
 */
export class View {
  constructor(
    readonly memory: WebAssembly.Memory,
    /** Address of the first value. */
    readonly ptr: number,
    readonly byteLength: number,
    readonly dtype: DType,
  ) {}

  get f32(): Float32Array<ArrayBuffer> {
    return new Float32Array(this.memory.buffer, this.ptr, this.byteLength / 4);
  }

  get u32(): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.memory.buffer, this.ptr, this.byteLength / 4);
  }

  get u16(): Uint16Array<ArrayBuffer> {
    return new Uint16Array(this.memory.buffer, this.ptr, this.byteLength / 2);
  }
}

/** Reads runs of weights as f32, whatever they are stored as. */
export type WeightReader = (start: number, count: number) => Float32Array;

/**
 * What reads `count` values from `start` on. The array it gives is good until it is called again.
 * @param most the largest count there will be
 */
export function weightReader(view: View, most: number): WeightReader {
  const dtype = view.dtype as WeightDType;
  if (!isPacked(dtype)) {
    const all = view.f32;
    return (start, count) => all.subarray(start, start + count);
  }
  const packed = view.u16;
  const wide = new Float32Array(most);
  if (dtype === 'bf16') {
    const bits = new Uint32Array(wide.buffer);
    return (start, count) => {
      for (let i = 0; i < count; i++) bits[i] = packed[start + i]! << 16;
      return wide;
    };
  }
  const table = halfTable();
  return (start, count) => {
    for (let i = 0; i < count; i++) wide[i] = table[packed[start + i]!]!;
    return wide;
  };
}
