import type { Analysis } from '../engine/protocol.ts';
import { rowOf } from './rows.ts';
import type { ViewState } from './view-state.ts';

type Expectation = NonNullable<ViewState['expect']>;

/** What a link says its reader should see: the strongest feature at a position, rounded as links keep it. */
export function expectation(analysis: Analysis, position: number): Expectation | undefined {
  const { codes } = analysis;
  const row = rowOf(analysis, position);
  const at = row === undefined ? undefined : codes.offsets[row];
  if (row === undefined || at === undefined || at >= (codes.offsets[row + 1] ?? 0)) return undefined;
  return { position, feature: codes.indices[at]!, value: Number(codes.values[at]!.toFixed(5)) };
}

/** Whether the expected feature has the expected value there, to 1e-4 of the larger of 1 and the value. */
export function agrees(analysis: Analysis, { position, feature, value }: Expectation): boolean {
  const { codes } = analysis;
  const row = rowOf(analysis, position);
  if (row === undefined) return false;
  for (let e = codes.offsets[row] ?? 0; e < (codes.offsets[row + 1] ?? 0); e++) {
    if (codes.indices[e] === feature)
      return Math.abs(codes.values[e]! - value) <= 1e-4 * Math.max(1, Math.abs(value));
  }
  return false;
}

/** What a link says of the numbers it was made with. */
export type Promised = Pick<ViewState, 'modelDigest' | 'dictionaryDigest' | 'expect'>;

/** What of it an analysis does not keep, in words for the visitor. */
export function broken({ modelDigest, dictionaryDigest, expect }: Promised, analysis: Analysis): string[] {
  const notes: string[] = [];
  if (modelDigest && modelDigest !== analysis.modelDigest)
    notes.push('The link was made with other model weights; its numbers may differ.');
  if (dictionaryDigest && dictionaryDigest !== analysis.dictionaryDigest)
    notes.push('The link was made with another dictionary; its numbers may differ.');
  if (notes.length === 0 && expect && !agrees(analysis, expect))
    notes.push('The numbers here differ from those the link was made with.');
  return notes;
}
