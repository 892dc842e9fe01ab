import { bin, extent } from 'd3';
import type { ScanStatistics } from '../../engine/protocol.ts';
import type { Bin } from '../shared/BinsChart.tsx';
import type { TableData } from '../shared/download.ts';

/** What a whole scan says in a few numbers. */
export interface ScanTotals {
  features: number;
  tokens: number;
  /** Mean number of active features per token: Σ count / tokens. */
  l0: number;
  /** Features that fired on none of the tokens. */
  dead: number;
  /** Features that fired, but on a smaller share of the tokens than `RARE`. */
  rare: number;
}

/** Fires on less than this share of tokens: rare. */
export const RARE = 1e-4;

export function scanTotals({ count, tokens }: ScanStatistics): ScanTotals {
  let all = 0;
  let dead = 0;
  let rare = 0;
  for (const fired of count) {
    all += fired;
    if (fired === 0) dead += 1;
    else if (fired < RARE * tokens) rare += 1;
  }
  return { features: count.length, tokens, l0: tokens > 0 ? all / tokens : NaN, dead, rare };
}

/** Bins a decade of the histogram of rates. */
const PER_DECADE = 4;

/** Features by firing rate, in bins of equal width on a log scale; those that never fired are in none. */
export function rateBins({ count, tokens }: ScanStatistics): Bin[] {
  const logs = Array.from(count)
    .filter((fired) => fired > 0)
    .map((fired) => Math.log10(fired / tokens));
  const [low, high] = extent(logs);
  if (low === undefined) return [];
  const first = Math.floor(low * PER_DECADE);
  const last = Math.max(first + 1, Math.ceil(high * PER_DECADE));
  const thresholds = Array.from({ length: last - first - 1 }, (_, i) => (first + 1 + i) / PER_DECADE);
  const made = bin<number, number>()
    .domain([first / PER_DECADE, last / PER_DECADE])
    .thresholds(thresholds)(logs);
  return made.map(({ x0, x1, length }) => ({ low: 10 ** x0!, high: 10 ** x1!, count: length }));
}

export interface FeatureRow {
  feature: number;
  rate: number;
  mean: number;
  max: number;
  top: string;
}

export function featureRows({ count, sum, max, tokens, topTokens }: ScanStatistics): FeatureRow[] {
  return Array.from(count, (fired, feature) => ({
    feature,
    rate: fired / tokens,
    mean: fired > 0 ? sum[feature]! / fired : NaN,
    max: max[feature]!,
    top: topTokens[feature] ?? '',
  }));
}

export const rateTable = (bins: readonly Bin[]): TableData => ({
  columns: ['rate from', 'rate to', 'features'],
  rows: bins.map(({ low, high, count }) => [low, high, count]),
});

export const featureTable = (rows: readonly FeatureRow[]): TableData => ({
  columns: ['feature', 'firing rate', 'mean when firing', 'largest', 'token of the largest'],
  rows: rows.map(({ feature, rate, mean, max, top }) => [
    feature,
    rate,
    Number.isNaN(mean) ? null : mean,
    max,
    top,
  ]),
});
