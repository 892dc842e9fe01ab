import type { GpuCodes, SparseCodes } from '../dictionary/codes.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { codeTensors, readCodes, withRoom } from '../dictionary/room.ts';
import type { Batch } from '../gpu/batch.ts';
import type { Transformer } from '../model/transformer.ts';
import { ownActivation } from './site.ts';

/**
 * Most rows of one pass. A GPU needs about a thousand to be busy. Where the processor does its work, longer passes are no
 * faster (`bench/pack.bench-gpu.ts`), and shorter ones can be stopped sooner.
 */
const MOST_ROWS = 1024;
const MOST_ROWS_SOFTWARE = 256;
/** Most bytes of the widest activation of a pass; a pass holds a few of them at once. */
const MOST_BYTES = 2 ** 25;

/** Codes of the sequences of one pass, on the GPU. */
export interface PackedCodes {
  /** [rows, k] */
  codes: GpuCodes;
  rows: number;
  /** Number of the first sequence; the others follow it. */
  first: number;
  /** First row of each sequence. */
  starts: Uint32Array<ArrayBuffer>;
}

/** Rows that fit one pass: a sequence longer than that is a pass of its own. */
export function rowsOfPass(model: Transformer, dictionary: Pick<Dictionary, 'room'>): number {
  const { dModel, nHeads, nKvHeads, dHead, dMlp, gated } = model.config;
  const widest = Math.max(dModel, (nHeads + 2 * nKvHeads) * dHead, (gated ? 2 : 1) * dMlp, dictionary.room);
  const bytes = Math.min(MOST_BYTES, model.gpu.largestTensorBytes);
  const most = model.gpu.adapter.software ? MOST_ROWS_SOFTWARE : MOST_ROWS;
  return Math.max(1, Math.min(most, Math.floor(bytes / (4 * widest))));
}

/**
 * Shares sequences out over passes, in order, as many in each as fit.
 * @returns of each pass, the number of its first sequence and the lengths of all
 */
export function packInOrder(
  lengths: readonly number[],
  mostRows: number,
): { first: number; lengths: number[] }[] {
  const passes: { first: number; lengths: number[] }[] = [];
  let rows = Infinity;
  lengths.forEach((length, i) => {
    if (rows + length > mostRows) {
      passes.push({ first: i, lengths: [] });
      rows = 0;
    }
    passes.at(-1)!.lengths.push(length);
    rows += length;
  });
  return passes;
}

/**
 * Records the passes of several sequences, several in each, up to the dictionary's hook, and encodes them. A token's features
 * depend on its own sequence only, whatever shares its pass: no architecture looks at other rows when it encodes.
 * @param sequences of 1 … nCtx ids each, what is read before a text included
 * @returns scratch of the batch, for the caller to release; in order
 * @throws FacetError `bad-input` for a sequence that is empty or too long
 */
export function recordSequences(
  batch: Batch,
  model: Transformer,
  dictionary: Dictionary,
  sequences: readonly Uint32Array<ArrayBuffer>[],
  mostRows = rowsOfPass(model, dictionary),
): PackedCodes[] {
  const passes = packInOrder(
    sequences.map(({ length }) => length),
    mostRows,
  );
  return passes.map(({ first, lengths }) => {
    const rows = lengths.reduce((sum, length) => sum + length, 0);
    const ids = new Uint32Array(rows);
    const starts = new Uint32Array(lengths.length);
    let row = 0;
    lengths.forEach((length, i) => {
      starts[i] = row;
      ids.set(sequences[first + i]!, row);
      row += length;
    });
    // One sequence is read as ever, without the cost of a mask made for it.
    const segments = starts.length > 1 ? { segments: starts } : {};
    const { captures } = model.record(batch, { ids, captures: [dictionary.hook], ...segments });
    const activation = captures.get(dictionary.hook)!;
    const own = ownActivation(batch, dictionary, activation);
    const codes = dictionary.encode(batch, own);
    batch.release(activation, own);
    return { codes, rows, first, starts };
  });
}

/**
 * Sparse codes of several sequences: one submission, one readback, and again if there was no room for all features.
 * @param options.mostRows of a pass; default `rowsOfPass`
 * @returns of each sequence, in order
 * @throws FacetError `bad-input`, `device-lost`, `limits`
 */
export async function encodeSequences(
  model: Transformer,
  dictionary: Dictionary,
  sequences: readonly Uint32Array<ArrayBuffer>[],
  { mostRows }: { mostRows?: number } = {},
): Promise<SparseCodes[]> {
  if (sequences.length === 0) return [];
  const longest = sequences.reduce((most, { length }) => Math.max(most, length), 0);
  return withRoom(dictionary, Math.max(longest, mostRows ?? rowsOfPass(model, dictionary)), async () => {
    const batch = model.gpu.batch('sequences');
    try {
      const passes = recordSequences(batch, model, dictionary, sequences, mostRows);
      const tensors = passes.map(({ codes }) => codeTensors(codes));
      const { arrays } = await batch.submit(tensors.flat());
      let next = 0;
      const read = passes.map(({ rows }, i) => {
        const own = arrays.slice(next, next + tensors[i]!.length);
        next += own.length;
        return readCodes(own, rows);
      });
      return { result: read.flatMap(({ codes }, i) => splitCodes(codes, passes[i]!.starts)), read };
    } catch (thrown) {
      batch.discard();
      throw thrown;
    }
  });
}

/** @param starts first row of each sequence */
export function splitCodes({ offsets, indices, values }: SparseCodes, starts: Uint32Array): SparseCodes[] {
  return Array.from(starts, (start, i) => {
    const end = starts[i + 1] ?? offsets.length - 1;
    const [from, to] = [offsets[start]!, offsets[end]!];
    return {
      offsets: offsets.slice(start, end + 1).map((offset) => offset - from),
      indices: indices.slice(from, to),
      values: values.slice(from, to),
    };
  });
}
