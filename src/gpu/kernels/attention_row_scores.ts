import source from '../../shaders/attention_row_scores.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const attentionRowScoresKernel = defineKernel({
  name: 'attention_row_scores',
  source,
  dims: { n_rows: 'u32', n_measures: 'u32' },
  tensors: { pattern: 'read', marks: 'read', rise: 'read', measures: 'read', sums: 'write' },
  overrides: { wg: 32 },
});

/** What an attended key counts: 1, its distance t − s, −log₂ of the attention it gets, or the host's number for it. */
export const FACTORS = { one: 0, distance: 1, surprise: 2, rise: 3 } as const;
export type Factor = keyof typeof FACTORS;

/** Bits a mark may have, and measures a call may ask for. */
export const MOST_MEASURES = 32;
const EVERY = 32;

export interface Measure {
  /** Keys that count: those whose mark has this bit; `all` without. */
  keys: number | 'all';
  factor: Factor;
}

/**
 * What every query of every head gives to kinds of keys: Σ_{s ≤ t} A[h, t, s] · factor over marked keys, a number a
 * measure, so that no pattern is read back.
 * @param pattern [H, T, T] as `attentionPattern` gives it
 * @param marks [T, T] u32; bit b of entry (t, s): key s is of kind b to query t. s > t is never looked at
 * @param rise [H, T] f32, for the factor of that name
 * @param measures 1 … 32 of them
 * @returns scratch [H, T, measures]
 * @throws FacetError `bug` when the shapes do not fit
 */
export function attentionRowScores(
  batch: Batch,
  {
    pattern,
    marks,
    rise,
    measures,
  }: { pattern: Tensor; marks: Tensor; rise?: Tensor; measures: readonly Measure[] },
): Tensor {
  const [nHeads = 0, nRows = 0, nKeys] = pattern.shape;
  const fits =
    pattern.shape.length === 3 &&
    nKeys === nRows &&
    marks.dtype === 'u32' &&
    marks.shape.join() === `${nRows},${nRows}` &&
    (!rise || rise.shape.join() === `${nHeads},${nRows}`) &&
    (rise !== undefined || measures.every(({ factor }) => factor !== 'rise'));
  const known = measures.every(({ keys }) => keys === 'all' || (keys >= 0 && keys < MOST_MEASURES));
  if (!fits || !known || measures.length === 0 || measures.length > MOST_MEASURES)
    throw shapeError('attention_row_scores', `cannot take ${measures.length} measures`, { pattern, marks });
  const words = measures.flatMap(({ keys, factor }) => [keys === 'all' ? EVERY : keys, FACTORS[factor]]);
  const list = batch.input(Uint32Array.from(words), [measures.length, 2]);
  const sums = batch.scratch([nHeads, nRows, measures.length]);
  batch.run(attentionRowScoresKernel, {
    dims: { n_rows: nRows, n_measures: measures.length },
    // Without it nothing asks for it, but a binding needs a buffer.
    tensors: { pattern, marks, rise: rise ?? pattern, measures: list, sums },
    groups: [nRows, nHeads],
    cost: {
      flops: nHeads * nRows * nRows * measures.length,
      bytes: 2 * nRows * nRows * (nHeads + 1) + sums.byteLength,
    },
  });
  batch.release(list);
  return sums;
}
