import type { Tensor } from '../gpu/tensor.ts';

/** Index that marks an unused place in the padded form. */
export const PADDING = 0xffffffff;

/**
 * Sparse activations on the GPU, padded to the same width for every token: what kernels write and read. Features and
 * padding come in the order that suits the encoder; `toSparseCodes` sorts.
 */
export interface GpuCodes {
  /** [T, k] u32, PADDING where unused */
  indices: Tensor;
  /** [T, k] f32, 0 where unused */
  values: Tensor;
  /** [T] u32 features that are active, where that may be more than the k there is room for. */
  counts?: Tensor;
}

/** Sparse activations of T tokens, row-compressed: token t has the entries offsets[t] ≤ i < offsets[t + 1]. */
export interface SparseCodes {
  /** [T + 1], starting at 0 */
  offsets: Uint32Array<ArrayBuffer>;
  /** Features, each token's strongest first, equal ones by number */
  indices: Uint32Array<ArrayBuffer>;
  /** Their activations, above 0 */
  values: Float32Array<ArrayBuffer>;
}

/**
 * Drops the padding of codes that were read back, and sorts what the encoder did not.
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
  const used = indices.reduce((count, index, i) => count + (isUsed(index, values[i]!) ? 1 : 0), 0);
  const codes = { offsets, indices: new Uint32Array(used), values: new Float32Array(used) };
  let entry = 0;
  for (let row = 0; row < rows; row++) {
    for (let i = row * k; i < (row + 1) * k; i++) {
      if (!isUsed(indices[i]!, values[i]!)) continue;
      codes.indices[entry] = indices[i]!;
      codes.values[entry] = values[i]!;
      entry += 1;
    }
    offsets[row + 1] = entry;
    sortRow(codes, offsets[row]!, entry);
  }
  return codes;
}

/** A place may also hold a feature that turned out not to be active. */
function isUsed(index: number, value: number): boolean {
  return index !== PADDING && value > 0;
}

/** Strongest first, ties by lowest feature; nothing to do for encoders that rank. */
function sortRow({ indices, values }: Omit<SparseCodes, 'offsets'>, from: number, to: number): void {
  const inOrder = (a: number, b: number): boolean =>
    values[a]! > values[b]! || (values[a] === values[b] && indices[a]! < indices[b]!);
  let sorted = true;
  for (let i = from + 1; i < to && sorted; i++) sorted = inOrder(i - 1, i);
  if (sorted) return;
  const order = Array.from({ length: to - from }, (_, i) => from + i).sort((a, b) =>
    inOrder(a, b) ? -1 : 1,
  );
  const [ownIndices, ownValues] = [order.map((i) => indices[i]!), order.map((i) => values[i]!)];
  indices.set(ownIndices, from);
  values.set(ownValues, from);
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
