import type { Dictionary } from '../../dictionary/dictionary.ts';
import { codeTensors, readCodes, withRoom } from '../../dictionary/room.ts';
import type { SparseCodes } from '../../dictionary/codes.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { embed } from '../../gpu/kernels/embed.ts';
import { matmul } from '../../gpu/kernels/matmul.ts';
import { ownColumns } from '../site.ts';
import type { Turn } from './rows.ts';

/** The part of an activation's row that a dictionary is about. */
export function ownRow(dictionary: Dictionary, row: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const whole = Float32Array.from(row);
  const columns = ownColumns(dictionary);
  return columns ? whole.slice(columns.from, columns.from + columns.count) : whole;
}

export interface EncodedRow {
  /** [d_in] what the input is multiplied by, the token's own scale with it: value = x · direction + constant. */
  direction: Float64Array;
  constant: number;
  /** 0 where the feature does not fire. */
  activation: number;
}

/**
 * One feature on one token.
 * @param x [d_in]
 * @throws FacetError `bad-input` for a feature the dictionary does not have
 */
export async function encodeRow(
  gpu: Gpu,
  dictionary: Dictionary,
  x: Float32Array<ArrayBuffer>,
  feature: number,
  turn: Turn,
): Promise<EncodedRow> {
  return withRoom(dictionary, 1, async () => {
    const [codes, rest] = await turn(async () => {
      const batch = gpu.batch('encode');
      const input = batch.input(x, [1, x.length]);
      const { directions, constants } = dictionary.encoderRows(batch, [feature]);
      const scales = dictionary.inputScales(batch, input);
      const reads = codeTensors(dictionary.encode(batch, input));
      const others = [directions, constants, ...(scales ? [scales] : [])];
      const { arrays } = await batch.submit([...reads, ...others]);
      return [readCodes(arrays.slice(0, reads.length), 1), arrays.slice(reads.length)] as const;
    });
    const scale = rest[2]?.[1] ?? 1;
    const result = {
      direction: Float64Array.from(rest[0]!, (weight) => weight * scale),
      constant: rest[1]![0]!,
      activation: activationOf(codes.codes, feature),
    };
    return { result, read: [codes] };
  });
}

function activationOf({ indices, values }: SparseCodes, feature: number): number {
  const at = indices.indexOf(feature);
  return at < 0 ? 0 : values[at]!;
}

export interface ReconstructedRow {
  codes: SparseCodes;
  /** [d_out] ŷ */
  reconstruction: Float32Array;
  /** [active features] what a functional makes of the row each adds to ŷ for a unit of its activation. */
  effects: Float64Array;
}

/**
 * What a dictionary makes of one token, and what a functional makes of that.
 * @param x [d_in]
 * @param weights [d_out]
 */
export async function reconstructRow(
  gpu: Gpu,
  dictionary: Dictionary,
  x: Float32Array<ArrayBuffer>,
  weights: Float64Array,
  turn: Turn,
): Promise<ReconstructedRow> {
  const found = await withRoom(dictionary, 1, () =>
    turn(async () => {
      const batch = gpu.batch('reconstruct');
      const input = batch.input(x, [1, x.length]);
      const codes = dictionary.encode(batch, input);
      const reads = codeTensors(codes);
      const scales = dictionary.rescales ? dictionary.inputScales(batch, input) : undefined;
      const others = [dictionary.decode(batch, codes, input), ...(scales ? [scales] : [])];
      const { arrays } = await batch.submit([...reads, ...others]);
      const read = readCodes(arrays.slice(0, reads.length), 1);
      const [reconstruction, scale] = arrays.slice(reads.length);
      return { result: { read, reconstruction: reconstruction!, back: scale?.[2] ?? 1 }, read: [read] };
    }),
  );
  const { codes } = found.read;
  const count = codes.indices.length;
  if (count === 0)
    return { codes, reconstruction: found.reconstruction as Float32Array, effects: new Float64Array() };
  const { arrays } = await turn(() => {
    const batch = gpu.batch('effects');
    const ids = batch.input(codes.indices, [count]);
    const rows = embed(batch, { ids, tokens: dictionary.wDec, positionOffset: 0 });
    const functional = batch.input(Float32Array.from(weights), [1, weights.length]);
    return batch.submit([matmul(batch, { x: rows, weights: functional, layout: 'nk' })]);
  });
  return {
    codes,
    reconstruction: found.reconstruction as Float32Array,
    effects: Float64Array.from(arrays[0]!, (effect) => effect * found.back),
  };
}
