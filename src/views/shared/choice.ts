import { useMemo } from 'react';
import type { Analysis } from '../../engine/protocol.ts';
import { chosenRows, rowOf, rowRanges } from '../../state/rows.ts';
import { usePage } from '../../state/store.ts';
import type { PositionRange } from '../../state/view-state.ts';

/** Which rows of an analysis the view is about: pure derivations, so choosing never runs the model. */
export interface Choice {
  /** Row whose prediction is shown; `undefined` when none is chosen, or it lies outside the window. */
  active: number | undefined;
  ranges: readonly PositionRange[];
  /** [T] rows whose features are listed. */
  chosen: readonly boolean[];
}

export function useChoice(analysis: Analysis | undefined): Choice | undefined {
  const position = usePage((state) => state.view.active);
  const selection = usePage((state) => state.view.selection);
  return useMemo(() => {
    if (!analysis) return undefined;
    const active = position === null ? undefined : rowOf(analysis, position);
    const ranges = rowRanges(analysis, selection);
    return { active, ranges, chosen: chosenRows(analysis.tokens.length, active ?? null, ranges) };
  }, [analysis, position, selection]);
}
