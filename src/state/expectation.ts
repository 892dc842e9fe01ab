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
