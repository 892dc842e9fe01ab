import type { Analysis, FeatureLabel, ScanStatistics } from '../../engine/protocol.ts';
import { arrangeRows, chosenRows, featureRows, rowOf, rowRanges } from '../../state/rows.ts';
import type { ViewState } from '../../state/view-state.ts';

interface Known extends Pick<ViewState, 'selection' | 'active'> {
  search: string;
  analysis: Analysis;
  labels: Readonly<Record<number, FeatureLabel>>;
  statistics?: ScanStatistics;
  dSae: number;
}

/**
 * Features that answer a search, those that are strongest on the chosen tokens first: by what their number begins with, or
 * by a token they fire on most or promote, as far as that is known. Without a search, the strongest.
 */
export function featureMatches(known: Known, most: number): number[] {
  const { analysis, selection, active, labels, statistics, dSae } = known;
  const search = known.search
    .trim()
    .toLowerCase()
    .replace(/^#(?=\d)/, '');
  const row = active === null ? undefined : rowOf(analysis, active);
  const chosen = chosenRows(analysis.tokens.length, row ?? null, rowRanges(analysis, selection));
  const none = { minValue: 0, minDensity: 0, maxDensity: 1, search: '' };
  const firing = arrangeRows(featureRows(analysis.codes, row ?? null, chosen), 'sum', none).map(
    ({ index }) => index,
  );
  if (search === '') return firing.slice(0, most);
  const found = new Set<number>();
  const consider = (feature: number): boolean => {
    const words = [statistics?.topTokens[feature] ?? '', ...(labels[feature]?.promoted ?? [])];
    const fits = /^\d+$/.test(search)
      ? String(feature).startsWith(search)
      : words.some((word) => word.toLowerCase().includes(search));
    if (fits) found.add(feature);
    return found.size >= most;
  };
  if (!firing.some(consider)) {
    for (let feature = 0; feature < dSae; feature++) if (consider(feature)) break;
  }
  return [...found];
}
