import { useMemo } from 'react';
import type { Analysis } from '../../engine/protocol.ts';
import {
  arrangeRows,
  type FeatureRow,
  featureOverRows,
  featureRows,
  strongestOverRows,
  tellingOverRows,
} from '../../state/rows.ts';
import { usePage } from '../../state/store.ts';
import type { Tint } from '../../state/view-state.ts';
import { type Choice, useChoice } from '../shared/choice.ts';

export { type Choice, useChoice };

/** Features that fire on the chosen rows, arranged as the view asks. */
export function useFeatureRows(analysis: Analysis, { active, chosen }: Choice): FeatureRow[] {
  const statistics = usePage((state) => state.statistics);
  const { sort, minValue, minDensity, maxDensity } = usePage((state) => state.view);
  const search = usePage((state) => state.search);
  const rows = useMemo(
    () => featureRows(analysis.codes, active ?? null, chosen, statistics),
    [analysis, active, chosen, statistics],
  );
  // One token has one value; sums and means say something about several.
  const several = chosen.filter(Boolean).length > 1;
  const by = sort === 'value' && (several || active === undefined) ? 'sum' : sort;
  return useMemo(
    () => arrangeRows(rows, by, { minValue, minDensity, maxDensity, search: search.trim() }),
    [rows, by, minValue, minDensity, maxDensity, search],
  );
}

/** The number a row is listed with, and its name. */
export function listedValue(
  row: FeatureRow,
  sort: string,
  several: boolean,
): { value: number; name: string } {
  if (sort === 'mean' || sort === 'max' || sort === 'contrast') return { value: row[sort], name: sort };
  return several ? { value: row.sum, name: 'sum' } : { value: row.max, name: 'value' };
}

/** What the tokens are tinted by. */
export interface Tinting {
  what: 'feature' | 'strongest' | 'telling' | 'loss' | 'none';
  /** Set for one feature. */
  feature?: number;
  /** [T] */
  values: Float32Array;
  /** [T] the feature behind each value, −1 for none; absent for loss. */
  features?: Int32Array;
  /** Value at the full end of the scale. */
  max: number;
}

export function useTinting(analysis: Analysis | undefined, peek: number | null): Tinting | undefined {
  const tint = usePage((state) => state.view.tint);
  const opened = usePage((state) => state.view.feature);
  return useMemo(
    () => analysis && makeTinting(analysis, tint, peek ?? opened),
    [analysis, tint, peek, opened],
  );
}

function makeTinting(analysis: Analysis, tint: Tint, feature: number | null): Tinting {
  const rows = analysis.tokens.length;
  if (tint === 'auto' && feature !== null) {
    const values = featureOverRows(analysis.codes, feature);
    return { what: 'feature', feature, values, max: largest(values) };
  }
  if (tint === 'none') return { what: 'none', values: new Float32Array(rows), max: 0 };
  if (tint === 'loss') {
    const values = analysis.loss.map((loss) => (Number.isNaN(loss) ? 0 : loss));
    return { what: 'loss', values, max: largest(values) };
  }
  const what = tint === 'strongest' ? 'strongest' : 'telling';
  const { features, values } = (what === 'telling' ? tellingOverRows : strongestOverRows)(analysis.codes);
  return { what, features, values, max: largest(values) };
}

/** Row 0 is left out: the beginning-of-text token is an outlier that would wash out every other tint. */
function largest(values: Float32Array): number {
  return values.length > 1 ? values.subarray(1).reduce((most, value) => Math.max(most, value), 0) : 0;
}
