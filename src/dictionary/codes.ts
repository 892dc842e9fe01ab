import type { Tensor } from '../gpu/tensor.ts';

/** Index that marks an unused place in the padded form. */
export const PADDING = 0xffffffff;

/** Sparse activations on the GPU, padded to the same width for every token: what kernels write and read. */
export interface GpuCodes {
  /** [T, k] u32, PADDING where unused */
  indices: Tensor;
  /** [T, k] f32, 0 where unused */
  values: Tensor;
}

/** Sparse activations of T tokens, row-compressed: token t has the entries offsets[t] ≤ i < offsets[t + 1]. */
export interface SparseCodes {
  /** [T + 1], starting at 0 */
  offsets: Uint32Array<ArrayBuffer>;
  /** Features, each token's in the order the encoder gave: strongest first */
  indices: Uint32Array<ArrayBuffer>;
  /** Their activations, above 0 */
  values: Float32Array<ArrayBuffer>;
}

/**
 * Drops the padding of codes that were read back.
 * @param indices [rows, k] with PADDING where unused
 * @param values [rows, k]
 * @throws RangeError when the arrays do not fill the rows evenly
 */
export function toSparseCodes(indices: Uint32Array, values: Float32Array, rows: number): SparseCodes {
  const k = rows === 0 ? 0 : indices.length / rows;
  if (indices.length !== values.length || !Number.isInteger(k) || (rows === 0 && indices.length > 0)) {
    throw new RangeError(`${indices.length} indices and ${values.length} values do not fill ${rows} rows`);
  }
  const offsets = new Uint32Array(rows + 1);
  const used = indices.reduce((count, index) => count + (index === PADDING ? 0 : 1), 0);
  const codes = { offsets, indices: new Uint32Array(used), values: new Float32Array(used) };
  let entry = 0;
  for (let row = 0; row < rows; row++) {
    for (let i = row * k; i < (row + 1) * k; i++) {
      if (indices[i] === PADDING) continue;
      codes.indices[entry] = indices[i]!;
      codes.values[entry] = values[i]!;
      entry += 1;
    }
    offsets[row + 1] = entry;
  }
  return codes;
}

/**
 * The padded form, for codes that were edited in JavaScript and go back to the GPU.
 * @param k places per token
 * @throws RangeError when a token has more than k features
 */
export function toPaddedCodes(
  codes: SparseCodes,
  k: number,
): { indices: Uint32Array<ArrayBuffer>; values: Float32Array<ArrayBuffer> } {
  const rows = codes.offsets.length - 1;
  const indices = new Uint32Array(rows * k).fill(PADDING);
  const values = new Float32Array(rows * k);
  for (let row = 0; row < rows; row++) {
    const [from, to] = [codes.offsets[row]!, codes.offsets[row + 1]!];
    if (to - from > k) throw new RangeError(`token ${row} has ${to - from} features, more than ${k}`);
    indices.set(codes.indices.subarray(from, to), row * k);
    values.set(codes.values.subarray(from, to), row * k);
  }
  return { indices, values };
}
