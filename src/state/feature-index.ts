import type { HeadShares, ScanStatistics } from '../engine/protocol.ts';
import { type KnownWords, wordPlace, wordsOf } from './feature-words.ts';

/** One feature as the list of all shows it. Figures are NaN while nothing has been read, means where it never fired. */
export interface IndexRow {
  feature: number;
  /** Share of the scan's tokens it fires on. */
  rate: number;
  /** Of its activations above 0. */
  mean: number;
  max: number;
  /** Decoder weight on the head that has most of it, or on the chosen one, and that head; NaN and −1 without heads. */
  share: number;
  head: number;
}

export interface IndexFilter {
  minRate: number;
  maxRate: number;
  minMax: number;
  /** Only those that never fired in the scan. */
  dead: boolean;
  /** Part of its words, or of its number; of `searchText`. */
  search: string;
  /** Least share of the decoder weight on the chosen head. */
  minShare: number;
}

/** @param head `null`: of each feature the head that has most of it */
export function indexRows(
  dSae: number,
  statistics: Pick<ScanStatistics, 'count' | 'sum' | 'max' | 'tokens'> | undefined,
  shares: Pick<HeadShares, 'shares' | 'heads'> | undefined,
  head: number | null,
): IndexRow[] {
  const known = statistics && statistics.tokens > 0 ? statistics : undefined;
  return Array.from({ length: dSae }, (_, feature) => {
    const count = known?.count[feature] ?? NaN;
    const row: IndexRow = {
      feature,
      rate: known ? count / known.tokens : NaN,
      mean: known && count > 0 ? known.sum[feature]! / count : NaN,
      max: known?.max[feature] ?? NaN,
      share: NaN,
      head: -1,
    };
    if (shares) {
      const own = shares.shares.subarray(feature * shares.heads, (feature + 1) * shares.heads);
      row.head = head ?? own.reduce((best, share, h) => (share > own[best]! ? h : best), 0);
      row.share = own[row.head] ?? NaN;
    }
    return row;
  });
}

/** What is not known of a feature hides it from no filter but that for words. */
export function filterIndex(
  rows: readonly IndexRow[],
  { minRate, maxRate, minMax, dead, search, minShare }: IndexFilter,
  words: KnownWords,
): IndexRow[] {
  const number = /^#?\d+$/.test(search.trim()) ? search.trim().replace('#', '') : undefined;
  return rows.filter(({ feature, rate, max, share }) => {
    if (rate < minRate || rate > maxRate || max < minMax || share < minShare) return false;
    if (dead && rate !== 0) return false;
    if (search === '') return true;
    if (number !== undefined && String(feature).startsWith(number)) return true;
    return wordPlace(wordsOf(words, feature), search) !== undefined;
  });
}
